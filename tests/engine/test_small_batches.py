"""Small training batches: shards as wide as their images, steps in parts, and the same gradients whatever the lanes hold."""

import numpy as np
import pytest

from minicnn import engine, zoo
from minicnn import layers as L
from minicnn.engine import plan as planning
from minicnn.engine.plan import build_plan, shard_size
from minicnn.engine.small_batches import small_shard
from minicnn.network import Graph
from minicnn.optimizers import SGD

NETS = {
    "strides leave a rest": (
        (2, 11, 9),
        [L.Conv2D(5, 3, stride=2, padding=1), L.ReLU(), L.MaxPool2D(2), L.Flatten(), L.Linear(7), L.ReLU()],
    ),
    "strides lead back": (
        (2, 13, 12),
        [
            L.Conv2D(5, 3, padding=1),
            L.ReLU(),
            L.Conv2D(8, 3, stride=2, padding=1),
            L.Conv2D(4, 1, stride=2),
            L.ConvTranspose2D(3, 2, stride=3),
        ],
    ),
    "a batch is normalized": (
        (3, 7, 6),
        [L.Conv2D(16, 3, padding=1, bias=False), L.BatchNorm2D(), L.ReLU(), L.Conv2D(4, 3, padding=1), L.BatchNorm2D(), L.Flatten()],
    ),
    "branches": (
        (2, 6, 5),
        [L.Concat(L.Sequential(L.Conv2D(3, 1), L.ReLU()), L.Sequential(L.Conv2D(2, 3, padding=1), L.Tanh())), L.Residual(L.Sigmoid())],
    ),
    "windows": (
        (4, 9, 8),
        [
            L.LocalResponseNorm(3),
            L.AvgPool2D(3, stride=2),
            L.ScaledTanh(),
            L.MaxPool2D(3, stride=1, padding=1),
            L.Subsample2D(2),
            L.Flatten(),
        ],
    ),
    "filters take turns": (
        (3, 8, 6),
        [L.Conv2D(4, 3, padding=1, sharing=2), L.LeakyReLU(), L.Conv2D(3, 3, sharing="unshared"), L.Flatten()],
    ),
    "wide": ((17, 5, 5), [L.Conv2D(40, 3, padding=1), L.ReLU(), L.Upsample(2), L.ConvTranspose2D(3, 2, stride=2), L.GlobalAvgPool()]),
}
LAYOUTS = [(1, 1, False), (1, 1, True), (3, 3, True), (5, 3, False), (7, 3, True), (18, 18, False), (23, 9, False)]


def gradients(net, x, labels, threads):
    """Loss and gradients by a plan whose memory holds no numbers at first, but for zeros that no step writes."""
    topology = net.topology
    plan = build_plan(topology, topology.memory_size, len(x), threads, training=True)
    begin, size = plan.layout.arena_begin, plan.layout.arena_size
    plan.memory[begin:] = np.nan
    for arena in range(begin, len(plan.memory) - size + 1, max(1, size)):
        for offset, count in plan.program.zeros:
            plan.memory[arena + offset :][:count] = 0
    statistics = plan.run(net.parameter_memory, x, np.arange(len(x)), len(x), labels=labels, keys=np.zeros(1, np.int64))
    return statistics[0, 0] / len(x), net.gradients(plan.gradient(len(x)))


@pytest.fixture(params=NETS)
def net(request):
    shape, layers = NETS[request.param]
    return Graph(L.Sequential(*layers, L.Flatten(), L.Linear(3)), input_shape=shape)


@pytest.mark.parametrize(("images", "shard", "split"), LAYOUTS)
def test_gradients_are_those_of_the_textbook_whatever_the_shards(net, images, shard, split, monkeypatch):
    monkeypatch.setattr(planning, "shard_size", lambda *_, **__: shard)
    monkeypatch.setattr(planning, "splits_steps", lambda *_: split)
    rng = np.random.default_rng(images)
    x, labels = rng.standard_normal((images, *net.input_shape)).astype(np.float32), rng.integers(0, 3, images)
    loss, wanted = net.backward(x.astype(np.float64), labels)
    first = gradients(net, x, labels, 1)
    assert first[0] == pytest.approx(loss, rel=1e-5)
    largest = max(np.abs(each).max() for each in wanted.values())
    for name, want in wanted.items():
        np.testing.assert_allclose(first[1][name], want, atol=2e-5 * largest, err_msg=name)
    for threads in (2, 3):
        again = gradients(net, x, labels, threads)
        assert again[0] == first[0]
        assert all(np.array_equal(again[1][name], first[1][name]) for name in wanted)


@pytest.mark.parametrize("name", ["lenet", "lenet5-1998"])
def test_a_shard_is_no_wider_than_its_images(name):
    topology = zoo.build(name).topology
    for batch in range(1, 64):
        shard = shard_size(topology, batch)
        shards = -(-batch // shard)
        assert shard * shards - batch < max(shards, 2)
        assert shards == 1 or shards % 2 == 0


def test_full_vectors_that_go_by_winograd_may_have_empty_lanes():
    """64 channels each way: a vector of 16 images takes less than half of the multiplications, so that 12 images leave four lanes empty."""
    topology = Graph(L.Sequential(*[L.Conv2D(64, 3, padding=1) for _ in range(4)]), (64, 56, 56)).topology
    assert [small_shard(topology, batch) for batch in (1, 4, 15, 16)] == [1, 4, 16, 16]


def test_the_last_batch_of_an_epoch_gives_the_update_of_its_images():
    net, other = zoo.build("lenet"), zoo.build("lenet")
    rng = np.random.default_rng(0)
    x, labels = rng.standard_normal((11, 1, 28, 28)).astype(np.float32), rng.integers(0, 10, 11)
    keys, rates = np.zeros(2, np.int64), np.array([[0.1] + [0.0] * (len(SGD.number_names) - 1)] * 2)

    def plan(batch):
        return build_plan(net.topology, net.topology.memory_size, batch, 2, training=True, optimizer=SGD(momentum=0.0))

    plan(8).run(net.parameter_memory, x, np.arange(11), 8, labels=labels, keys=keys, rates=rates)
    for batch in (slice(0, 8), slice(8, 11)):
        count = batch.stop - batch.start
        plan(count).run(other.parameter_memory, x[batch], np.arange(count), count, labels=labels[batch], keys=keys[:1], rates=rates[:1])
    np.testing.assert_allclose(net.parameter_memory, other.parameter_memory, atol=1e-6)


def test_the_gradient_of_a_batch_is_the_mean_of_those_of_its_images():
    net = zoo.build("lenet")
    rng = np.random.default_rng(1)
    x, labels = rng.standard_normal((9, 1, 28, 28)).astype(np.float32), rng.integers(0, 10, 9)
    _, whole = engine.backward(net, x, labels)
    parts = [engine.backward(net, x[n : n + 1], labels[n : n + 1])[1] for n in range(9)]
    for name, gradient in whole.items():
        np.testing.assert_allclose(gradient, np.mean([part[name] for part in parts], axis=0), atol=1e-6 * 9, err_msg=name)
