"""Memory that this process may still take, as the system tells it: the machine, the container it may run in, and its own limit.

Where there is nothing to ask, what the machine has, or no limit at all.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

PROC = Path("/proc")
CONTROL_GROUPS = Path("/sys/fs/cgroup")
NAMES = {2: ("memory.max", "memory.current", ("active_file", "inactive_file")),
         1: ("memory.limit_in_bytes", "memory.usage_in_bytes", ("total_active_file", "total_inactive_file"))}


@functools.cache
def memory_bytes() -> int:
    """Memory of this machine; a great number if unknown."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return sys.maxsize


def free_bytes() -> int:
    """Memory that can be had without swapping: the least of what the machine, the control groups and the address space leave."""
    return max(0, min(_machine(), _control_groups(), _address_space()))


def _machine() -> int:
    """What is free, or holds copies of files that can be given up."""
    return _numbers(PROC / "meminfo").get("MemAvailable:", memory_bytes() // 1024) * 1024


def _control_groups() -> int:
    return min((_left_in(folder, version) for folder, version in _groups()), default=sys.maxsize)


@functools.cache
def _groups() -> tuple[tuple[Path, int], ...]:
    """The control groups of this process, and those they are in, that count memory."""
    return tuple(_find_groups())


def _find_groups() -> Iterator[tuple[Path, int]]:
    for line in _text(PROC / "self" / "cgroup").splitlines():
        number, controllers, path = (*line.split(":", 2), "", "")[:3]
        version = 2 if number == "0" and not controllers else 1 if "memory" in controllers.split(",") else 0
        base = CONTROL_GROUPS if version == 2 else CONTROL_GROUPS / "memory"
        own = PurePosixPath(path.lstrip("/"))
        for inner in (own, *own.parents) if version else ():   # a container may see itself as the root
            if (base / inner / NAMES[version][0]).is_file():
                yield base / inner, version


def _left_in(folder: Path, version: int) -> int:
    """What a group may still take; copies of files count as used, but are given up first."""
    limit, usage, files = NAMES[version]
    most = _text(folder / limit).strip()
    if not most.isdecimal() or int(most) >= memory_bytes():   # "max"
        return sys.maxsize
    told = _numbers(folder / "memory.stat")
    return int(most) - int(_text(folder / usage).strip() or 0) + sum(told.get(name, 0) for name in files)


def _address_space() -> int:
    """What `ulimit -v` leaves."""
    try:
        import resource  # not on Windows
    except ImportError:
        return sys.maxsize
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    pages = _text(PROC / "self" / "statm").split() if limit != resource.RLIM_INFINITY else []
    return limit - int(pages[0]) * resource.getpagesize() if pages else sys.maxsize


def _numbers(path: Path) -> dict[str, int]:
    """The second word of each line by the first."""
    words = (line.split() for line in _text(path).splitlines())
    return {each[0]: int(each[1]) for each in words if len(each) > 1 and each[1].isdecimal()}


def _text(path: Path) -> str:
    try:
        with open(path, "rb", buffering=0) as file:   # half the time of read_text
            return file.read().decode("ascii", "replace")
    except OSError:
        return ""
