"""Batches of any number of images: cut into parts, every image gets the sums of the whole batch, and all are right."""

from itertools import pairwise

import numpy as np
import pytest

import minicnn
from minicnn import engine
from minicnn import layers as L
from minicnn.engine import batch_costs, cutting, shelf
from minicnn.engine.cutting import INFERENCE_BATCH, cuts
from minicnn.errors import MinicnnError
from minicnn.kernels.cpu.convolution import choice
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.network import Graph

WIDE = choice.FEWEST_CHANNELS
NETWORKS = {
    "winograd": (
        L.Sequential(
            L.Conv2D(WIDE, 3, padding=1),
            L.Residual(L.Sequential(L.Conv2D(2 * WIDE, 3, padding=1, bias=False), L.BatchNorm2D(), L.ReLU(), L.Conv2D(WIDE, 3, padding=1))),
            L.LocalResponseNorm(),
            L.AvgPool2D(3, stride=2, padding=1),
            L.Conv2D(2 * WIDE, 3, padding=1, groups=2),
            L.GlobalAvgPool(),
            L.Linear(5),
        ),
        (2, 13, 12),
    ),
    "strides, dilation and a single tap": (
        L.Sequential(
            L.Conv2D(8, 5, stride=2, padding=2),
            L.ReLU(),
            L.MaxPool2D(3, stride=2),
            L.Conv2D(7, 3, dilation=2, padding=2),
            L.Conv2D(9, 1),
            L.Flatten(),
            L.Linear(50),
            L.ReLU(),
            L.Linear(3),
        ),
        (3, 20, 17),
    ),
    "one axis": (L.Sequential(L.Conv1D(25, 5, stride=2, padding=1), L.ReLU(), L.Conv1D(25, 3), L.Flatten(), L.Linear(10)), (1, 40)),
    "three axes": (
        L.Sequential(L.Conv3D(6, 3, padding=1), L.Tanh(), L.MaxPool3D(2), L.Conv3D(5, 2), L.Flatten(), L.Linear(4)),
        (2, 6, 7, 5),
    ),
    "unshared": (L.Sequential(L.Conv2D(6, 3), L.ReLU(), L.Conv2D(5, 3, sharing="unshared"), L.Flatten(), L.Linear(4)), (2, 9, 8)),
    "tiled": (L.Sequential(L.Conv2D(6, 3, sharing=2), L.ReLU(), L.Conv2D(5, 3, sharing=3, padding=1), L.Flatten()), (2, 9, 8)),
    "filters that take turns": (
        L.Sequential(
            L.Conv2D(6, 3, sharing=2, padding=1),
            L.ReLU(),
            L.Conv2D(6, (3, 2), sharing=(2, 3), stride=(1, 2), dilation=(2, 1), padding=2, groups=2),
            L.Flatten(),
            L.Linear(3),
        ),
        (2, 17, 21),
    ),
    "turns along one axis": (L.Sequential(L.Conv1D(5, 4, sharing=3, stride=2, padding=3), L.Flatten()), (3, 101)),
    "turns along three axes": (L.Sequential(L.Conv3D(4, 2, sharing=(2, 1, 3), padding=1), L.ReLU(), L.Flatten()), (2, 4, 6, 13)),
    "weights that outweigh images": (L.Sequential(L.Conv2D(96, 3, padding=1, sharing="unshared"), L.GlobalAvgPool()), (64, 13, 13)),
}
SIZES = (1, 2, 3, 7, LANES - 1, LANES, LANES + 1, LANES + 5, 2 * LANES + 1, 40)


@pytest.fixture(scope="module", params=[*NETWORKS, choice.WINOGRAD2, choice.WINOGRAD4])
def case(request):
    """A network, 40 images, and their outputs in float64, NaN where that takes long."""
    forced = request.param not in NETWORKS
    block, shape = NETWORKS["winograd" if forced else request.param]
    net = Graph(block, shape)
    x = np.random.default_rng(0).standard_normal((40, *shape)).astype(np.float32)
    known = 1 if "outweigh" in request.param else 7 if forced else 40
    exact = np.full((40, *net.output_shape), np.nan)
    exact[:known] = net.forward(x[:known].astype(np.float64))
    with pytest.MonkeyPatch.context() as patch:
        if forced:
            patch.setenv(choice.VARIABLE, request.param)
        yield net, x, exact


@pytest.mark.parametrize("images", SIZES)
def test_every_size_is_right_and_every_place_has_the_same_bits(case, images):
    """The same image stands at two places, of which one is the last; the sums of both are those of any number of threads."""
    net, x, exact = case
    order = np.arange(images)
    order[-1] = 0
    some = x[order]
    y = net.forward(some)
    known = ~np.isnan(exact[order, 0])
    np.testing.assert_allclose(y[known], exact[order][known], atol=2e-5 * np.nanmax(abs(exact)))
    np.testing.assert_array_equal(y[-1], y[0])
    order = np.random.default_rng(images).permutation(images)
    np.testing.assert_array_equal(net.forward(some[order]), y[order])
    for threads in (1, 3):
        np.testing.assert_array_equal(engine.forward(net, some, threads), y)


