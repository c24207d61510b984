"""What this machine is and the most it can do: the scale for every figure."""

from __future__ import annotations

import os
import platform
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import numpy as np

import minicnn
from minicnn.bench.protocol import REST_SECONDS
from minicnn.bench.records import Machine
from minicnn.errors import SettingError
from minicnn.processors import cpu_name, set_threads, threads_set

BEST_OF = 7  # a peak is the best of so many attempts, because something else may use a processor during any one
LOOP_SECONDS = 0.02
WATCH_ROUNDS = 8_000_000  # 10 to 40 ms: two new threads may start on one processor and take 2 ms to separate
COPY_BYTES = 1 << 27  # beyond the last-level cache of most machines


def processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def pinned(threads: int) -> Iterator[None]:
    """Restrict this process to so many processors within the block: our threads and every peer's.

    Raises
    ------
    SettingError
        If there are fewer, or the system cannot do it.
    """
    available = processors()
    if threads > available:
        raise SettingError(f"bench: {threads} threads were requested, but this process may use {available} processors")
    if threads == available:
        yield
        return
    if not hasattr(os, "sched_setaffinity"):
        raise SettingError(
            f"bench: this system cannot restrict a process to {threads} of its {available} processors\n  leave --threads out"
        )
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:threads])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def limited(threads: int) -> Iterator[None]:
    """Within the block, networks and functions use so many processors, as after `minicnn.set_threads`."""
    before = threads_set()
    set_threads(threads)
    try:
        yield
    finally:
        set_threads(before)


def measure_machine(threads: int, packages: tuple[str, ...] = ()) -> Machine:
    """Measure the peaks on one thread and on all; takes about a second."""
    from minicnn.kernels.cpu.lanes.vector import LANES

    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    versions = {"minicnn": minicnn.__version__, "python": platform.python_version()}
    for name in ("numpy", "numba", *packages):
        with suppress(metadata.PackageNotFoundError):
            versions[name] = metadata.version(name)
    return Machine(
        cpu_name(), processors(), threads, LANES, arithmetic_peak(threads), arithmetic_peak(1), copy_peak(threads), load, versions
    )


def better(one: Machine, other: Machine) -> Machine:
    """The higher peaks of two measurements of the same machine."""
    return replace(
        one,
        peak_flops=max(one.peak_flops, other.peak_flops),
        peak_bytes=max(one.peak_bytes, other.peak_bytes),
        peak_flops_one_thread=max(one.peak_flops_one_thread, other.peak_flops_one_thread),
    )


class Watch:
    """Whether this process has the machine to itself: a short loop on all threads against the same on one."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        multiply_add_loop(1, 1)  # compile now
        self._alone = min(multiply_add_loop(WATCH_ROUNDS, 1) for _ in range(BEST_OF))

    def rest(self) -> float:
        """The current speed of all threads together, relative to each alone: 1 at rest, 0.5 if half of the machine is in use."""
        time.sleep(REST_SECONDS)
        now = min(multiply_add_loop(WATCH_ROUNDS, self._threads) for _ in range(5))
        return min(1.0, self._alone / now)


def multiply_add_loop(rounds: int, threads: int) -> float:
    """Seconds of so many rounds on each thread."""
    from minicnn.kernels.cpu.program.peak import multiply_add_rounds

    return together(threads, lambda _: multiply_add_rounds(rounds, np.float32(0.999), np.float32(0.001)))


def arithmetic_peak(threads: int, seconds: float = LOOP_SECONDS) -> float:
    """Operations per second of multiply-adds in registers, all threads together."""
    from minicnn.kernels.cpu.program.peak import OPERATIONS_PER_ROUND

    multiply_add_loop(1, 1)  # compile now, not in the first attempt
    rounds = 1000
    while multiply_add_loop(rounds, 1) < seconds / 2:
        rounds *= 2
    best = min(multiply_add_loop(rounds, threads) for _ in range(BEST_OF))
    return threads * rounds * OPERATIONS_PER_ROUND / best


def copy_peak(threads: int, size_bytes: int = COPY_BYTES) -> float:
    """Bytes read plus bytes written per second while copying, each thread its own part."""
    from minicnn.kernels.cpu.program.peak import copy

    x, y = np.ones(size_bytes // 4, np.float32), np.zeros(size_bytes // 4, np.float32)
    parts = list(zip(np.array_split(y, threads), np.array_split(x, threads), strict=True))
    best = min(together(threads, lambda number: copy(*parts[number])) for _ in range(BEST_OF))
    return 2 * x.nbytes / best


def together(threads: int, work: Callable[[int], object]) -> float:
    """Seconds from the first thread's start to the last one's end, each running work(number)."""
    start = threading.Barrier(threads)
    times: list[float] = []

    def run(number: int) -> None:
        start.wait()
        begin = time.perf_counter()
        work(number)
        times.extend((begin, time.perf_counter()))

    crew = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for each in crew:
        each.start()
    for each in crew:
        each.join()
    return max(times) - min(times)


def available_bytes() -> int | None:
    """Memory available without swapping; None if unknown."""
    with suppress(OSError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return None
