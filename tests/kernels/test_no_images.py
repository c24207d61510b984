"""A batch of no images: results of no images in the right shape, gradients of weights that are zeros."""

import numpy as np
import pytest

from minicnn import kernels
from minicnn.errors import MinicnnError

from .comparing import poison  # noqa: F401
from .right_calls import LOSSES, recipes

BATCHED = ("x", "y", "dy", "dx", "indices", "logits", "labels", "target", "found", "others")
SERVED = [
    recipe
    for recipe in recipes()
    if set(recipe.draw(np.random.default_rng(0))) & {*BATCHED, "x_shape"}
    and recipe.name not in (*LOSSES, "conv_matrix", "batch_norm_training")
]  # the mean of nothing is undefined


def without_images(given):
    """The same call, cut off before its first image."""
    cut = {name: value[:0] if name in BATCHED and isinstance(value, np.ndarray) else value for name, value in given.items()}
    return cut | ({"x_shape": (0, *given["x_shape"][1:])} if "x_shape" in given else {})


def results(result):
    return [each for each in (result if isinstance(result, tuple) else (result,)) if each is not None]


@pytest.mark.parametrize("recipe", SERVED, ids=lambda recipe: recipe.name)
def test_every_function(recipe):
    served = 0
    for seed in range(4):
        given = recipe.draw(np.random.default_rng(seed))
        try:
            full = results(recipe.function(**given))
        except MinicnnError:  # an algorithm that does not serve this case
            continue
        for found, whole in zip(results(recipe.function(**without_images(given))), full, strict=True):
            assert found.dtype == whole.dtype
            assert found.shape in (whole.shape, (0, *whole.shape[1:]))
            assert not found.any()
        served += 1
    assert served


@pytest.mark.parametrize("channels", [3, 64])
@pytest.mark.parametrize("algorithm", ["auto", "textbook", "direct", "im2col", "fft", "winograd"])
def test_every_algorithm(algorithm, channels):
    x, weight = np.zeros((0, channels, 8, 9), np.float32), np.ones((channels, channels, 3, 3), np.float32)
    assert kernels.conv2d(x, weight, weight[:, 0, 0, 0], algorithm=algorithm).shape == (0, channels, 6, 7)


@pytest.mark.parametrize("channels", [3, 64])
def test_gradients_of_filters_that_winograd_serves(channels):
    x, dy = np.zeros((0, channels, 8, 9), np.float32), np.zeros((0, channels, 6, 7), np.float32)
    weight = np.ones((channels, channels, 3, 3), np.float32)
    assert kernels.conv2d_backward_input(dy, weight, x.shape).shape == x.shape
    dweight = kernels.conv2d_backward_weight(dy, x, weight.shape)
    assert dweight.shape == weight.shape
    assert not dweight.any()
