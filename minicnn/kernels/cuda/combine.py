"""The second pass of sums in parts: an output is its parts, added in an order that follows from their number alone."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numba import cuda, float32

from minicnn.kernels.cuda.arguments import Float32, Floats, Int32, append
from minicnn.kernels.cuda.compile import Kernel
from minicnn.kernels.cuda.launches import Handle, Launches
from minicnn.kernels.cuda.runtime import SIMULATED

NO_FLOOR = float("-inf")
THREADS = 32 if SIMULATED else 256
SHARES = 4 if SIMULATED else 8  # threads that share the parts of an output, where there are at least as many parts


class Combined(NamedTuple):
    """What a launch of a `combine` is given.

    parts : as many times `size` numbers as `splits` says
    scale : of the sums
    bias, bias_step : bias[i // bias_step] is added to y[i]; a step of 0 is no bias
    """

    y: Floats
    parts: Floats
    bias: Floats
    splits: Int32
    size: Int32
    scale: Float32
    bias_step: Int32
    floor: Float32


def make_combine(shares: int):
    """The function of a thread; so many share the parts of an output, which else would wait for one after another."""
    OUTPUTS = THREADS // shares

    def combine(y, parts, bias, splits, size, scale, bias_step, floor):
        """y[i] = max(floor, scale * (parts[0, i] + parts[1, i] + ...) + bias[i // bias_step]); see `Combined`."""
        sums = cuda.shared.array(THREADS, float32)
        thread = cuda.threadIdx.x
        share = thread // OUTPUTS
        i = cuda.blockIdx.x * OUTPUTS + thread - share * OUTPUTS
        total = np.float32(0)
        if i < size:
            for part in range(share * splits // shares, (share + 1) * splits // shares):
                total += parts[part * size + i]
        sums[thread] = total
        cuda.syncthreads()
        if i < size and share == 0:
            for other in range(1, shares):
                total += sums[other * OUTPUTS + thread]
            total *= scale
            if bias_step > 0:
                total += bias[i // bias_step]
            y[i] = floor if total < floor else total  # not max(): a device's drops a NaN that a processor keeps

    return combine


@lru_cache
def combine_kernel(shares: int) -> Kernel:
    return Kernel(make_combine(shares), threads=THREADS)


def append_combine(launches: Launches, y: Handle, parts: Handle, splits: int, size: int, scale: float = 1.0) -> None:
    """The sums of so many parts of `size` numbers each, times `scale`; of no parts, zeros."""
    append_finish(launches, Combined(y, parts, parts, splits, size, scale, 0, NO_FLOOR))


def append_finish(launches: Launches, arguments: Combined) -> None:
    """The same with all that can follow."""
    shares = SHARES if arguments.splits >= SHARES else 1
    append(launches, combine_kernel(shares), -(-arguments.size * shares // THREADS), arguments)
