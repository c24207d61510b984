"""The kernels of memory.py as compiled PTX, executed instruction by instruction."""

import numpy as np
import pytest

from minicnn.kernels.cuda import memory

from .executed import ARCHITECTURES, Executed, put

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_a_copy_without_gaps(dtype):
    x = put(RNG.integers(-9, 9, (3, 4, 5)).astype(dtype))
    for view in (x.transpose(2, 0, 1), x[:, ::2, 1:4], x[::-1, :, ::-2]):
        y = put(np.full(view.size, 77, dtype))
        Executed(compiled=ARCHITECTURES).launch(memory.COPY, 2, y, view, threads=5)
        assert np.array_equal(y, np.ravel(view))


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8])
@pytest.mark.parametrize("size", [1, 5, 6, 23])
def test_the_smallest_and_the_largest(dtype, size):
    x = put(RNG.integers(0, 200, size).astype(dtype) - dtype(0 if dtype is np.uint8 else 100))
    found = put(np.full((2, min(6, size)), 77))
    Executed(compiled=ARCHITECTURES).launch(memory.EXTREMES, 2, found, x, threads=3)
    assert (found[0].min(), found[1].max()) == (x.min(), x.max())
