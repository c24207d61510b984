"""Memory still available to this process: of the machine, the container it may run in, and its own limit.

If unknown, what the machine has, or no limit.
"""

from __future__ import annotations

import functools
import os
import sys
from pathlib import Path

from minicnn.control_groups import control_groups, text

PROC = Path("/proc")
CONTROL_GROUPS = Path("/sys/fs/cgroup")
NAMES = {
    2: ("memory.max", "memory.current", ("active_file", "inactive_file")),
    1: ("memory.limit_in_bytes", "memory.usage_in_bytes", ("total_active_file", "total_inactive_file")),
}


@functools.cache
def memory_bytes() -> int:
    """Memory of this machine; a huge number if unknown."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return sys.maxsize


def free_bytes() -> int:
    """Memory available without swapping: the least that machine, control groups and address space leave."""
    return max(0, min(_machine(), _control_groups(), _address_space()))


def _machine() -> int:
    """Memory that is free, or caches files that can be dropped."""
    return _numbers(PROC / "meminfo").get("MemAvailable:", memory_bytes() // 1024) * 1024


def _control_groups() -> int:
    return min((_left_in(folder, version) for folder, version in _groups()), default=sys.maxsize)


@functools.cache
def _groups() -> tuple[tuple[Path, int], ...]:
    """The control groups of this process, and their parents, that count memory."""
    return tuple(
        (folder, version)
        for folder in control_groups("memory", CONTROL_GROUPS, PROC / "self" / "cgroup")
        for version, (limit, *_) in NAMES.items()
        if (folder / limit).is_file()
    )


def _left_in(folder: Path, version: int) -> int:
    """What a group may still take; cached files count as used, but are dropped first."""
    limit, usage, files = NAMES[version]
    most = text(folder / limit).strip()
    if not most.isdecimal() or int(most) >= memory_bytes():  # "max"
        return sys.maxsize
    told = _numbers(folder / "memory.stat")
    return int(most) - int(text(folder / usage).strip() or 0) + sum(told.get(name, 0) for name in files)


def _address_space() -> int:
    limit, taken = address_space_limit(), address_space_taken()
    return sys.maxsize if limit is None or taken is None else limit - taken


def address_space_limit() -> int | None:
    """The limit on address space of this process (`ulimit -v`); None if there is none, or it is unknown."""
    try:
        import resource
    except ImportError:  # not on Windows
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if soft == resource.RLIM_INFINITY else soft


def address_space_taken() -> int | None:
    """The address space taken so far; None if unknown."""
    pages = text(PROC / "self" / "statm").split()
    return int(pages[0]) * os.sysconf("SC_PAGE_SIZE") if pages else None


def _numbers(path: Path) -> dict[str, int]:
    """The second word of each line by the first."""
    words = (line.split() for line in text(path).splitlines())
    return {each[0]: int(each[1]) for each in words if len(each) > 1 and each[1].isdecimal()}
