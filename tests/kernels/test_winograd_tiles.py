"""Winograd's tiles, each row of the table: matrices that follow from their points, and 5x5 filters like the textbook loop."""

from fractions import Fraction
from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minicnn
from minicnn import kernels
from minicnn import layers as L
from minicnn.engine.plan import build_plan
from minicnn.kernels.cpu.convolution import choice
from minicnn.kernels.cpu.convolution.problem import BACKWARD_INPUT, BACKWARD_WEIGHT, FORWARD, Images, Problem
from minicnn.kernels.cpu.convolution.ways import choose
from minicnn.kernels.cpu.winograd import filters, winograd
from minicnn.layers.conv import Conv

from .comparing import EPSILON, close, fewer, poison, seeds, soil, uniform, wide  # noqa: F401

# the transforms of inputs, filters and outputs, by output pixels of a tile and taps of a filter along an axis
TRANSFORMS = {
    (2, 3): (winograd.input_to_four, filters.filter_to_four, winograd.four_to_output),
    (4, 3): (winograd.input_to_six, filters.filter_to_six, winograd.six_to_output),
    (2, 5): (winograd.input_to_six, filters.five_to_six, winograd.six_to_two),
}
POINTS = {4: (0, 1, -1), 6: (0, 1, -1, 2, -2)}  # and infinity
BOUND = 5e-6  # of the largest |x| times the sum of |weight| of a filter


def derived(edge, taps):
    """B^T, G and A^T of the docstring, as fractions."""
    points = POINTS[edge + taps - 1]

    def without(left_out):
        """Coefficients of the product of (z - a), lowest first, over the points but one."""
        coefficients = [Fraction(1)]
        for a in points:
            if a != left_out:
                shifted = [Fraction(0), *coefficients]
                coefficients = [high - a * low for high, low in zip(shifted, [*coefficients, Fraction(0)], strict=True)]
        return [*coefficients, *[Fraction(0)] * (len(points) + 1 - len(coefficients))]

    apart = [prod(Fraction(a - other) for other in points if other != a) for a in points]
    b = [without(a) for a in (*points, None)]
    g = [[a**j / each for j in range(taps)] for a, each in zip(map(Fraction, points), apart, strict=True)]
    g.append([Fraction(j == taps - 1) for j in range(taps)])
    a = [[*(Fraction(each) ** i for each in points), Fraction(i == edge - 1)] for i in range(edge)]
    return b, g, a


@pytest.mark.parametrize(("edge", "taps"), [(tile.edge, tile.taps) for tile in choice.TILES])
def test_transforms_follow_from_the_points(edge, taps):
    """Sums over all points of A^T[i, n] * G[n, j] * B^T[n, d] are 1 where output i reads input d through tap j, else 0."""
    reads = np.array([[[d == i + j for d in range(edge + taps - 1)] for j in range(taps)] for i in range(edge)])
    exact = derived(edge, taps)
    b, g, a = (np.array(each, object) for each in exact)
    assert (sum(np.multiply.outer(np.multiply.outer(a[:, n], g[n]), b[n]) for n in range(len(b))) == reads).all()
    sizes = edge + taps - 1, taps, edge + taps - 1
    own = [np.array(kernel.py_func(*np.eye(size))) for kernel, size in zip(TRANSFORMS[edge, taps], sizes, strict=True)]
    np.testing.assert_allclose(np.einsum("in,nj,nd->ijd", own[2], own[1], own[0]), reads, atol=8 * EPSILON)
    for found, wanted in zip(own, exact, strict=True):  # signs may go from one to another
        np.testing.assert_allclose(abs(found), abs(np.array(wanted, np.float64)), rtol=EPSILON)


@st.composite
def filters_of_five(draw):
    """5x5 with stride 1, channels and filters enough for Winograd's way: shapes, padding, groups, flip."""
    groups = draw(st.sampled_from([1, 1, 2]))
    pads = tuple((draw(st.integers(0, 6)), draw(st.integers(0, 6))) for _ in range(2))
    sizes = tuple(max(1, 5 - sum(pad)) + draw(st.integers(0, 8)) for pad in pads)
    channels, count = (draw(st.sampled_from([32, 33, 40])) for _ in range(2))
    x_shape = (draw(st.sampled_from([1, 2, 5, 16, 21])), groups * channels, *sizes)
    return x_shape, (groups * count, channels, 5, 5), draw(st.sampled_from([pads, pads, "same"])), groups, draw(st.booleans())


