"""Planes into lanes and back, in parts that may run in any order: none writes what another has written."""

import numpy as np
import pytest
from numba.np.numpy_support import as_dtype

from minicnn.kernels.cpu.lanes.plane_transfer import Turn, load_planes, store_planes
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.kernels.machine_code.records import FRAME

PARTS = 5


@pytest.mark.parametrize("shard", [1, 2, 3, LANES - 1, LANES, 2 * LANES])
@pytest.mark.parametrize("length", [1, LANES, 3 * LANES + 5])
@pytest.mark.parametrize("backwards", [False, True])
def test_parts_do_not_disturb_each_other(shard, length, backwards):
    count, rows, row_pitch = max(1, shard - 1), 2, length + 3
    pitch = rows * row_pitch + 7
    planes = np.random.default_rng(0).uniform(-1, 1, count * pitch).astype(np.float32)
    order = range(PARTS)[::-1] if backwards else range(PARTS)
    size = rows * length * shard
    lanes = np.full(size + LANES, np.nan, np.float32)
    turn, frame = Turn(rows, length, pitch, row_pitch), np.zeros(1, as_dtype(FRAME))[0]
    frame["count"], frame["parts"] = count, PARTS
    for frame["part"] in order:
        load_planes(lanes, 0, shard, planes, turn, frame)
    want = np.zeros((rows, length, shard), np.float32)
    for n in range(count):
        want[..., n] = planes[n * pitch :][: rows * row_pitch].reshape(rows, row_pitch)[:, :length]
    np.testing.assert_array_equal(lanes[:size], want.ravel())
    assert np.isnan(lanes[size:]).all()  # the next buffer begins there

    back = np.full_like(planes, np.nan)
    for frame["part"] in order:
        store_planes(back, turn, lanes, 0, shard, frame)
    written = np.zeros((count, pitch), bool)
    for row in range(rows):
        written[:, row * row_pitch :][:, :length] = True
    np.testing.assert_array_equal(back, np.where(written.ravel(), planes, np.nan))
