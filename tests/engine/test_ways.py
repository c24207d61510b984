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


def test_filters_of_single_positions_that_fill_the_cache_are_read_by_two_shards():
    """They go from memory into every shard, so that there are no more of these than threads to share the work."""
    own, shared = (Graph(L.Conv2D(96, 3, padding=1, sharing=each), (64, 13, 13)).topology for each in ("unshared", "shared"))
    assert [shard_size(own, batch) for batch in (16, 64, 128)] == [16, 32, 64]
    assert shard_size(shared, 64) == 16
