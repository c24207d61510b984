"""Numbers that change from images side by side to features side by side."""

import numpy as np
import pytest

from minicnn.kernels.cpu.convolution.linear import FEWEST_COLUMNS, transpose
from minicnn.kernels.cpu.lanes.vector import LANES

SIZES = (1, FEWEST_COLUMNS - 1, FEWEST_COLUMNS, LANES - 1, LANES, LANES + 1, 2 * LANES + 5)


@pytest.mark.parametrize("columns", SIZES)
@pytest.mark.parametrize("rows", [1, LANES, 3 * LANES - 1])
def test_a_transposed_copy_writes_its_rows_and_nothing_else(rows, columns):
    x = np.random.default_rng(rows).standard_normal(rows * columns + LANES).astype(np.float32)
    between, begin = rows + 3, 5
    y = np.full(begin + columns * between + LANES, np.nan, np.float32)
    transpose(y, begin, between, x, 0, rows, columns)
    written = y[begin : begin + columns * between].reshape(columns, between)
    np.testing.assert_array_equal(written[:, :rows], x[: rows * columns].reshape(rows, columns).T)
    written[:, :rows] = np.nan
    assert np.isnan(y).all()
