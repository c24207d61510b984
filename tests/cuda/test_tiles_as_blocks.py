"""The hand-written kernels at their real sizes on a processor: right, and with the same bits whatever the order of the threads."""

import os

import numpy as np
import pytest

from minicnn.kernels.cpu.convolution.problem import BACKWARD_INPUT, BACKWARD_WEIGHT, FORWARD
from minicnn.kernels.cuda.convolution.choice import GATHER, REDUCE

from .block_interpreter import BlockLaunches
from .convolving import CASES, UNSHARED, Case, append, close, device_passes, images_first, images_innermost, textbook_passes
from .summing import batch_norm, bias_gradient, transposed

LARGEST = GATHER[0].sizes, REDUCE[0].sizes
LAYERS = [
    Case("LeNet's second", 128, 6, (14, 14), 16, 5),
    Case("dilated, in groups", 16, 64, (14, 14), 64, 3, padding=2, dilation=2, groups=4),
    Case("strided", 6, 40, (28, 28), 72, 3, stride=2, padding=1, rectify=True),
    Case("LeNet's first linear", 30, 400, (), 120, ()),
]
if os.environ.get("MINICNN_CUDA_FULL") == "1":
    LAYERS += [
        Case("AlexNet's first", 16, 3, (227, 227), 96, 11, stride=4),
        Case("VGG's third", 16, 128, (28, 28), 256, 3, padding=1),
        Case("filters of their own", 32, 16, (14, 14), 32, 3, padding=1, tile=UNSHARED),
        Case("one filter a channel", 30, 32, (28, 28), 32, 3, padding=1, groups=32),
    ]


def places(backwards=False):
    return BlockLaunches(backwards), np.asarray, np.asarray


def named(cases):
    return pytest.mark.parametrize("case", cases, ids=[case.name for case in cases])


@named(CASES)
def test_the_largest_tiles_give_what_the_textbook_gives_in_both_orders_of_threads(case):
    tiles = None if case.groups == case.channels else LARGEST
    orders = [device_passes(case, *places(backwards), tiles=tiles) for backwards in (False, True)]
    for name, got, again, wanted in zip(("y", "dx", "dweight"), *orders, textbook_passes(case, *case.arrays()), strict=True):
        assert close(got, wanted), name
        assert np.array_equal(got, again), f"{name} depends on the order of the threads"


@named(LAYERS)
def test_layers_by_the_tiles_that_the_model_chooses_give_what_the_textbook_gives(case):
    for name, got, wanted in zip(
        ("y", "dx", "dweight"), device_passes(case, *places()), textbook_passes(case, *case.arrays()), strict=True
    ):
        assert close(got, wanted), name


@named(
    [
        Case("tiles", 4, 4, (5, 4), 6, 3, padding=1, groups=2),
        Case("sums in parts", 4, 4, (5, 4), 6, 3, padding=1, splits=2),
        Case("one filter a channel", 4, 4, (5, 4), 4, 3, padding=1, groups=4),
    ]
)
def test_a_nan_reaches_the_outputs_whose_taps_read_it_alone_and_relu_keeps_it(case):
    case = case._replace(rectify=True)
    x, weight, bias, dy, dx_bias = case.arrays()
    x[1, 2, 2, 3] = np.nan
    wanted, _, _ = textbook_passes(case, x, weight, bias, dy, dx_bias)
    y = np.full(dy.size, -1, np.float32)
    append(BlockLaunches(), case, FORWARD, y, images_innermost(x, case.row), weight.ravel(), bias.ravel())
    assert np.isnan(wanted).any()
    np.testing.assert_allclose(images_first(y, dy.shape), wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("groups", [1, 2])
def test_without_images_the_gradient_of_the_weight_is_zeros(groups):
    case, nothing = Case("no images", 0, 2, (4, 4), 2, 3, groups=groups), np.empty(0, np.float32)
    weight = np.full(case.shapes[1], np.nan, np.float32).ravel()
    for work, result in ((FORWARD, nothing), (BACKWARD_INPUT, nothing), (BACKWARD_WEIGHT, weight)):
        append(BlockLaunches(), case, work, result, nothing, weight if work != BACKWARD_WEIGHT else nothing)
    np.testing.assert_array_equal(weight, 0)


@pytest.mark.parametrize(
    "sums",
    [
        lambda where: bias_gradient(*where, 6, 3, (11, 7), (2, 3)),
        lambda where: bias_gradient(*where, 3, 2, (5000,), (1,)),
        lambda where: batch_norm(*where, 5, 3, 2000),
        lambda where: transposed(*where, 70, 45, 72, 50),
    ],
    ids=["tiled bias", "bias in parts", "batch normalization", "transposition"],
)
def test_sums_are_right_in_both_orders_of_threads(sums):
    once, again = sums(places()), sums(places(backwards=True))
    for name, (got, wanted) in once.items():
        assert close(got, wanted), name
        assert np.array_equal(got, again[name][0]), f"{name} depends on the order of the threads"