def test_filters_of_five_taps(monkeypatch):
    monkeypatch.setenv(choice.VARIABLE, choice.WINOGRAD2)

    @fewer(2)
    @given(case=filters_of_five(), seed=seeds)
    def compare(case, seed):
        x_shape, weight_shape, padding, groups, flip = case
        x, weight, bias = (uniform(seed + n, shape) for n, shape in enumerate((x_shape, weight_shape, weight_shape[:1])))
        settings = {"padding": padding, "groups": groups, "flip": flip}
        soil()
        y = kernels.conv2d(x, weight, bias, **settings)
        largest = abs(x).max() * abs(weight).sum((1, 2, 3)) + abs(bias)
        close(y, kernels.conv2d(wide(x), wide(weight), wide(bias), **settings), BOUND / EPSILON * largest[:, None, None])
        dy = uniform(seed + 3, y.shape)
        dx = kernels.conv2d_backward_input(dy, weight, x_shape, **settings)
        largest = abs(dy).max() * abs(weight.reshape(groups, -1, *weight_shape[1:])).sum((1, 3, 4)).ravel()
        wanted = kernels.conv2d_backward_input(wide(dy), wide(weight), x_shape, **settings)
        close(dx, wanted, BOUND / EPSILON * largest[:, None, None])

    compare()


@pytest.mark.parametrize("images", [1, 3, 17, 32])
def test_network_with_filters_of_five_taps(images, monkeypatch):
    """Outputs and gradients are those of the textbook run, and have the same bits on any number of threads."""
    monkeypatch.setenv(choice.VARIABLE, choice.WINOGRAD2)
    block = L.Sequential(L.Conv2D(33, 1), L.Conv2D(40, 5, padding=2), L.LeakyReLU(), L.Conv2D(24, 5, padding=1), L.Flatten(), L.Linear(3))
    net = minicnn.Graph(block, input_shape=(4, 7, 9))
    x, labels = uniform(0, (images, 4, 7, 9)), np.arange(images) % 3
    wanted = net.forward(x.astype(np.float64))
    assert abs(net.forward(x) - wanted).max() <= 1e-5 * abs(wanted).max()
    _, wanted = net.backward(x.astype(np.float64), labels)

    def gradients_on(threads):
        plan = build_plan(net.topology, net.topology.memory_size, images, threads, training=True)
        assert plan.program.names.count("winograd_filters_step") == 4
        plan.run(net.parameter_memory, x, np.arange(images), images, labels=labels, keys=np.zeros(1, np.int64))
        return plan.gradient(images)

    found = net.gradients(gradients_on(1))
    for name, gradient in wanted.items():
        assert abs(found[name] - gradient).max() <= 5e-5 * abs(gradient).max(), name  # sums of dy, which partly cancel
    for name, gradient in net.gradients(gradients_on(3)).items():
        np.testing.assert_array_equal(gradient, found[name])


def test_chosen_where_it_pays(monkeypatch):
    """Layers of AlexNet and GoogLeNet, none of LeNet; the weight's gradient has no such tiles."""
    monkeypatch.delenv(choice.VARIABLE, raising=False)

    def ways(network, *works):
        for node in minicnn.zoo.build(network).topology.nodes:
            if isinstance(node.layer, Conv) and node.layer.axes(node.input_shapes)[0].taps == 5:
                own = (
                    node.layer.axes(node.input_shapes),
                    node.layer.groups,
                    (1, 1),
                    False,
                    node.input_shapes[0][0],
                    node.output_shapes[0][0],
                )
                yield {choose(Problem(work, *own), Images(images, shard)).name for work in works for images, shard in ((1, 1), (64, 16))}

    assert list(ways("alexnet-torchvision", FORWARD, BACKWARD_INPUT)) == [{choice.WINOGRAD2}]
    assert list(ways("alexnet-2012", FORWARD, BACKWARD_INPUT)) == [{choice.WINOGRAD2}]
    assert {choice.WINOGRAD2} in ways("googlenet", FORWARD)
    assert all(not own & set(choice.NAMES) for own in ways("lenet", FORWARD, BACKWARD_INPUT))
    assert all(not own & set(choice.NAMES) for own in ways("alexnet", BACKWARD_WEIGHT))
