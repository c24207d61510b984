"""Steps of a first phase move right before the phase that reads what they prepare, and their results share memory."""

from __future__ import annotations

import numpy as np
import pytest

import minicnn
from minicnn import layers as L
from minicnn.engine import plan
from minicnn.kernels.cpu.program import program as programs
from minicnn.kernels.cpu.program.preparation import just_in_time
from minicnn.kernels.cpu.program.program import SHARDS, SLICES, SPLIT, Program, padded
from minicnn.kernels.machine_code.compile import step


@pytest.mark.parametrize(
    ("phases", "needed", "order", "found"),
    [
        ([(SLICES, 0, 2, 8), (SHARDS, 2, 5, 1)], {0: 2, 1: 4}, [0, 1, 2, 3, 4], [(SLICES, 0, 2, 8), (SHARDS, 2, 5, 1)]),
        (
            [(SLICES, 0, 2, 8), (SHARDS, 2, 4, 1), (SHARDS, 4, 6, 1)],
            {0: 5, 1: 2},
            [1, 2, 3, 0, 4, 5],
            [(SLICES, 0, 1, 8), (SHARDS, 1, 3, 1), (SLICES, 3, 4, 8), (SHARDS, 4, 6, 1)],
        ),
        (
            [(SLICES, 0, 2, 8), (SPLIT, 2, 3, 4), (SLICES, 3, 4, 2)],
            {1: 2},
            [0, 1, 2, 3],
            [(SLICES, 0, 1, 8), (SLICES, 1, 2, 8), (SPLIT, 2, 3, 4), (SLICES, 3, 4, 2)],
        ),
    ],
    ids=["one phase reads all", "in the order of their readers", "one that nobody reads"],
)
def test_the_new_order(phases, needed, order, found):
    assert just_in_time(phases, needed) == (order, found)


@step("place")
def writes(memory, parameters, table, a, frame):
    pass


@step("place")
def reads(memory, parameters, table, a, frame):
    pass


def finished(stages):
    """Results of 1,000 numbers each, made at first; each is read in a phase of its own."""
    program = Program()
    results = [program.common(1000) for _ in range(stages)]
    for each in results:
        program.step(writes, place=each)
    program.close_phase(SLICES, 8)
    program.faults[stages] = "of the first reader"
    for each in results:
        program.step(reads, place=each)
        program.close_phase(SHARDS)
    return program.finish(compiled=False, common_begin=160)


def test_results_that_take_much_memory_share_it(monkeypatch):
    monkeypatch.setattr(programs, "PREPARED_BYTES", 0)
    program = finished(5)
    assert program.names == ("writes", "reads") * 5
    assert program.common_size == padded(1000)
    assert program.steps[:, 1].tolist() == [160] * 10
    assert program.phases[:, 0].tolist() == [SLICES, SHARDS] * 5
    assert program.faults == {1: "of the first reader"}


def test_results_that_take_little_memory_are_made_at_first(monkeypatch):
    monkeypatch.setattr(programs, "PREPARED_BYTES", 5 * 4000)
    program = finished(5)
    assert program.names == ("writes",) * 5 + ("reads",) * 5
    assert program.common_size == 5 * padded(1000)
    assert program.steps[5:, 1].tolist() == program.steps[:5, 1].tolist() == [160 + n * padded(1000) for n in range(5)]


def test_what_all_shards_share_counts_for_whole_phases():
    """Shards are at different steps of a phase at the same time."""
    program = Program()
    one, other = program.common(100), program.common(100)
    for place in (one, one, other, other):
        program.step(writes, place=place)
    program.close_phase(SHARDS)
    assert program.finish(compiled=False).common_size == 2 * padded(100)


@pytest.mark.parametrize("training", [True, False])
def test_networks_compute_the_same_bits(monkeypatch, training):
    """Winograd's filters, forward and back; a network whose batch normalization makes many phases, on one thread and on two."""
    layers = [block for _ in range(3) for block in (L.Conv2D(32, 3, padding=1), L.BatchNorm2D(), L.ReLU())]
    found = []
    for limit, threads in ((0, 2), (0, 1), (1 << 60, 2)):
        monkeypatch.setattr(programs, "PREPARED_BYTES", limit)
        net = minicnn.Graph(L.Sequential(*layers, L.GlobalAvgPool(), L.Linear(4)), (32, 12, 12))
        x = np.random.default_rng(0).standard_normal((40 if training else 3, 32, 12, 12), dtype=np.float32)
        minicnn.set_threads(threads)
        try:
            if training:
                loss, gradients = net.backward(x, np.arange(40) % 4)
                found.append([np.float64(loss), *gradients.values()])
            else:
                found.append([net.forward(x), net.forward(x[::-1])])
        finally:
            minicnn.set_threads(None)
    for other in found[1:]:
        for one, two in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(one, two)


def test_a_deep_network_takes_the_memory_of_its_largest_filters(monkeypatch):
    """ResNet-18: all of them together, forward and back, are 290 MB."""
    topology = minicnn.zoo.build("resnet18").topology
    sizes = {}
    for limit in (programs.PREPARED_BYTES, 1 << 60):
        monkeypatch.setattr(programs, "PREPARED_BYTES", limit)
        monkeypatch.setattr(plan, "aligned_zeros", lambda size: np.zeros(1, np.float32))
        built = plan.build_plan(topology, topology.memory_size, 32, 2, training=True, compiled=False)
        sizes[limit] = built.program.common_size
    delayed, at_once = sizes.values()
    assert 5 * delayed < at_once
