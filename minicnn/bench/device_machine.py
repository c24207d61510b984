"""What a CUDA device is and the most it can do: the scale for every figure measured on it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np

from minicnn import engine
from minicnn.bench.machine import BEST_OF, measure_machine
from minicnn.bench.records import Machine
from minicnn.kernels.cuda import memory
from minicnn.kernels.cuda.compile import Kernel, blocks_for
from minicnn.kernels.cuda.peak import MULTIPLY_ADDS, OPERATIONS_PER_ROUND
from minicnn.kernels.cuda.runtime import SIMULATED, found, on, wait

ROUNDS = 1 if SIMULATED else 4000
BLOCKS, THREADS = (1, 2) if SIMULATED else (132 * 16, 128)
COPIED_NUMBERS = 64 if SIMULATED else 1 << 28  # a gigabyte: no cache holds it


def measure_device(name: str, threads: int, packages: tuple[str, ...] = (), tf32: bool = False) -> Machine:
    """Measure the device's peaks; takes about a second."""
    device, host = engine.found_device(name), measure_machine(threads, ("numba-cuda", *packages))
    major, minor = device.compute_capability
    versions = {**host.versions, "CUDA driver": str(found().driver)} | ({"TF32": "on" if tf32 else "off"} if packages else {})
    with on(device.number):
        flops, moved = arithmetic_peak(), copy_peak()
    words = f"{device.name} ({device}), compute capability {major}.{minor}, {device.memory_bytes / 2**30:.1f} GiB of memory"
    return replace(host, device=words, peak_flops=flops, peak_bytes=moved, versions=versions)


def arithmetic_peak() -> float:
    """Operations per second of multiply-adds in registers, on the current device."""
    y = memory.empty((BLOCKS * THREADS,), np.float32)
    seconds = least_seconds(MULTIPLY_ADDS, BLOCKS, THREADS, y, ROUNDS, np.float32(0.999), np.float32(0.001))
    return OPERATIONS_PER_ROUND * ROUNDS * BLOCKS * THREADS / seconds


def copy_peak() -> float:
    """Bytes read plus bytes written per second while copying, on the current device."""
    x, y = (memory.zeros((COPIED_NUMBERS,), np.float32) for _ in range(2))
    return 2 * 4 * COPIED_NUMBERS / least_seconds(memory.COPY, *blocks_for(COPIED_NUMBERS), y, x)


def least_seconds(kernel: Kernel, blocks: int, threads: int, *arguments: Any) -> float:
    """The shortest of several launches, each waited for."""
    times = []
    for _ in range(2 if SIMULATED else BEST_OF + 1):  # the first compiles
        begin = time.perf_counter()
        kernel.launch(blocks, threads, 0, *arguments)
        wait()
        times.append(time.perf_counter() - begin)
    return min(times[1:])
