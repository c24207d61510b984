"""How much memory a process takes: what the plan says, held against plans and processes."""

from __future__ import annotations

import pytest

import minicnn
from minicnn import layers as L
from minicnn import optimizers, zoo
from minicnn.bench.network_memory import own_network
from minicnn.bench.process import call, peak_bytes
from minicnn.engine.footprint import inference_footprint, training_footprint
from minicnn.engine.plan import build_plan
from minicnn.errors import GraphError

SGD = optimizers.SGD(learning_rate=0.01, momentum=0.9)
WITHIN = 0.1


@pytest.mark.parametrize(("name", "training", "batch"), [("resnet20", True, 64), ("resnet18", False, 4), ("lenet", True, 128)])
def test_a_process_takes_what_its_plan_says(name, training, batch):
    net = zoo.build(name)
    found = training_footprint(net, batch, SGD, threads=2) if training else inference_footprint(net, batch, threads=2)
    # the first process compiles, the second has nothing to
    _, peak = (call(own_network, name, training, batch, 2, using=(peak_bytes,)).value["peak"] for _ in range(2))
    assert abs(found.total_bytes - peak) < WITHIN * peak, f"{found}: {peak:,} bytes"


@pytest.mark.parametrize("training", [True, False])
def test_a_plan_gets_the_memory_that_it_says(training):
    topology = zoo.build("resnet20").topology
    purpose = {"training": training, "optimizer": SGD if training else None}
    real, told = (build_plan(topology, topology.memory_size, 20, 2, allocated=each, compiled=False, **purpose) for each in (True, False))
    assert told.stretches == real.stretches
    assert 0 <= len(real.memory) - sum(real.stretches) <= 16
    assert len(told.memory) <= 16


@pytest.mark.parametrize(("batch", "shard"), [(16, 8), (32, 16), (64, 16)])
def test_no_more_arenas_than_shards(batch, shard):
    """Threads without a shard of their own need no memory for one."""
    topology = zoo.build("lenet").topology
    plan = build_plan(topology, topology.memory_size, batch, 4, training=True, optimizer=SGD, compiled=False, allocated=False)
    assert plan.layout.shard == shard
    assert plan.stretches.arenas == -(-batch // plan.layout.shard) * plan.program.arena_size


def test_parts():
    net = zoo.build("lenet")
    found = training_footprint(net, 128, SGD, threads=1)
    size = 4 * net.topology.memory_size
    assert (found.purpose, found.batch, found.threads, found.optimizer) == ("training", 128, 1, "sgd")
    assert found.parameter_bytes == size
    assert found.state_bytes == pytest.approx(size, rel=0.01)
    assert found.gradient_bytes >= size
    assert found.image_bytes == 128 * 28 * 28 * 4
    assert found.total_bytes == sum(value for name, value in found._asdict().items() if name.endswith("_bytes"))
    assert found.to_dict()["total_bytes"] == found.total_bytes
    use = inference_footprint(net, 128, threads=1)
    assert (use.optimizer, use.gradient_bytes, use.state_bytes) == (None, 0, 0)
    assert use.image_bytes == 128 * (28 * 28 + 10) * 4


def test_adam_remembers_twice_as_much():
    net = zoo.build("lenet")
    once, twice = (training_footprint(net, 16, each).state_bytes for each in (SGD, optimizers.Adam()))
    assert twice == 2 * once


def test_a_large_network_takes_no_memory_to_be_told():
    """ResNet-18 on 4,096 images: more than most machines have."""
    assert training_footprint(zoo.build("resnet18"), 4096, SGD).total_bytes > 60e9


def test_free_axes_have_no_size():
    net = minicnn.Graph(L.Sequential(L.Conv2D(4, 3), L.GlobalAvgPool(), L.Linear(2)), (1, None, None))
    with pytest.raises(GraphError, match="memory depends on the size of its images"):
        inference_footprint(net, 1)
