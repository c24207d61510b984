"""Two towers on two ranks compute what the network with groups computes in one process."""

import numpy as np
import pytest

import minicnn
from minicnn import layers as L
from minicnn import zoo
from minicnn.errors import GraphError
from minicnn.parallel.towers import tower

from . import two_towers

ROUNDING = 2e-5  # relative, of float32: gradients of maps that cross are added tower by tower, and twelve updates carry that on


@pytest.mark.filterwarnings("ignore::minicnn.errors.LearningWarning")
def test_two_towers_train_as_the_network_with_groups(run_ranks, tmp_path):
    """Losses of every epoch, with dropout and changes of images; weights, running statistics, momentum and averages at the end, on both."""
    alone = two_towers.outcome(None)  # first, for what it compiles two ranks need not
    ran = run_ranks(2, two_towers.__file__, str(tmp_path))
    assert ran.returncode == 0, ran.stderr
    first, second = (dict(np.load(tmp_path / f"rank-{rank}.npz")) for rank in range(2))
    assert first.keys() == second.keys() == alone.keys()
    for name, wanted in alone.items():
        scale = np.abs(wanted).max()
        np.testing.assert_allclose(first[name], wanted, rtol=ROUNDING, atol=ROUNDING * scale, err_msg=name)
        np.testing.assert_array_equal(first[name], second[name])


def test_maps_cross_where_the_network_of_2012_crosses():
    """Section 3.2: before conv3 and before the fully connected layers; the norms see two neighbours of the other tower."""
    net = zoo.build("alexnet-2012", classes=10, input_shape=(3, 67, 67))
    layers = [node.layer for node in tower(net, 1).nodes]
    crossings = [n for n, layer in enumerate(layers) if layer.kind() == "Crossing"]
    after = [type(layers[n + 1]).__name__ if n + 1 < len(layers) else "end" for n in crossings]
    assert after == ["LocalResponseNorm", "LocalResponseNorm", "Conv2D", "Linear", "OwnDropout", "OwnDropout", "end"]
    assert [layers[n].reach for n in crossings] == [2, 2, 0, 0, 0, 0, 0]
    assert [layer.filters for layer in layers if isinstance(layer, L.Conv2D)] == [48, 128, 192, 192, 128]


def test_a_tower_has_half_of_the_weights():
    net = two_towers.network()
    first, second = tower(net, 0), tower(net, 1)
    weights = net.parameters["conv3.weight"]
    np.testing.assert_array_equal(np.concatenate([own.parameters["half8.weight"] for own in (first, second)]), weights)
    assert first.topology.parameter_count == second.topology.parameter_count == net.topology.parameter_count // 2


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (L.Sequential(L.Conv2D(4, 3, padding=1), L.Residual(L.Conv2D(4, 3, padding=1))), "it is no chain of layers"),
        (L.Sequential(L.Conv2D(6, 3, groups=3)), r"has no halves"),
        (L.Sequential(L.Conv2D(5, 3)), "5 x|is \\(5"),
        (L.Sequential(L.Conv2D(4, 3), L.GroupNorm(2)), "has no halves"),
    ],
)
def test_what_has_no_halves_is_refused(body, words):
    with pytest.raises(GraphError, match=words):
        tower(minicnn.Graph(body, input_shape=(3, 8, 8)), 0)


def test_a_tower_alone_is_refused():
    own = tower(two_towers.network(), 0)
    with pytest.raises(GraphError, match="runs together with the other one"):
        own.forward(np.zeros((2, 1, 16, 16), np.float32))
