"""The interpreter of blocks shows what it is there to show."""

import numpy as np
import pytest

import minicnn.kernels.cuda  # noqa: F401  says first which numba.cuda it is
from minicnn.kernels.cuda.compile import Kernel

from .block_interpreter import BlockLaunches

SIZE = 8


def neighbours(barrier):
    """y[t] = x[t + 1], by way of shared memory, with or without a wait for who has written it."""
    from numba import cuda, float32

    def shift(y, x):
        shared = cuda.shared.array(SIZE, float32)
        thread = cuda.threadIdx.x
        shared[thread] = x[thread]
        cuda.syncthreads()
        y[thread] = shared[(thread + 1) % SIZE]

    def shift_too_early(y, x):
        shared = cuda.shared.array(SIZE, float32)
        thread = cuda.threadIdx.x
        shared[thread] = x[thread]
        y[thread] = shared[(thread + 1) % SIZE]

    return Kernel(shift if barrier else shift_too_early, threads=SIZE)


def run(kernel, backwards=False):
    y, x = np.full(SIZE, np.nan, np.float32), np.arange(SIZE, dtype=np.float32)
    BlockLaunches(backwards).launch(kernel, 1, y, x)
    return y


def test_threads_meet_at_a_barrier():
    for backwards in (False, True):
        np.testing.assert_array_equal(run(neighbours(barrier=True), backwards), np.roll(np.arange(SIZE), -1))


def test_a_missing_barrier_shows_in_the_order_of_the_threads():
    once, again = (run(neighbours(barrier=False), backwards) for backwards in (False, True))
    assert not np.array_equal(once, again)


def test_a_barrier_that_not_all_threads_reach_is_an_error():
    from numba import cuda

    def diverge(y, x):
        thread = cuda.threadIdx.x
        y[thread] = x[thread]
        if thread < 3:
            cuda.syncthreads()

    with pytest.raises(RuntimeError, match="a barrier that not all threads reach"):
        run(Kernel(diverge, threads=SIZE))
