"""Layers that take parts and move axes, and layers connected one by one: shapes, settings, messages."""

import numpy as np
import pytest

from minicnn import Graph
from minicnn import layers as L
from minicnn.errors import GraphError, SettingError, ShapeError

X = np.random.default_rng(0).standard_normal((2, 3, 4, 5)).astype(np.float32)


def forward(layer):
    return Graph(layer, (3, 4, 5)).forward(X)


def test_take_is_that_of_numpy():
    assert np.array_equal(forward(L.Take((2, 0, 2))), X.take([2, 0, 2], 1))
    assert np.array_equal(forward(L.Take((4, 1), axis=3)), X.take([4, 1], 3))


def test_permute_is_that_of_numpy():
    assert np.array_equal(forward(L.Permute((2, 3, 1))), X.transpose(0, 2, 3, 1))
    seen = X.reshape(2, 3, 2, 2, 5).transpose(0, 3, 1, 4, 2).reshape(2, 60)
    assert np.array_equal(forward(L.Permute((3, 1, 4, 2), shape=(3, 2, 2, 5))), seen)


def test_parts_are_connected_as_their_inputs_say():
    wired = L.Wired((L.ReLU(), L.AddInputs(), L.Sigmoid()), ((0,), (1, 0), (2,)))
    assert np.allclose(forward(wired), 1 / (1 + np.exp(-(X + np.maximum(X, 0)))), atol=1e-6)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: L.Take(()), SettingError, r"Take: taken is \(\), but must be at least one place"),
        (lambda: forward(L.Take((3,))), ShapeError, r"take1 \('Take', 1 of axis 1\) takes place 3 of axis 1, but gets 3 x 4 x 5"),
        (lambda: L.Permute((1, 1)), SettingError, r"Permute: order is \(1, 1\), but must have each axis from 1 on once"),
        (lambda: forward(L.Permute((2, 1))), ShapeError, r"permute1 .* orders 2 axes, but gets 3 x 4 x 5"),
        (lambda: L.Wired((L.ReLU(),), ((1,),)), SettingError, r"Wired: part 1 reads \(1,\), but must be numbers of values from 0 to 0"),
        (lambda: L.Wired((L.ReLU(),), ()), SettingError, "Wired: there are 1 parts, but inputs of 0"),
        (
            lambda: forward(L.Wired((L.Wired((L.ReLU(),), ((0,),), outputs=(0, 1)),), ((0,),))),
            GraphError,
            "gives 2 values, but a part gives one",
        ),
        (lambda: L.LpPool2D(2, p=0.5), SettingError, "LpPool2D: p is 0.5, but must be a number at least 1"),
        (lambda: L.AvgPool2D(2, dilation=0), SettingError, "AvgPool2D: dilation is 0, but must be at least 1"),
    ],
)
def test_what_does_not_fit_is_said(make, error, message):
    with pytest.raises(error, match=message):
        make()
