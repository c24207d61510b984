"""How many processors the functions and networks of this process use: all that are available to it, unless set."""

from __future__ import annotations

import functools
import os
import platform
from collections.abc import Iterator
from contextlib import suppress
from math import ceil
from pathlib import Path

from minicnn.control_groups import control_groups, text
from minicnn.errors import SettingError
from minicnn.geometry import whole_number

MOST = 1024  # threads that a run can have

_chosen: int | None = None


def set_threads(n: int | None) -> None:
    """Use `n` processors for every function and network of this process from now on; None for all that are available.

    Results have the same bits on any number of threads.  A Trainer created with its own `threads` keeps it.

    Raises
    ------
    SettingError
        If n is not a whole number from 1 to 1024.

    Examples
    --------
    >>> import minicnn
    >>> minicnn.set_threads(1)
    >>> minicnn.threads()
    1
    >>> minicnn.set_threads(None)
    """
    global _chosen
    _chosen = None if n is None else thread_count("set_threads", n, "n")


def thread_count(where: str, given: object, name: str = "threads") -> int:
    """The threads of a call whose setting is `given` (None: the default); a SettingError that starts with `where` if out of range."""
    if given is None:
        return threads()
    count = whole_number(where, name, given, least=1)
    if count > MOST:
        raise SettingError(f"{where}: {name} is {given}, but at most {MOST} threads can run together")
    return count


def threads() -> int:
    """Threads that a call uses: as set by `set_threads`, else the processors available to this process."""
    return _chosen or min(usable_processors(), MOST)


def threads_set() -> int | None:
    """What `set_threads` was last given."""
    return _chosen


@functools.cache
def usable_processors() -> int:
    """Processors this process may be scheduled on, or fewer if its control group limits their time.

    A quota of one and a half processors counts as two.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([allowed, *(ceil(quota) for quota in _quotas())]))


def _quotas() -> Iterator[float]:
    """Processors' worth of time granted by each control group around this process, versions 2 and 1; none without a limit."""
    for folder in control_groups("cpu"):
        words = (text(folder / "cpu.max") or text(folder / "cpu.cfs_quota_us") + " " + text(folder / "cpu.cfs_period_us")).split()
        if len(words) == 2 and all(word.isdigit() for word in words) and int(words[1]):
            yield int(words[0]) / int(words[1])


def cpu_name() -> str:
    """The processor's model, or what else is known of it; "" if nothing is."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() in ("model name", "Model"):
                return value.strip()
    return platform.processor() or platform.machine()
