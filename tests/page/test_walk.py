"""A network as calls of textbook loops: made again from what was noted, they give what the network gives."""

import numpy as np
import pytest

import minicnn.layers as L
from minicnn import Graph, zoo
from minicnn.engine.textbook.operation import define
from minicnn.errors import GraphError
from minicnn.kernels.derive import read
from minicnn.kernels.derive.javascript import kinds_of
from minicnn.page.own import told
from minicnn.page.walk import Argument, loop_of, walk


def twice_forward(y, x):
    for i in range(x.size):
        y.flat[i] = 2.0 * x.flat[i]


def twice_backward(dx, dy):
    for i in range(dy.size):
        dx.flat[i] = 2.0 * dy.flat[i]


class Twice(L.Layer):
    stem = "twice"
    forward = staticmethod(twice_forward)
    backward = staticmethod(twice_backward)


class Halved(L.Layer):
    stem = "halved"


define(Halved, lambda at: at.x / 2, lambda at, dy: ([dy / 2], {}))


def repeat(made, net, x, k):
    """Scores, and the gradient of score k with respect to x, by the noted calls alone."""
    values, parameters = np.zeros(made.size, np.float32), net.parameter_memory
    places = {value.node: value for value in made.values}

    def array(given, whole):
        if given.kind == "table":
            return made.tables[given.at]
        memory = parameters if given.kind == "parameter" else values
        count = int(np.prod(given.shape))
        if whole:
            return memory[given.at : given.at + 2 * count].view(np.int64).reshape(given.shape)
        return memory[given.at : given.at + count].reshape(given.shape)

    def run(calls):
        for call in calls:
            loop = loop_of(call.loop, made.own).python
            whole = {"indices", "labels"}
            assert read(loop).arguments == tuple(call.arguments)
            loop(*(array(each, name in whole) if isinstance(each, Argument) else each for name, each in call.arguments.items()))

    def at(place, shape):
        return values[place : place + int(np.prod(shape))].reshape(shape)

    at(places["input"].at, x.shape)[...] = x
    run(made.calls)
    last = made.values[-1]
    seen = {value.node: at(value.at, value.shape).copy() for value in made.values}
    scores = at(last.at, last.shape).copy()
    at(made.dy, last.shape)[...] = 0
    at(made.dy, last.shape)[k] = 1
    run(made.backward)
    for value in made.values:  # what layers gave is still there: a page shows it beside the gradient
        np.testing.assert_array_equal(at(value.at, value.shape), seen[value.node])
    return scores, at(made.dx, x.shape).copy()


@pytest.mark.parametrize("name", ["lenet", "lenet5-1998", "mnist1d-cnn", "resnet20", "highway", "one's own"])
def test_calls_give_scores_and_saliency(name):
    own = Graph(L.Sequential(L.Conv2D(4, 3), Twice(), L.Flatten(), L.Linear(3)), (1, 6, 6), seed=4)
    net = own if name == "one's own" else zoo.build(name, seed=4)
    x = np.random.default_rng(0).standard_normal(net.input_shape).astype(np.float32)
    scores, slope = repeat(walk(net), net, x, 2)
    start = np.zeros((1, net.classes), np.float32)
    start[0, 2] = 1
    np.testing.assert_allclose(scores, net.forward(x[None])[0], rtol=1e-4, atol=1e-4 * np.abs(scores).max())
    want = net.backward(x[None], dy=start)[0][0]
    # ReLUs and maxima may open elsewhere by rounding: most places agree, and all in size
    np.testing.assert_allclose(np.median(np.abs(slope - want)), 0, atol=1e-4 * np.abs(want).max())
    assert np.linalg.norm(slope - want) < 0.05 * np.linalg.norm(want)


def test_gradients_of_parameters_are_left_out():
    loops = {call.loop for call in walk(zoo.build("lenet")).backward}
    assert not [loop for loop in loops if loop.endswith(("weight", "bias"))]


def test_loops_that_take_a_function_are_refused():
    layer = L.Variant(lambda k, p, q, c, r, s: (c, p + r, q + s, 3 * r + s), (2, 1, 1), (1, 3, 3))
    with pytest.raises(GraphError, match=r"variant1: its loop variant_forward takes a function as index_map, .*\n.*--variant FILE.py:NAME"):
        walk(Graph(L.Sequential(layer, L.Flatten(), L.Linear(2)), (1, 3, 3)))


def test_what_is_no_loop_is_refused():
    with pytest.raises(
        GraphError, match=r"halved1: Halved is computed by something else than loops.*\n.*forward and backward as two loops"
    ):
        walk(Graph(L.Sequential(Halved(), L.Flatten(), L.Linear(2)), (1, 3, 3)))


def scaled(y, x, factors, offset):
    """Scale.

    Parameters
    ----------
    offset : whatever
    """
    for i in range(x.size):
        y.flat[i] = factors[0] * x.flat[i] + offset


def test_a_loop_of_ones_own_says_what_it_was_called_with():
    given = {"y": np.zeros(3, np.float32), "x": np.zeros(3, np.float32), "factors": np.ones(1, np.int64), "offset": 0.5}
    definition = told("layer1", scaled, given)
    assert kinds_of(definition) == ("elements", "elements", "ints", "float64")
    assert scaled.__doc__.startswith("Scale.\n")
    assert "offset : whatever" in scaled.__doc__
