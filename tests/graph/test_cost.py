"""Useful products, the way back, memory of training: against brute force and by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn import zoo
from minicnn.geometry import Axis, output_size
from minicnn.graph import Topology, summarize
from minicnn.graph.cost import pairs_inside, training_memory
from minicnn.kernels.index import input_position, output_range
from minicnn.layers import Concat, Conv2D, ConvTranspose2D, Flatten, Linear, MaxPool2D, ReLU, Residual, Sequential, TableConv2D


def rows(element, shape):
    return {row.name: row for row in summarize(Topology.build(element, shape), "net").layers}


@given(st.integers(1, 9), st.integers(1, 5), st.integers(1, 4), st.integers(1, 3), st.integers(0, 9), st.integers(0, 9))
def test_pairs_are_those_of_the_index_map(size, taps, stride, dilation, before, after):
    out = max(1, output_size(size, taps, stride, dilation, before, after))
    axis = Axis(size, taps, stride, dilation, before, after, out)
    assert pairs_inside(axis) == sum(0 <= input_position(p, r, stride, dilation, before) < size for p in range(out) for r in range(taps))
    ranges = [output_range(r, size, out, stride, dilation, before) for r in range(taps)]
    assert pairs_inside(axis) == sum(stop - first for first, stop in ranges)


@pytest.mark.parametrize(
    ("layer", "shape", "macs", "useful"),
    [
        (Conv2D(1, 3, padding=1), (1, 3, 3), 81, 49),  # (2 + 3 + 2) pairs on each axis
        (Conv2D(4, 3, padding=1), (2, 3, 3), 8 * 81, 8 * 49),
        (Conv2D(1, 3, padding=5), (1, 1, 1), 81 * 9, 9),  # all padding but one pixel
        (Conv2D(4, (1, 3), padding=(0, 1), groups=2), (4, 2, 3), 8 * 2 * 9, 8 * 2 * 7),
        (Conv2D(1, 3, padding=((1, 0), (0, 0)), stride=2), (1, 4, 4), 18, 15),
        (TableConv2D(((0,), (0, 1)), 3, padding=1), (2, 3, 3), 3 * 81, 3 * 49),
        (ConvTranspose2D(1, 3, padding=1), (1, 3, 3), 81, 49),  # what padding cuts off
    ],
)
def test_useful_macs_by_hand(layer, shape, macs, useful):
    (row,) = rows(layer, shape).values()
    assert (row.macs, row.useful_macs, row.backward_macs) == (macs, useful, macs)


def test_the_way_back_ends_where_nothing_learns_any_more():
    branches = Concat(Conv2D(2, 1), Sequential(MaxPool2D(3, stride=1, padding=1), Conv2D(2, 1)))
    net = rows(Sequential(ReLU(), branches, Conv2D(2, 1), Flatten(), Linear(3)), (1, 4, 4))
    ratio = {name: row.backward_macs // row.macs for name, row in net.items() if row.macs}
    assert ratio == {"conv1": 1, "conv2": 1, "conv3": 2, "fc1": 2}
    assert net["relu1"].backward_macs is None


def test_no_padding_no_difference():
    summary = zoo.build("mnist1d-cnn").summary()
    assert summary.totals.useful_macs == summary.totals.macs
    assert summary.totals.backward_macs == 2 * summary.totals.macs - summary.layers[0].macs


def test_memory_of_training_by_hand():
    topology = Topology.build(Sequential(Conv2D(2, 3, padding=1), ReLU(), Flatten(), Linear(5)), (1, 4, 4))
    memory = training_memory(topology, 10)
    assert memory.activation_bytes == 4 * 10 * (16 + 32 + 32 + 32 + 5)
    assert memory.gradient_bytes == 4 * 10 * 64  # those of relu1 and conv1, while one becomes the other
    assert memory.parameter_bytes == memory.parameter_gradient_bytes == 4 * (20 + 165)
    assert memory.total_bytes == sum(memory[1:5])


def test_a_gradient_that_waits_takes_memory():
    topology = Topology.build(Sequential(Conv2D(1, 1), Residual(Sequential(ReLU(), ReLU()))), (1, 2, 2))
    assert training_memory(topology, 1).gradient_bytes == 4 * 3 * 4  # that of the sum's input and of both ends of a layer


def test_uncounted_operations_are_named():
    summary = summarize(Topology.build(Sequential(ReLU(), Conv2D(2, 1), ReLU(), Flatten()), (1, 2, 2)), "net", batch=3)
    assert [(each.type, each.layers, each.outputs) for each in summary.uncounted] == [("ReLU", 2, 12), ("Flatten", 1, 8)]
    assert [row.training_bytes for row in summary.layers] == [48, 96, 96, 96]
    assert summary.to_dict()["training"]["batch"] == 3
