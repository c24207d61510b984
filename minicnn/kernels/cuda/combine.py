"""The second pass of sums in parts: an output is its parts, added in an order that follows from their number alone."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numba import cuda, float32

from minicnn.kernels.cuda.compile import Kernel
from minicnn.kernels.cuda.launches import Handle, Launches, append
from minicnn.kernels.cuda.runtime import SIMULATED

NO_FLOOR = float("-inf")  # else 0: relu
THREADS = 32 if SIMULATED else 256
SHARES = 4 if SIMULATED else 8  # threads that share the parts of an output, where there are at least as many parts


@lru_cache
def combine_kernel(shares: int) -> Kernel:
    """The kernel in which so many threads share the parts of an output, which else would wait for one after another."""
    OUTPUTS = THREADS // shares

    def combine(y, parts, bias, splits, size, bias_step, scale, floor):
        """y[i] = max(floor, scale * (parts[0, i] + parts[1, i] + ...) + bias[i // bias_step])

        parts : (splits, size) float
        bias_step : 0: no bias
        """
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

    return Kernel(combine, threads=THREADS)


def append_combine(
    launches: Launches,
    y: Handle,
    parts: Handle,
    splits: int,
    size: int,
    bias: Handle | None = None,
    bias_step: int = 0,
    scale: float = 1.0,
    floor: float = NO_FLOOR,
) -> None:
    """The sums of so many parts of `size` numbers each; of no parts, zeros; nothing if one part is already the result."""
    if splits == 1:
        return
    shares = SHARES if splits >= SHARES else 1
    arrays = (y, parts, parts if bias is None else bias)
    append(launches, combine_kernel(shares), -(-size * shares // THREADS), arrays, (splits, size, bias_step, scale, floor))
