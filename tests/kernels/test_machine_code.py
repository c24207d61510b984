"""Machine code on disk: read only whole and from trusted hands; whatever happens to it, kernels run."""

from __future__ import annotations

import errno
import os
import random
import stat
import subprocess
import sys
import tempfile
import threading
import warnings
from pathlib import Path

import pytest
from numba.core import config

from minicnn.errors import CacheWarning
from minicnn.kernels.machine_code import compile as compiling
from minicnn.kernels.machine_code import files as machine_code
from minicnn.kernels.machine_code.compile import current_generation, kernel
from minicnn.kernels.machine_code.survey import survey
from minicnn.kernels.machine_code.trust import CacheError, check_folder
from tests.kernels.cache_damages import DAMAGES, flip_bits, kept_files

NOBODY = 65534


def add_one(x):
    return x + 1


def start():
    """What a new process does with a kernel: 1 if its machine code came from the cache, 0 if it was compiled."""
    check_folder.cache_clear()
    machine_code._note_use.cache_clear()
    machine_code.remove_unused.cache_clear()
    compiled = kernel(add_one)
    assert compiled(1) == 2
    return sum(compiled.stats.cache_hits.values())


@pytest.fixture
def home(monkeypatch, tmp_path):
    """A cache of its own, in which nothing has been told yet."""
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(machine_code, "_told", set())
    return tmp_path


@pytest.fixture
def filled(home):
    """The same with the kernel's file in it: the file."""
    start()
    (path,) = kept_files(home)
    return path


def give_away(path, monkeypatch):
    """Let something belong to another user: root can do that, anybody else becomes another user."""
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: NOBODY)


def test_the_second_start_compiles_nothing(home):
    assert (start(), start()) == (0, 1)


@pytest.mark.parametrize("kind", [kind for kind in DAMAGES if kind not in ("remove", "put_folder")])
def test_a_damaged_file_is_replaced_and_told_once(filled, kind):
    DAMAGES[kind](filled, random.Random(0))
    with pytest.warns(CacheWarning, match="kernels are compiled again: ") as told:
        assert start() == 0
    assert str(filled) in str(told.list[0].message)
    assert (start(), len(told)) == (1, 1)
    flip_bits(filled, random.Random(0))
    assert start() == 0, "and nothing is told a second time, or this warning were an error"


def test_a_folder_in_place_of_a_file_is_left_alone(filled):
    DAMAGES["put_folder"](filled, random.Random(0))
    with pytest.warns(CacheWarning) as told:
        assert start() == 0
    first, second = (str(warning.message) for warning in told)
    assert first == f"kernels are compiled again: {filled} is not a file; rm -r {filled}"
    assert second.startswith("compiled kernels are not kept: ")
    assert os.listdir(filled.parent) == [filled.name], "no part is left"


@pytest.mark.parametrize("kind", [kind for kind in DAMAGES if kind not in ("remove", "put_folder")])
def test_no_damaged_byte_is_unpickled(filled, kind, monkeypatch):
    unpickled = []
    monkeypatch.setattr(compiling.serialize, "loads", unpickled.append)
    DAMAGES[kind](filled, random.Random(1))
    with pytest.warns(CacheWarning):
        start()
    assert unpickled == []


def test_every_cut_and_every_changed_byte_is_seen(tmp_path):
    path = tmp_path / "generation" / "kernel.nbc"
    machine_code.write(path, b"0123456789")
    sound = path.read_bytes()
    assert machine_code.read(path) == b"0123456789"
    wrong = [sound[:length] for length in range(len(sound))] + [sound + b"\0"]
    wrong += [sound[:place] + bytes([sound[place] ^ 1]) + sound[place + 1 :] for place in range(len(sound))]
    for content in wrong:
        path.write_bytes(content)
        with pytest.raises(CacheError):
            machine_code.read(path)


def test_the_file_of_another_kernel_or_generation_is_seen(tmp_path):
    path = tmp_path / "generation" / "kernel.nbc"
    machine_code.write(path, b"code")
    for other in (tmp_path / "generation" / "other.nbc", tmp_path / "another" / "kernel.nbc"):
        machine_code.write(other, b"other code")
        other.write_bytes(path.read_bytes())
        with pytest.raises(CacheError, match="is damaged"):
            machine_code.read(other)


def test_a_huge_file_is_not_read_into_memory(filled):
    os.truncate(filled, 1 << 40)
    with pytest.warns(CacheWarning, match="is damaged"):
        assert start() == 0
    assert start() == 1


