"""Loops of a user's own: what a place outside of an array, a name for another thing, or a changed number around them comes to."""

from dataclasses import dataclass

import numba
import numpy as np
import pytest

import minicnn
from minicnn import layers as L
from minicnn.errors import GraphError, MinicnnError, SettingError, ShapeError

FACTOR = 2.0


def times(x):
    return FACTOR * x


def scaled(y, x):
    for i in range(x.size):
        y.flat[i] = times(x.flat[i])


def scaled_backward(dx, dy):
    for i in range(dx.size):
        dx.flat[i] = times(dy.flat[i])


def beyond(y, x):
    N, C, H, W = x.shape
    for n in range(N):
        for c in range(C):
            for h in range(H):
                for w in range(W):
                    y[n, c, h, w] = x[n, c, h + 1, w]


def before(y, x):
    N, C, H, W = x.shape
    for n in range(N):
        for c in range(C):
            for h in range(H):
                for w in range(W):
                    y[n, c, h, w] = x[n, c, h, w - 1]


def spoiling(y, x):
    for i in range(x.size):
        y.flat[i] = x.flat[i]
        x.flat[i] = 0.0


def slope_as_number(y, x, slope):
    for i in range(x.size):
        y.flat[i] = slope * x.flat[i]


def network(own_forward, **others):
    members = {"forward": own_forward, "backward": scaled_backward, "__module__": __name__, **others}
    layer = dataclass(frozen=True)(type("Own", (L.Layer,), members))
    return minicnn.Graph(L.Sequential(layer(), L.Flatten()), (1, 4, 4))


def smaller(self, where, inputs):
    return ((1, 3, 3),)


def sloped(self, inputs):
    return (L.ParameterSpec("slope", (1,), 1),)


REFUSED = [
    (beyond, {}, ShapeError, r"x\[n, c, h \+ 1, w\] lies outside of the array: it asks for place 4 of an axis with 4"),
    (before, {}, ShapeError, r"x\[n, c, h, w - 1\] lies outside of the array: it asks for place -1 of"),
    (
        scaled,
        {"output_shapes": smaller},
        ShapeError,
        r"y\.flat\[i\] lies outside of the array: .*\n  y  \d x 1 x 3 x 3\n  x  \d x 1 x 4 x 4$",
    ),
    (spoiling, {}, GraphError, "the loop spoiling of Own stores into 'x', but its outputs are y"),
    (slope_as_number, {"parameters": sloped}, ShapeError, "uses slope as a number, but it is an array"),
    (slope_as_number, {"slope": "steep", "__annotations__": {"slope": object}}, SettingError, "takes slope, which is 'steep'"),
    (3, {}, GraphError, "3 is no loop that Own could run"),
    ("relu_forwards", {}, GraphError, "'relu_forwards' is no loop that Own could run: did you mean relu_forward"),
    (lambda y, x: None, {}, SettingError, r"test_own_loops\.py:\d+: a lambda has no loop to read"),
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("loop", "others", "kind", "words"), REFUSED)
def test_what_would_go_wrong_is_refused_before_it_does(loop, others, kind, words, dtype):
    with pytest.raises(MinicnnError, match=words) as caught:
        network(loop, **others).forward(np.ones((5, 1, 4, 4), dtype))
    assert isinstance(caught.value, kind)


def test_a_plan_says_that_numba_is_switched_off(monkeypatch):
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 1)
    with pytest.raises(SettingError, match="a network in float32 is machine code, but NUMBA_DISABLE_JIT is set"):
        minicnn.Graph(L.Sequential(L.Flatten(), L.Linear(2)), (1, 2, 2)).forward(np.ones((1, 1, 2, 2), np.float32))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_number_around_a_loop_is_the_one_of_now_and_its_functions_need_no_decorator(dtype, monkeypatch):
    x = np.arange(48, dtype=dtype).reshape(3, 1, 4, 4)
    for factor in (2.0, 3.0):
        monkeypatch.setitem(globals(), "FACTOR", factor)
        net = network(scaled)
        np.testing.assert_array_equal(net.forward(x), factor * x.reshape(3, 16))
        assert max(net.check_gradient().values(), default=0) < 1e-6
