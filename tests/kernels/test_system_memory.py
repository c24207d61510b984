"""What is free: told from files as Linux writes them, of the machine, of control groups of both kinds, and of the process."""

import sys

import pytest

from minicnn.kernels import system_memory

resource = pytest.importorskip("resource", reason="Windows has no such limits")
GIB = 1 << 30


@pytest.fixture
def system(monkeypatch, tmp_path):
    """An empty /proc and /sys/fs/cgroup; writes files below them."""
    monkeypatch.setattr(system_memory, "PROC", tmp_path / "proc")
    monkeypatch.setattr(system_memory, "CONTROL_GROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(system_memory, "memory_bytes", lambda: 64 * GIB)
    system_memory._groups.cache_clear()

    def write(**files):
        for name, text in files.items():
            path = tmp_path.joinpath(*name.split("__"))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    yield write
    system_memory._groups.cache_clear()


def test_nothing_to_ask(system):
    assert system_memory.free_bytes() == 64 * GIB


def test_machine(system):
    system(proc__meminfo="MemTotal: 67108864 kB\nMemFree: 1024 kB\nMemAvailable: 2097152 kB\nHugePages_Total: 0\n")
    assert system_memory.free_bytes() == 2 * GIB


def test_control_group(system, tmp_path):
    system(proc__meminfo="MemAvailable: 20971520 kB\n", proc__self__cgroup="0::/user/job\n", cgroup__user__job__x="")
    for folder, limit in (("cgroup/user", 3 * GIB), ("cgroup/user/job", "max"), ("cgroup", 90 * GIB)):
        place = tmp_path / folder
        (place / "memory.max").write_text(f"{limit}\n")
        (place / "memory.current").write_text(f"{2 * GIB}\n")
        (place / "memory.stat").write_text(f"anon 5\nactive_file {GIB // 4}\ninactive_file {GIB // 4}\n")
    assert system_memory.free_bytes() == GIB + GIB // 2  # of the outer group: files' copies can be given up


def test_container_that_sees_itself_as_the_root(system):
    system(proc__self__cgroup="0::/docker/0123\n", **{"cgroup__memory.max": f"{GIB}", "cgroup__memory.current": f"{GIB // 2}"})
    assert system_memory.free_bytes() == GIB // 2


def test_control_group_of_the_first_kind(system):
    system(
        proc__self__cgroup="5:cpu:/\n4:cpuset,memory:/job\n0::/\n",
        **{
            "cgroup__memory__job__memory.limit_in_bytes": f"{2 * GIB}",
            "cgroup__memory__job__memory.usage_in_bytes": f"{2 * GIB}",
            "cgroup__memory__job__memory.stat": f"inactive_file 1\ntotal_inactive_file {GIB}\n",
            "cgroup__memory__memory.limit_in_bytes": "9223372036854771712",
        },
    )
    assert system_memory.free_bytes() == GIB


def test_used_up(system):
    system(proc__self__cgroup="0::/\n", **{"cgroup__memory.max": "1000", "cgroup__memory.current": "1005"})
    assert system_memory.free_bytes() == 0


def test_odd_files(system):
    system(proc__meminfo="", proc__self__cgroup="what is this\n0\n::\n\n", proc__self__statm="")
    assert system_memory.free_bytes() == 64 * GIB


@pytest.mark.skipif(sys.platform != "linux", reason="another system does not tell the address space in use")
def test_limit_of_the_process(monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda which: (1 << 40, 1 << 40))
    assert (1 << 40) - (1 << 38) < system_memory._address_space() < 1 << 40  # what Python and its libraries have reserved
    monkeypatch.setattr(resource, "getrlimit", lambda which: (resource.RLIM_INFINITY,) * 2)
    assert system_memory._address_space() == sys.maxsize


def test_this_machine():
    assert 0 < system_memory.free_bytes() <= system_memory.memory_bytes()
