"""What `test_tiles_simulated.py` runs in Numba's simulator, in a process of its own: each thread of a block is a thread of Python."""

import os

import numpy as np
import pytest

from minicnn.kernels.cuda.launches import Now
from minicnn.kernels.cuda.memory import to_device, to_host

from .convolving import CASES, close, device_passes, textbook_passes
from .summing import batch_norm, bias_gradient, transposed

FULL = os.environ.get("MINICNN_CUDA_FULL") == "1"
SLOW = ("three axes", "same, three images", "tiled, strided, dilated", "dilated, padding exceeds the window", "grouped", "one image")
SOME = [case for case in CASES if FULL or case.name not in SLOW]


class Poisoned(Now):
    """Scratch memory that shows whoever reads what nobody has written."""

    def scratch(self, size):
        return to_device(np.full(size, np.nan, np.float32))


PLACES = (Poisoned(), to_device, to_host)


@pytest.mark.parametrize("case", SOME, ids=[case.name for case in SOME])
def test_every_pass_gives_what_the_textbook_gives(case):
    for name, got, wanted in zip(("y", "dx", "dweight"), device_passes(case, *PLACES), textbook_passes(case, *case.arrays()), strict=True):
        assert close(got, wanted), name


@pytest.mark.parametrize(
    ("images", "sizes", "tile"), [(5, (3, 4), (1, 1)), (1, (5,), (3,)), (3, (2, 3), (3, 3)), (3, (400,), (1,)), (0, (2,), (1,))]
)
def test_bias_gradients_count_true_images_only(images, sizes, tile):
    (got, wanted) = bias_gradient(*PLACES, images, 2, sizes, tile)["dbias"]
    assert close(got, wanted)


@pytest.mark.parametrize(("images", "pixels", "middle"), [(3, 5, 0), (6, 200, 0), (1, 1, 0), (5, 9, 1000)])
def test_batch_normalization_gives_what_the_textbook_gives(images, pixels, middle):
    for name, (got, wanted) in batch_norm(*PLACES, images, 2, pixels, middle).items():
        assert close(got, wanted, bound=2e-4 if middle else 2e-5), name


@pytest.mark.parametrize(("rows", "columns", "target_row", "source_row"), [(3, 20, 4, 20), (9, 8, 9, 11), (1, 1, 1, 1)])
def test_a_matrix_is_turned_over_whatever_its_sizes(rows, columns, target_row, source_row):
    (got, wanted) = transposed(*PLACES, rows, columns, target_row, source_row)["target"]
    np.testing.assert_array_equal(got, wanted)
