"""Batch normalization, an addition and relu within the last step of a convolution: only in use, where nobody else reads, and always right."""

from dataclasses import replace

import numpy as np
import pytest

from minicnn import engine
from minicnn import layers as L
from minicnn.engine.fusion import find_fusions
from minicnn.engine.operations import operation_of
from minicnn.engine.plan import build_plan
from minicnn.graph import ValueRef
from minicnn.kernels.cpu.convolution import choice
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.network import Graph

from ..kernels.comparing import soil

SIZES = (1, 3, LANES, LANES + 2)


def used_for_a_while(net, seed=0):
    """The same with weights of all layers, and running statistics, as training may leave them."""
    rng = np.random.default_rng(seed)
    for name, value in net.views(net.parameter_memory, buffers=True).items():
        if name.endswith("running_var"):
            value[...] = rng.uniform(0.3, 3, value.shape)
        elif value.ndim == 1:
            value[...] = rng.normal(0, 1, value.shape)
    return net


def pixels(images, shape, seed=1):
    return np.random.default_rng(seed).standard_normal((images, *shape)).astype(np.float32)


def names(net, images=1):
    """Of the steps of all parts of a call."""
    ready = engine.inference(net, images, np.dtype(np.float32), *engine.unchanged(net))
    return [name for plan in ready.plans() for name in plan.program.names]


def passes(net, images=1):
    """The passes over memory that a convolution might have spared."""
    spared = ("batch_norm_inference", "add_two_step", "add_step", "copy_step", "relu_step_forward")
    return sorted(name for name in names(net, images) if name in spared)


def right(net, x):
    """The same as the loops in float64, poisoned memory or not; the same bits on any number of threads."""
    soil()
    y = net.forward(x)
    exact = net.forward(x.astype(np.float64))
    np.testing.assert_allclose(y, exact, atol=3e-6 * abs(exact).max() * len(net.nodes))
    for threads in (1, 3):
        np.testing.assert_array_equal(engine.forward(net, x, threads), y)
    return y


CONV, NORM, RELU = L.Conv2D(4, 3, padding=1), L.BatchNorm2D(), L.ReLU()
SHAPE = (4, 7, 6)


