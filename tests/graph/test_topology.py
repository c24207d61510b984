"""Where parameters lie: in order, aligned, none on another, nothing allocated."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from minicnn.graph import Topology
from minicnn.layers import Conv2D, Flatten, Linear, ReLU, Sequential


def test_slots_of_a_small_network():
    topology = Topology.build(Sequential(Conv2D(6, 5, padding=2), ReLU(), Flatten(), Linear(10)), (1, 28, 28))
    assert [(slot.name, slot.shape, slot.offset, slot.size, slot.node) for slot in topology.slots] == [
        ("conv1.weight", (6, 1, 5, 5), 0, 150, 0), ("conv1.bias", (6,), 160, 6, 0),
        ("fc1.weight", (10, 4704), 176, 47040, 3), ("fc1.bias", (10,), 47216, 10, 3)]
    assert topology.memory_size == 47232
    assert topology.parameter_count == topology.trainable_count == 47206
    assert topology.nodes[0].slots == topology.slots[:2]
    assert topology.nodes[1].slots == ()


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 3), st.booleans()), min_size=1, max_size=6))
def test_slots_are_aligned_and_do_not_overlap(layers):
    topology = Topology.build(Sequential(*(Conv2D(k, r, padding="same", bias=bias) for k, r, bias in layers)), (3, 9, 9))
    owner = np.full(topology.memory_size, -1)
    for index, slot in enumerate(topology.slots):
        assert slot.offset % 16 == 0
        assert (owner[slot.offset:slot.offset + slot.size] == -1).all()
        owner[slot.offset:slot.offset + slot.size] = index
    assert (owner >= 0).sum() == topology.parameter_count


def test_nothing_is_allocated():
    topology = Topology.build(Sequential(Flatten(), Linear(2**31 - 1)), (2**20, 2**10))   # 8 EiB of parameters
    assert topology.parameter_count == (2**30 + 1) * (2**31 - 1)