def test_machine_code_that_cannot_be_unpickled(filled, monkeypatch):
    def loads(payload):
        raise ModuleNotFoundError("No module named 'numba.gone'")

    monkeypatch.setattr(compiling.serialize, "loads", loads)
    with pytest.warns(CacheWarning, match="compiled again: ModuleNotFoundError: No module named"):
        assert start() == 0


def test_a_file_that_cannot_be_read(filled, monkeypatch):
    def refuse(path, flags):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)

    monkeypatch.setattr(machine_code, "_open_itself", refuse)
    with pytest.warns(CacheWarning, match=f"again: {filled}: Permission denied"):
        assert start() == 0


@pytest.mark.parametrize(
    ("module", "name", "number"),
    [
        (Path, "mkdir", errno.EROFS),
        (Path, "mkdir", errno.EACCES),
        (tempfile, "mkstemp", errno.ENOSPC),
        (tempfile, "mkstemp", errno.ENOENT),
        (machine_code, "open", errno.ENOSPC),
        (machine_code, "open", errno.EDQUOT),
        (os, "replace", errno.EIO),
        (os, "replace", errno.ENOENT),
    ],
)
def test_what_cannot_be_written_is_not_kept(home, monkeypatch, module, name, number):
    def refuse(first, *arguments, **settings):
        if settings.get("opener"):  # to be read
            return open(first, *arguments, **settings)
        raise OSError(number, os.strerror(number), "the disk")

    monkeypatch.setattr(module, name, refuse, raising=False)
    with pytest.warns(CacheWarning, match=f"compiled kernels are not kept: {home}.*: {os.strerror(number)}") as told:
        assert (start(), len(told)) == (0, 1)
    assert not [path for path in home.rglob("*") if path.is_file()], "no part is left"


def start_on_a_full_disk():
    resource = pytest.importorskip("resource", reason="limits on files are a Unix thing")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        return start()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk(home):
    with pytest.warns(CacheWarning, match="compiled kernels are not kept: .*File too large"):
        assert start_on_a_full_disk() == 0
    assert (start(), start()) == (0, 1)


def test_a_cache_that_vanishes_is_made_again(filled, home):
    filled.unlink()
    filled.parent.rmdir()
    filled.parent.parent.rmdir()
    assert (start(), start()) == (0, 1)


def test_no_home_folder(monkeypatch, home):
    def nowhere():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(config, "CACHE_DIR", "")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(Path, "home", nowhere)
    with pytest.warns(CacheWarning, match="there is no home folder to keep machine code in; set NUMBA_CACHE_DIR") as told:
        assert (start(), len(told)) == (0, 1)


def test_a_filter_that_makes_warnings_errors_stops_nothing(filled):
    flip_bits(filled, random.Random(0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert start() == 0


@pytest.mark.parametrize("level", [0, 1, 2])
def test_what_belongs_to_others_is_not_used(filled, level, monkeypatch):
    """The file, its generation's folder, the cache folder."""
    path = [filled, *filled.parents][level]
    before = filled.read_bytes()
    give_away(path, monkeypatch)
    with pytest.warns(CacheWarning, match=f"belongs to user .*; set NUMBA_CACHE_DIR to a folder of your own, or rm -r {path}$") as told:
        assert (start(), len(told)) == (0, 1)
    if level:
        assert (filled.read_bytes(), os.listdir(filled.parent)) == (before, [filled.name]), "nor is anything written there"


@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize("bit", [stat.S_IWGRP, stat.S_IWOTH])
def test_what_others_may_write_to_is_not_used(filled, level, bit):
    path = [filled, *filled.parents][level]
    path.chmod(path.stat().st_mode | bit)
    with pytest.warns(CacheWarning, match=f"others may write to {path}; chmod -R go-w {path}$") as told:
        assert (start(), len(told)) == (0, 1)
    if level:
        path.chmod(path.stat().st_mode & ~bit)
    assert start() == 1, "after the fix, or a file replaced"


def test_a_link_of_others_on_the_way_is_not_followed(filled, home, tmp_path, monkeypatch):
    """It may lead to a folder of this user that somebody else has filled."""
    (tmp_path / "shared").symlink_to(home)
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path / "shared"))
    assert start() == 1
    real = Path.lstat

    def lstat(path):
        status = list(real(path))
        return os.stat_result([*status[:4], NOBODY - 1, *status[5:]]) if path.name == "shared" else real(path)

    monkeypatch.setattr(Path, "lstat", lstat)
    with pytest.warns(CacheWarning, match=f"shared belongs to user {NOBODY - 1}"):
        assert start() == 0


