"""The most that a device does in arithmetic, for measuring other kernels against it: multiply-adds on registers alone."""

from __future__ import annotations

from numba import cuda, float32

from minicnn.kernels.cuda.compile import Kernel

SUMS, UNROLLED = 16, 8  # of a thread; turns written out between two tests of the loop's end
OPERATIONS_PER_ROUND = 2 * SUMS * UNROLLED  # of a thread


def multiply_adds(y, rounds, factor, step):  # type: ignore[no-untyped-def]
    """Sums in registers, none waiting for another; their total in y, one for each thread."""
    sums = cuda.local.array(SUMS, float32)
    thread = cuda.grid(1)
    for n in range(SUMS):
        sums[n] = float32(thread + n)
    for _ in range(rounds):
        for _ in range(UNROLLED):
            for n in range(SUMS):
                sums[n] = sums[n] * factor + step
    total = sums[0]
    for n in range(1, SUMS):
        total += sums[n]
    y[thread] = total


MULTIPLY_ADDS = Kernel(multiply_adds)
