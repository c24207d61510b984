"""Files as nobody should write them are read or refused in our own words: no traceback, no hang, no huge allocation.

A sample; the stress command runs ten thousand of each kind.
"""

import signal
from pathlib import Path

import pytest

from .changed_data import good_folder
from .mutations import KINDS, Files, outcome

STATM = Path("/proc/self/statm")
SECONDS = 20  # for one file; the slowest takes half a second


class LateError(BaseException):
    """Nobody catches it."""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return Files(tmp_path_factory.mktemp("mutations"))


@pytest.fixture
def address_space():
    """At most 4 GiB more than now, where the system says how much that is."""
    if not STATM.exists():
        yield
        return
    import resource

    used = int(STATM.read_text().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + (4 << 30), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.mark.parametrize("kind", KINDS)
def test_good_files_are_read(files, kind):
    if kind == "folder":
        good_folder(files.folder / "pictures")
        assert outcome(kind, files.folder / "pictures") == "read"
        return
    for path in files.mutated(kind, seed=0, count=1):
        for name, content in files.good[kind]:
            path.with_name(name).write_bytes(content)
            assert outcome(kind, path.with_name(name)) == "read", name


@pytest.mark.parametrize("kind", KINDS)
def test_mutated_files_are_read_or_refused(files, kind, address_space):
    def late(*_):
        raise LateError(f"{kind} {len(outcomes)}: not done after {SECONDS} s")

    before = signal.signal(signal.SIGALRM, late)
    outcomes = []
    try:
        for path in files.mutated(kind, seed=0, count=100):
            signal.alarm(SECONDS)
            outcomes.append(outcome(kind, path))
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    least = {"history": 0, "folder": 2}.get(kind, 5)  # what cannot be read of a folder is left out, and the rest read
    assert len(set(outcomes)) > least  # most mutations come as far as a check of their own
