"""Linear layers whose weights do not fit the cache: all images of a batch go through them together."""

import numpy as np
import pytest

from minicnn import engine
from minicnn import layers as L
from minicnn.engine import stages
from minicnn.engine.cutting import WIDEST
from minicnn.engine.stages import stages_of
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.network import Graph

FEATURES = 4 * 6 * 6
NETWORKS = {
    "flatten and dropout": L.Sequential(
        L.Conv2D(8, 3, padding=1),
        L.ReLU(),
        L.MaxPool2D(2),
        L.Conv2D(4, 3, padding=1),
        L.Flatten(),
        L.Dropout(),
        L.Linear(70),
        L.ReLU(),
        L.Linear(3),
    ),
    "a relu before": L.Sequential(L.Conv2D(4, 3, stride=2, padding=1), L.Flatten(), L.ReLU(), L.Linear(70), L.Sigmoid(), L.Linear(3)),
}


@pytest.fixture(scope="module", params=NETWORKS)
def net(request):
    return Graph(NETWORKS[request.param], (2, 12, 12))


@pytest.fixture
def two_stages(monkeypatch):
    """The first linear layer's weights count as more than the cache holds."""
    monkeypatch.setattr(stages, "MEMORY_BYTES", 4 * 69 * FEATURES)


@pytest.mark.parametrize("images", [LANES + 1, 3 * LANES, WIDEST + 3])
def test_stages_give_the_sums_of_the_network(two_stages, net, images):
    x = np.random.default_rng(0).standard_normal((images, 2, 12, 12)).astype(np.float32)
    x[-1] = x[0]
    head, tail = stages_of(net.topology, images)
    assert [each.layer.kind() for each in tail.topology.nodes if each.slots] == ["Linear", "Linear"]
    assert head.topology.output_shapes[0] == tail.topology.input_shape
    net.ready.clear()
    y = net.forward(x)
    np.testing.assert_allclose(y, net.forward(x.astype(np.float64)), atol=1e-4)
    np.testing.assert_array_equal(y[-1], y[0])
    for threads in (1, 3):
        np.testing.assert_array_equal(engine.forward(net, x, threads), y)


def test_a_tail_reads_its_weights_once_for_as_many_images_as_pay(two_stages, net):
    assert [cut.shard for cut in stages_of(net.topology, LANES + 1)[1].cuts] == [LANES + 1]
    assert [(cut.batch, cut.shard) for cut in stages_of(net.topology, 2 * WIDEST)[1].cuts] == [(2 * WIDEST, WIDEST)]


def test_one_stage_for_a_vector_of_images_and_for_weights_that_fit_the_cache(two_stages, net, monkeypatch):
    assert len(stages_of(net.topology, LANES)) == 1
    monkeypatch.undo()
    assert len(stages_of(net.topology, LANES + 1)) == 1


def test_a_value_that_is_read_again_behind_the_linear_layer_ends_no_stage(two_stages):
    block = L.Sequential(
        L.Conv2D(4, 3, stride=2, padding=1), L.Flatten(), L.Residual(L.Sequential(L.Linear(70), L.ReLU(), L.Linear(FEATURES)))
    )
    net = Graph(block, (2, 12, 12))
    x = np.random.default_rng(0).standard_normal((LANES + 1, 2, 12, 12)).astype(np.float32)
    np.testing.assert_allclose(net.forward(x), net.forward(x.astype(np.float64)), atol=1e-4)