def test_folders_are_for_this_user_alone(home):
    os.umask(before := os.umask(0))
    os.umask(0)
    try:
        start()
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in home.rglob("*")}
    assert modes == {0o700, 0o600}


def test_two_versions_keep_their_code_side_by_side(home, monkeypatch):
    def start_as(version):
        monkeypatch.setattr(compiling, "source_stamp", lambda: version)
        compiling.generation.cache_clear()
        return start()

    try:
        assert [start_as(version) for version in ("old", "new", "old", "new")] == [0, 0, 1, 1]
    finally:
        compiling.generation.cache_clear()


def test_each_cpu_has_its_own_code(home):
    class Codegen:
        def __init__(self, *target):
            self.magic_tuple = lambda: ("x86_64-unknown-linux-gnu", *target)

    cache = compiling._KernelCache(add_one)
    paths = {cache._path((), Codegen(*target)).parent for target in (("skylake", "+avx2"), ("znver4", "+avx512f"), ("znver4", "+avx2"))}
    assert len(paths) == 3


def test_generations_that_nobody_uses_are_removed(home, tmp_path):
    cache = tmp_path / "minicnn"
    for number in range(30):
        (cache / f"{number:016x}").mkdir(0o700, parents=True)
        (cache / f"{number:016x}" / "kernel.nbc").touch()
        os.utime(cache / f"{number:016x}", (0, 1000 + number))
    assert machine_code.read(cache / f"{3:016x}" / "unknown.nbc") is None  # used again
    (cache / "notes").mkdir()
    (cache / "notes" / "kernel.nbc").write_bytes(b"not ours")
    start()
    left = {path.name for path in machine_code.generations(cache)}
    assert len(left) == machine_code.MOST_GENERATIONS
    assert {current_generation(), f"{3:016x}", f"{29:016x}"} < left
    assert (cache / "notes" / "kernel.nbc").exists()


def test_parts_of_killed_writers_are_removed_after_a_day(filled):
    old, fresh = (filled.parent / name for name in (".killed.part", ".at-work.part"))
    old.touch()
    os.utime(old, (0, 0))
    fresh.touch()
    filled.unlink()
    start()
    assert set(os.listdir(filled.parent)) == {filled.name, fresh.name}


def test_writers_and_readers_at_once_see_whole_files(tmp_path):
    path = tmp_path / "generation" / "kernel.nbc"
    payloads = [bytes([number]) * (50_000 * number) for number in range(1, 4)]
    machine_code.write(path, payloads[0])
    seen = set()

    def write(payload):
        for _ in range(50):
            machine_code.write(path, payload)

    writers = [threading.Thread(target=write, args=(payload,)) for payload in payloads]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        seen.add(machine_code.read(path))
    for writer in writers:
        writer.join()
    assert seen <= set(payloads)
    assert os.listdir(path.parent) == [path.name]


def test_two_processes_compile_the_same_kernel_at_once(home):
    program = "from tests.kernels.test_machine_code import start; print(start())"
    environment = os.environ | {"NUMBA_CACHE_DIR": str(home)}
    command = [sys.executable, "-W", "error", "-c", program]
    root = Path(__file__).parents[2]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=root) for _ in range(2)]
    assert all(process.communicate()[0].strip() in ("0", "1") and process.returncode == 0 for process in both)
    assert start() == 1
    assert len(kept_files(home)) == 1


def test_the_survey_counts_what_is_there(filled, home):
    generation = filled.parent
    sound = survey(generation.name)
    assert sound == (home / "minicnn", "", "", 1, filled.stat().st_size, 0, 0, 0, 0)
    machine_code.write(generation / "damaged.nbc", b"code")
    (generation / "damaged.nbc").write_bytes(b"")
    machine_code.write(generation / "open.nbc", b"code")
    (generation / "open.nbc").chmod(0o666)
    machine_code.write(home / "minicnn" / "0123456789abcdef" / "stale.nbc", b"code")
    found = survey(generation.name)
    assert (found.kernels, found.damaged, found.distrusted, found.stale) == (1, 1, 1, 1)
    assert found.stale_bytes == (home / "minicnn" / "0123456789abcdef" / "stale.nbc").stat().st_size
    assert not found.obstacle


def test_the_survey_says_why_nothing_can_be_kept(filled, home, monkeypatch):
    filled.parent.chmod(0o777)
    check_folder.cache_clear()
    assert survey(filled.parent.name)[1:3] == (f"others may write to {filled.parent}", f"chmod -R go-w {filled.parent}")
    filled.parent.chmod(0o700)

    def full(**settings):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    assert survey(filled.parent.name).obstacle == f"{filled.parent}: No space left on device"
