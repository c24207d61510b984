"""Vector functions against NumPy in float64, over every order of magnitude that float32 has."""

import numpy as np
import pytest

from minicnn.kernels.cpu.lanes import elementary
from minicnn.kernels.cpu.lanes.vector import LANES, load, store
from minicnn.kernels.machine_code.compile import kernel

EPSILON = np.finfo(np.float32).eps


@kernel
def apply_exponential(y, x):
    for i in range(0, len(x), LANES):
        store(y, i, elementary.exponential(load(x, i)))


@kernel
def apply_logarithm(y, x):
    for i in range(0, len(x), LANES):
        store(y, i, elementary.logarithm(load(x, i)))


@kernel
def apply_tanh(y, x):
    for i in range(0, len(x), LANES):
        store(y, i, elementary.hyperbolic_tangent(load(x, i)))


@kernel
def apply_sigmoid(y, x):
    for i in range(0, len(x), LANES):
        store(y, i, elementary.sigmoid(load(x, i)))


def through(function, x):
    y = np.full_like(x, np.nan)
    function(y, x)
    return y


SMALL_TO_LARGE = np.concatenate([sign * np.logspace(-30, 1.9, 4096) for sign in (1, -1)]).astype(np.float32)


@pytest.mark.parametrize(
    ("function", "truth", "x"),
    [
        (apply_exponential, np.exp, np.linspace(-87, 88, 8192)),
        (apply_logarithm, np.log, np.concatenate([np.logspace(-37, 38, 4096), np.linspace(0.5, 2, 4096)])),
        (apply_tanh, np.tanh, SMALL_TO_LARGE),
        (apply_sigmoid, lambda x: 1 / (1 + np.exp(-x)), np.clip(SMALL_TO_LARGE, -80, 80)),
    ],
    ids=["exponential", "logarithm", "tanh", "sigmoid"],
)
def test_four_units_in_the_last_place(function, truth, x):
    x = np.asarray(x, np.float32)
    wanted = truth(x.astype(np.float64))
    # near ln(1) = 0 the error is relative to the argument's distance from 1, which float32 holds exactly
    assert (np.abs(through(function, x) - wanted) <= 4 * EPSILON * np.maximum(np.abs(wanted), 1e-37)).all()


def test_ends_of_the_range():
    x = np.full(16, -np.inf, np.float32)
    x[:4] = [np.inf, np.nan, 0, 1000]
    with np.errstate(over="ignore"):
        y = through(apply_exponential, x)
        t = through(apply_tanh, x)
        s = through(apply_sigmoid, x)
    assert y[0] > 1e38
    assert np.isnan(y[1])
    assert np.isnan(t[1])
    assert np.isnan(s[1])
    assert y[2] == 1
    assert y[4] < 1e-37
    np.testing.assert_array_equal(t[[0, 2, 3, 4]], [1, 0, 1, -1])
    np.testing.assert_allclose(s[[0, 2, 3, 4]], [1, 0.5, 1, 0], atol=1e-37)
