"""Winograd's tiles where a pixel is infinite, NaN or nearly too large: what the loop gives, not NaN over the whole tile."""

import numpy as np
import pytest

import minicnn
from minicnn import kernels
from minicnn import layers as L
from minicnn.kernels.cpu.convolution import choice

from .comparing import poison, soil, uniform  # noqa: F401

# images, channels, filters, side, groups, padding
CASES = {
    "one small image": (1, 64, 64, 13, 1, 0),
    "one image in blocks": (1, 32, 32, 50, 1, 1),
    "one image in groups": (1, 64, 64, 9, 2, 1),
    "few images": (2, 64, 72, 20, 1, 1),
    "a vector and one": (17, 32, 40, 9, 1, 1),
    "many in groups": (40, 64, 64, 5, 2, 1),
    "all padding": (16, 32, 32, 5, 1, 2),
}
SPECIAL = [np.inf, -np.inf, np.nan, 3e38]
TILES = [(tile.name, tile.taps) for tile in choice.TILES]


def placed(seed, shape, value):
    """Random numbers, and one that is special, in the last image."""
    x = uniform(seed, shape)
    x[-1, 3, shape[2] // 2, 1] = value
    return x


def like_the_loop(found, wanted, largest):
    """The same places are NaN, and infinite; all others within 5e-6 of the largest number, as the algorithm promises.

    largest : the finite numbers of x, times the sum of a filter's weights
    """
    wanted = wanted.astype(np.float32)
    finite = np.isfinite(wanted)
    np.testing.assert_array_equal(found[~finite], wanted[~finite])
    np.testing.assert_array_equal(np.isfinite(found), finite)
    assert abs(found[finite].astype(np.float64) - wanted[finite]).max() <= 5e-6 * largest


@pytest.mark.parametrize("value", SPECIAL)
@pytest.mark.parametrize(("name", "taps"), TILES)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_function_and_input_gradient(monkeypatch, case, name, taps, value):
    monkeypatch.setenv(choice.VARIABLE, name)
    images, channels, filters, side, groups, pad = case
    x, weight = placed(0, (images, channels, side, side), value), uniform(1, (filters, channels // groups, taps, taps)) * np.float32(0.1)
    bias, settings = uniform(2, filters), {"padding": pad, "groups": groups, "flip": side % 2 == 0}
    largest = (value if value == 3e38 else 1.0) * 0.1 * taps**2 * max(channels, filters)
    soil()
    y = kernels.conv2d(x, weight, bias, **settings)
    with np.errstate(all="ignore"):
        like_the_loop(y, kernels.conv2d(x, weight, bias, algorithm="textbook", **settings), largest)
    dy = placed(3, y.shape, value)
    dx = kernels.conv2d_backward_input(dy, weight, x.shape, **settings)
    with np.errstate(all="ignore"):
        wanted = kernels.conv2d_backward_input(dy.astype(np.float64), weight.astype(np.float64), x.shape, **settings)
        like_the_loop(dx, wanted, largest)


@pytest.mark.parametrize("images", [1, 3, 17])
@pytest.mark.parametrize("value", [np.inf, 3e38])
def test_network(monkeypatch, images, value):
    """The convolution in the middle goes by Winograd; the first hands it the special pixel in every channel, or in one."""
    monkeypatch.setenv(choice.VARIABLE, choice.WINOGRAD4)
    net = minicnn.Graph(L.Sequential(L.Conv2D(32, 1), L.Conv2D(32, 3, padding=1), L.LeakyReLU()), input_shape=(8, 11, 11))
    first = net.parameters["conv1.weight"]
    first[...] *= np.float32(0.1)
    first[1:, 3] = 0
    x = placed(0, (images, 8, 11, 11), value)
    with np.errstate(all="ignore"):
        found, wanted = net.forward(x), net.forward(x.astype(np.float64))
    assert np.isfinite(wanted).all() == (value == 3e38)
    like_the_loop(found, wanted, (value if value == 3e38 else 1.0) * 32)