@pytest.mark.parametrize(
    ("block", "left"),
    [
        (L.Sequential(CONV, NORM), []),
        (L.Sequential(CONV, NORM, RELU), []),
        (L.Sequential(CONV, NORM, RELU, L.MaxPool2D(2)), []),
        (L.Residual(L.Sequential(CONV, NORM)), []),
        (L.Sequential(L.Residual(L.Sequential(CONV, NORM)), RELU), []),
        (L.Sequential(L.Residual(CONV), RELU, L.MaxPool2D(2)), []),
        (L.Sequential(L.Residual(L.Sequential(CONV, NORM), L.Sequential(L.Conv2D(4, 1), NORM)), RELU), []),
        (L.Residual(L.Sequential(CONV, NORM, RELU)), ["add_two_step"]),  # relu comes before the sum
        (L.Sequential(L.Residual(L.Sequential(NORM, RELU)), RELU), ["add_two_step", "batch_norm_inference"]),
        (L.Sequential(CONV, NORM, NORM), ["batch_norm_inference"]),
        (L.Sequential(CONV, L.Residual(NORM)), ["add_two_step", "batch_norm_inference"]),  # two read the convolution
        (L.Sequential(L.Conv2D(4, 3, sharing=2), NORM, RELU), ["batch_norm_inference"]),  # a bias for each place of a tile
        (L.Sequential(L.ConvTranspose2D(4, 3), NORM, RELU), ["batch_norm_inference"]),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
@pytest.mark.parametrize("images", [1, LANES])
def test_what_a_convolution_does_on_the_way(block, left, images):
    net = used_for_a_while(Graph(block, SHAPE))
    assert passes(net, images) == left
    right(net, pixels(images, SHAPE))


def test_the_value_that_is_added_must_be_there_before():
    """Of two convolutions whose outputs meet, the one that is computed last adds."""
    net = Graph(L.Sequential(L.Residual(L.Sequential(CONV, NORM), L.Sequential(CONV, NORM, RELU))), SHAPE)
    found = find_fusions(net.topology, operation_of, in_use=True)
    ((last, followers),) = [each for each in found.followers.items() if each[1].added is not None]
    assert followers.added.node < last
    assert net.topology.nodes[last + 1] == followers.norm


def test_a_value_that_has_its_place_later_is_not_added():
    """The normalization of the first convolution stands behind the second one."""
    topology = Graph(L.Sequential(L.Residual(L.Sequential(CONV, NORM), L.Sequential(CONV, NORM))), SHAPE).topology
    first, norm, second, last, add = topology.nodes
    moved = [first, replace(second, index=1), replace(norm, index=2), last, add]
    places = {1: 2, 2: 1}
    moved = [replace(node, inputs=tuple(ValueRef(places.get(ref.node, ref.node), ref.output) for ref in node.inputs)) for node in moved]
    found = find_fusions(replace(topology, nodes=tuple(moved)), operation_of, in_use=True)
    assert {index: each.norm.index for index, each in found.followers.items()} == {0: 2, 1: 3}
    assert all(each.added is None for each in found.followers.values())


def test_training_and_values_that_are_asked_for_are_left_alone():
    net = used_for_a_while(Graph(L.Sequential(L.Residual(L.Sequential(CONV, NORM)), RELU), SHAPE))
    assert not find_fusions(net.topology, operation_of).followers
    for purpose in ({"training": True}, {"training": True, "inference": True}, {"training": True, "outputs": True}):
        plan = build_plan(net.topology, len(net.parameter_memory), 2, 1, compiled=False, **purpose)
        assert "batch_norm_factors" not in plan.program.names
    x = pixels(3, SHAPE)
    wanted = net.activations(x.astype(np.float64), [node.name for node in net.nodes])
    for asked in [[node.name] for node in net.nodes] + [list(wanted)]:
        for name, value in net.activations(x, asked).items():
            np.testing.assert_allclose(value, wanted[name], atol=1e-4)


def test_parameters_may_change_between_calls():
    net, x = used_for_a_while(Graph(L.Sequential(CONV, NORM), SHAPE)), pixels(2, SHAPE)
    before = right(net, x)
    for name in ("conv1.bias", "bn1.weight", "bn1.bias", "bn1.running_mean", "bn1.running_var"):
        net.views(net.parameter_memory, buffers=True)[name][1] += 0.5
        after = right(net, x)
        assert (after[:, 1] != before[:, 1]).any()
        np.testing.assert_array_equal(after[:, [0, 2, 3]], before[:, [0, 2, 3]])
        before = after


def of_axes(axes, kind):
    return getattr(L, f"{kind}{axes}D")


@pytest.mark.parametrize("seed", range(16))
def test_generated_settings(seed):
    """A convolution that may be strided, dilated, in groups or of one filter a group, and a residual block around another one."""
    rng = np.random.default_rng(seed)
    axes = int(rng.integers(1, 4))
    groups = int(rng.choice([1, 1, 2, 4, 20]))
    filters, channels = groups * int(rng.integers(1, 4)), groups * int(rng.integers(1, 4))
    shape = (channels, *(int(n) for n in rng.integers(4, 11 if axes < 3 else 7, axes)))
    conv, norm, pool = (of_axes(axes, kind) for kind in ("Conv", "BatchNorm", "MaxPool"))
    taps, stride, dilation = int(rng.choice([1, 2, 3])), int(rng.choice([1, 1, 2, 3])), int(rng.choice([1, 1, 2]))
    first = conv(filters, taps, stride=stride, dilation=dilation, padding=dilation, groups=groups, bias=bool(rng.integers(2)))
    same = conv(filters, int(rng.choice([1, 3])), padding="same", groups=groups, bias=bool(rng.integers(2)), flip=bool(rng.integers(2)))
    body = [same, norm()] if rng.integers(3) else [same]
    block = [first, norm(), L.ReLU(), L.Residual(L.Sequential(*body)), *([L.ReLU()] if rng.integers(2) else []), pool(2, stride=1)]
    net = used_for_a_while(Graph(L.Sequential(*block), shape), seed)
    assert passes(net) == []
    for images in SIZES:
        right(net, pixels(images, shape))


@pytest.mark.parametrize("images", [1, 3, LANES, 2 * LANES + 1])
@pytest.mark.parametrize("name", [choice.DIRECT, choice.WINOGRAD2, choice.WINOGRAD4])
@pytest.mark.parametrize(("channels", "side"), [(32, 9), (40, 33)], ids=["stage by stage", "in blocks"])
def test_ways_of_three_by_three(monkeypatch, name, images, channels, side):
    """An infinite pixel, for which Winograd's way computes tiles anew, stays where the loops have it."""
    monkeypatch.setenv(choice.VARIABLE, name)
    conv = L.Conv2D(channels, 3, padding=1, bias=False, groups=2 if side == 9 and images == 3 else 1)
    net = Graph(L.Sequential(L.Residual(L.Sequential(conv, L.BatchNorm2D())), L.ReLU()), (channels, side, side))
    assert passes(used_for_a_while(net), images) == []
    x = pixels(images, net.input_shape)
    exact = net.forward(x[:1].astype(np.float64))
    y = right(net, x) if side == 9 else net.forward(x)
    np.testing.assert_allclose(y[:1], exact, atol=2e-5 * abs(exact).max())
    x[0, 3, side // 2, 1] = np.inf
    with np.errstate(all="ignore"):
        exact = net.forward(x[:1].astype(np.float64))
    finite = np.isfinite(exact)
    assert 0.8 < finite.mean() < 1
    y = net.forward(x)[:1]
    np.testing.assert_array_equal(np.isfinite(y), finite)
    np.testing.assert_allclose(y[finite], exact[finite], atol=2e-5 * abs(exact[finite]).max())