def test_few_images_go_by_winograd(monkeypatch):
    monkeypatch.setenv(choice.VARIABLE, choice.WINOGRAD4)
    net = Graph(*NETWORKS["winograd"])
    for images in (2, LANES + 2):
        names = [name for plan in plans(net, images) for name in plan.program.names]
        assert any(name.startswith(("winograd_blocks", "winograd_products")) for name in names)


def plans(net, images):
    return engine.inference(net, images, np.dtype(np.float32), *engine.unchanged(net)).plans()


def test_cuts_hold_all_images_and_those_that_fill_no_vector_come_last():
    for block, shape in NETWORKS.values():
        topology = Graph(block, shape).topology
        for images in (*range(1, 200), 511, 512, 513, 1000):
            found = cuts(topology, images)
            assert sum(cut.images for cut in found) == images
            few = [cut.images for cut in found if cut.shard < LANES and cut.images < LANES]
            assert not few or max(few) - min(few) <= 1
            assert all(0 < cut.shard <= cut.batch and cut.batch % cut.shard == 0 for cut in found)
            assert all(cut.images % cut.shard == 0 for cut in found[: len(found) - max(1, len(few))])
            assert all(cut.batch <= max(INFERENCE_BATCH, cut.shard) for cut in found)
            (together,) = {cut.together for cut in found}
            assert together == cutting.inference_class(images, INFERENCE_BATCH) or images < together == LANES or together == images < LANES
            assert len({cut.by_feature for cut in found}) == 1


def test_few_images_go_apart_only_if_that_takes_less_time(monkeypatch):
    topology = minicnn.zoo.build("resnet20").topology
    assert [cut.images for cut in cuts(topology, LANES + 1)] == [LANES, 1]
    monkeypatch.setattr(batch_costs, "PART", 1e12)
    assert [cut.images for cut in cuts(topology, LANES + 1)] == [LANES + 1]


def test_images_fill_a_vector_that_takes_no_longer_than_they():
    topology = minicnn.zoo.build("resnet20").topology
    assert [cut.shard for cut in cuts(topology, LANES - 1)] == [LANES]
    assert all(cut.shard < LANES for cut in cuts(topology, 2))


def test_threads_take_shards_of_any_width_where_lanes_are_columns():
    topology = minicnn.zoo.build("lenet").topology
    assert [cut.shard for cut in cuts(topology, LANES + 1)] == [LANES // 2 + 1]


def test_images_by_winograd_come_in_full_vectors_beside_others():
    topology = minicnn.zoo.build("resnet20").topology
    for images in range(LANES, 200):
        for cut in cuts(topology, images):
            assert cut.shard < LANES or cut.shard % LANES == 0


@pytest.mark.parametrize("name", ["lenet", "resnet20", "alexnet-torchvision"])
def test_the_time_an_image_is_thought_to_rise_nowhere_by_a_third(name):
    """Where the model sees a cliff, the way around it is missing among those that it chooses from."""
    topology = minicnn.zoo.build(name).topology
    times = []
    for images in range(1, 5 * LANES):
        times.append(sum(cut.cycles(topology) for cut in cuts(topology, images)) / images)
    assert max(after / before for before, after in pairwise(times)) < 4 / 3


def test_weights_that_outweigh_images_are_read_by_one_shard_that_threads_share():
    topology = Graph(*NETWORKS["weights that outweigh images"]).topology
    assert [(cut.shard, cut.split) for cut in cuts(topology, 4 * LANES + 1)] == [(5 * LANES, True)]


def test_a_plan_that_was_given_up_is_made_again(monkeypatch):
    net, x = minicnn.zoo.build("lenet"), np.zeros((LANES + 1, 1, 28, 28), np.float32)
    y = net.forward(x)
    monkeypatch.setattr(shelf, "KEPT_BYTES", 1)
    net.forward(x[:3])
    np.testing.assert_array_equal(net.forward(x), y)


def test_what_is_ready_serves_other_arrays_of_its_kind_and_no_others():
    net = minicnn.zoo.build("lenet")
    x = np.random.default_rng(0).standard_normal((3, 1, 28, 28)).astype(np.float32)
    y = net.forward(x)
    before = net.forward(x[:1])
    for same in (x.copy(order="F"), np.repeat(x, 2, axis=3)[..., ::2], x.tolist()):
        np.testing.assert_array_equal(net.forward(np.asarray(same, np.float32)), y)
    x.flags.writeable = False
    np.testing.assert_array_equal(net.forward(x), y)
    assert net.forward(x.astype(np.float64)).dtype == np.float64
    with pytest.raises(MinicnnError, match="x is int64"):
        net.forward(x.astype(np.int64))
    with pytest.raises(MinicnnError, match="must be float32"):
        net.forward(x.astype(">f4"))
    minicnn.set_threads(1)
    try:
        np.testing.assert_array_equal(net.forward(x), y)
    finally:
        minicnn.set_threads(None)
    net.parameters["fc3.bias"][...] += 1
    np.testing.assert_allclose(net.forward(x[:1]), before + 1, atol=1e-5)


def test_kinds_that_are_ready_are_few(monkeypatch):
    net = minicnn.zoo.build("mnist1d-cnn")
    monkeypatch.setattr("minicnn.network.KEPT_READY", 4)
    for images in range(1, 9):
        net.forward(np.zeros((images, *net.input_shape), np.float32))
    assert len(net.ready) <= 4
