"""Too little address space to compile: refused in words, with the number that is enough, where LLVM would end the process."""

import re
import subprocess
import sys

import pytest

from minicnn.errors import DeviceError
from minicnn.kernels.machine_code import address_space
from minicnn.kernels.machine_code.address_space import MIB, check_address_space

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems do not say how much is taken")


def train(folder, kibibytes):
    """Train in a process of its own with a limit, nothing compiled before."""
    program = (
        f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({kibibytes * 1024},) * 2); from minicnn.cli.main import main;"
        f" main(['train', 'lenet', '--epochs', '1', '--quiet', '--out', 'run'])"
    )
    return subprocess.run(
        [sys.executable, "-c", f"import os; os.environ['NUMBA_CACHE_DIR'] = {str(folder)!r}; {program}"],
        cwd=folder,
        capture_output=True,
        text=True,
    )


@LINUX
def test_training_looks_before_it_compiles_and_the_number_it_gives_is_enough(tmp_path):
    refused = train(tmp_path, 400_000)
    assert (refused.returncode, refused.stdout) == (1, "")
    first, advice = refused.stderr.splitlines()
    assert re.fullmatch(r"Error: compiling needs up to \d+ MiB of address space, but this process may take 390", first)
    assert not (tmp_path / "run").exists()
    enough = int(re.fullmatch(r"  raise the limit, as in: ulimit -v (\d+)", advice)[1])
    done = train(tmp_path, enough)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("test accuracy ")


@pytest.mark.parametrize(("limit", "taken"), [(None, 100 * MIB), (100 * MIB, None), (None, None), (9000 * MIB, 100 * MIB)])
def test_without_a_limit_or_with_room_nothing_is_said(monkeypatch, limit, taken):
    monkeypatch.setattr(address_space, "address_space_limit", lambda: limit)
    monkeypatch.setattr(address_space, "address_space_taken", lambda: taken)
    check_address_space()


def test_what_is_taken_counts(monkeypatch):
    monkeypatch.setattr(address_space, "address_space_limit", lambda: 9000 * MIB)
    monkeypatch.setattr(address_space, "address_space_taken", lambda: 8900 * MIB)
    with pytest.raises(DeviceError, match=r"^compiling needs up to \d+ MiB of address space, but this process may take 9000\n"):
        check_address_space()
