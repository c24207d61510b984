"""A convolution in a network goes the ways that its functions go, and computes the same."""

import numpy as np
import pytest

from minicnn import kernels
from minicnn import layers as L
from minicnn.engine.plan import build_plan, shard_size
from minicnn.kernels.cpu.convolution import ways
from minicnn.network import Graph


def steps_and_gradients(layer, shape, images):
    """The names of a training step's kernels, and what it makes of x: the layer's output is averaged, then class 0 is wanted."""
    net = Graph(L.Sequential(layer, L.GlobalAvgPool()), shape)
    parameters = net.parameter_memory
    plan = build_plan(net.topology, len(parameters), images, 2, training=True, input_gradient=True)
    x = np.random.default_rng(0).standard_normal((images, *shape)).astype(np.float32)
    dx = np.empty_like(x)
    plan.run(parameters, x, np.arange(images), images, labels=np.zeros(images, np.int64), input_gradient=dx)
    logits = net.forward(x).astype(np.float64)
    dlogits = np.exp(logits - logits.max(axis=1, keepdims=True))
    dlogits /= dlogits.sum(axis=1, keepdims=True)
    dlogits[:, 0] -= 1
    out = net.nodes[0].output_shapes[0]
    dy = np.broadcast_to((dlogits / images / np.prod(out[1:]))[:, :, None, None], (images, *out)).copy()
    return plan, net, x, dy, dx


@pytest.fixture
def large_weights(monkeypatch):
    """All weights count as too large for the cache, and as worth the copying of patches."""
    monkeypatch.setattr(ways, "MEMORY_BYTES", 0)
    monkeypatch.setattr(ways, "patches_pay", lambda *_, **__: True)
    ways.chosen.cache_clear()
    yield
    ways.chosen.cache_clear()


@pytest.mark.parametrize("images", [16, 31])
@pytest.mark.parametrize(("sharing", "flip"), [("unshared", False), (3, False), ("unshared", True)])
def test_weights_that_serve_few_positions_are_read_once_forward_and_back(sharing, flip, images, large_weights):
    layer = L.Conv2D(5, 3, padding=1, sharing=sharing, flip=flip)
    plan, net, x, dy, dx = steps_and_gradients(layer, (3, 6, 5), images)
    names = set(plan.program.names)
    assert ({"unshared_step_backward_weight", "unshared_step_backward_input"} <= names) is not flip
    weight = net.parameters["conv1.weight"].astype(np.float64)
    if flip:
        weight = weight[..., ::-1, ::-1]
    name = "unshared_conv2d" if sharing == "unshared" else "tiled_conv2d"
    want = getattr(kernels, f"{name}_backward_input")(dy, weight, x.shape, padding=1)
    np.testing.assert_allclose(dx, want, atol=2e-6 * np.abs(want).max())
    want = getattr(kernels, f"{name}_backward_weight")(dy, x.astype(np.float64), weight.shape, padding=1)
    got = net.views(plan.gradient(images))["conv1.weight"]
    np.testing.assert_allclose(got[..., ::-1, ::-1] if flip else got, want, atol=1e-5 * np.abs(want).max())


@pytest.fixture
def every_stride_by_remainder(monkeypatch):
    monkeypatch.setattr(ways, "goes_by_remainder", lambda *_: True)
    ways.chosen.cache_clear()
    yield
    ways.chosen.cache_clear()


STRIDED = {
    "a rest": ((3, 3), {"stride": 2, "padding": 1}, (7, 10)),
    "none": ((3, 3), {"stride": 2, "padding": 1}, (8, 8)),
    "pixels that no tap reads": ((2, 1), {"stride": 3}, (8, 9)),
    "a single tap": ((1, 1), {"stride": 2}, (5, 6)),
    "dilation": ((3, 2), {"stride": 2, "dilation": (2, 3), "padding": 2}, (9, 8)),
    "one axis": ((3, 5), {"stride": (1, 4), "padding": (1, 2)}, (4, 17)),
    "groups": ((4, 3), {"stride": 2, "padding": 1, "groups": 2}, (9, 9)),
    "more padding than taps": ((2, 2), {"stride": 2, "padding": 3}, (4, 5)),
    "flipped": ((3, 4), {"stride": 2, "padding": 1, "flip": True}, (9, 8)),
    "one position": ((5, 5), {"stride": 5}, (5, 5)),
}


@pytest.mark.parametrize("images", [1, 3, 8, 17])
@pytest.mark.parametrize("case", STRIDED)
def test_strides_of_few_images_lead_back_by_remainder(case, images, every_stride_by_remainder):
    window, settings, size = STRIDED[case]
    plan, net, x, dy, dx = steps_and_gradients(L.Conv2D(10, window, **settings), (4, *size), images)
    assert "interleave_step" in plan.program.names
    weight, own = net.parameters["conv1.weight"].astype(np.float64), dict(settings)
    weight = weight[..., ::-1, ::-1] if own.pop("flip", False) else weight
    want = kernels.conv2d_backward_input(dy, weight, x.shape, **own)
    np.testing.assert_allclose(dx, want, atol=2e-6 * np.abs(want).max())


@pytest.mark.parametrize("layer", [L.ConvTranspose2D(5, 2, stride=3), L.ConvTranspose2D(6, 3, stride=2, padding=1, groups=2)])
def test_few_images_are_convolved_backwards_with_a_bias(layer, every_stride_by_remainder):
    """Also where no input reaches."""
    net = Graph(L.Sequential(layer, L.ReLU(), L.Flatten(), L.Linear(2)), (4, 5, 6))
    net.parameters["up1.bias"][...] = np.arange(len(net.parameters["up1.bias"])) - 2.5
    x = np.random.default_rng(0).standard_normal((3, 4, 5, 6)).astype(np.float32)
    plan = build_plan(net.topology, len(net.parameter_memory), 3, 1, training=False, shard=3)
    assert "interleave_step" in plan.program.names
    output = np.empty((3, 2), np.float32)
    plan.run(net.parameter_memory, x, np.arange(3), 3, output=output)
    np.testing.assert_allclose(output, net.forward(x.astype(np.float64)), rtol=1e-4, atol=1e-5)


def test_a_strided_gradient_takes_no_longer_than_the_lanes_that_it_fills():
    """Eight images of ResNet-20: two shards of four; full vectors stay as they are."""
    for images, by_remainder in ((8, True), (32, False)):
        net = Graph(L.Sequential(L.Conv2D(16, 3, padding=1), L.Conv2D(32, 3, stride=2, padding=1), L.GlobalAvgPool()), (3, 32, 32))
        plan = build_plan(net.topology, len(net.parameter_memory), images, 2, training=True)
        assert ("interleave_step" in plan.program.names) is by_remainder


def test_filters_of_single_positions_that_fill_the_cache_are_read_by_two_shards():
    """They go from memory into every shard, so that there are no more of these than threads to share the work."""
    own, shared = (Graph(L.Conv2D(96, 3, padding=1, sharing=each), (64, 13, 13)).topology for each in ("unshared", "shared"))
    assert [shard_size(own, batch) for batch in (16, 64, 128)] == [16, 32, 64]
    assert shard_size(shared, 64) == 16
