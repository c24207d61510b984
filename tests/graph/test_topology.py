"""Where parameters lie: in order, aligned, none on another, nothing allocated."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from minicnn import zoo
from minicnn.graph import Topology
from minicnn.layers import BatchNorm2D, Conv2D, Crop, Flatten, Linear, ReLU, Reshape, Sequential


def test_slots_of_a_small_network():
    topology = Topology.build(Sequential(Conv2D(6, 5, padding=2), ReLU(), Flatten(), Linear(10)), (1, 28, 28))
    assert [(slot.name, slot.shape, slot.offset, slot.size, slot.node) for slot in topology.slots] == [
        ("conv1.weight", (6, 1, 5, 5), 0, 150, 0),
        ("conv1.bias", (6,), 160, 6, 0),
        ("fc1.weight", (10, 4704), 176, 47040, 3),
        ("fc1.bias", (10,), 47216, 10, 3),
    ]
    assert topology.memory_size == 47232
    assert topology.parameter_count == 47206
    assert topology.trainable_size == topology.memory_size
    assert topology.buffer_count == 0
    assert topology.nodes[0].slots == topology.slots[:2]
    assert topology.nodes[1].slots == ()


def test_the_layer_that_gives_the_logits_starts_out_unsure_even_if_its_numbers_are_moved():
    def first_values(*layers, shape=(4,)):
        return [slot.init for slot in Topology.build(Sequential(*layers), shape).slots if slot.name.endswith("weight")]

    assert first_values(Linear(8), ReLU(), Linear(8), Reshape((2, 2, 2)), Flatten()) == ["he", "he/10"]
    assert first_values(Conv2D(3, 1), Conv2D(3, 1), Crop(2), shape=(1, 4, 4)) == ["he", "he/10"]
    assert first_values(Linear(8), Linear(8), ReLU()) == ["he", "he"]
    yolo = zoo.build("yolov1").topology
    assert [slot.name for slot in yolo.slots if slot.init == "he/10"] == [f"{yolo.nodes[-2].name}.weight"]


def test_buffers_lie_behind_the_parameters():
    topology = Topology.build(Sequential(BatchNorm2D(), Conv2D(5, 1), BatchNorm2D(), Flatten(), Linear(2)), (3, 2, 2))
    assert [(slot.name, slot.offset, slot.size, slot.init, slot.trainable) for slot in topology.slots] == [
        ("bn1.weight", 0, 3, "ones", True),
        ("bn1.bias", 16, 3, "zeros", True),
        ("conv1.weight", 32, 15, "he", True),
        ("conv1.bias", 48, 5, "zeros", True),
        ("bn2.weight", 64, 5, "ones", True),
        ("bn2.bias", 80, 5, "zeros", True),
        ("fc1.weight", 96, 40, "he/10", True),
        ("fc1.bias", 144, 2, "zeros", True),
        ("bn1.running_mean", 160, 3, "zeros", False),
        ("bn1.running_var", 176, 3, "ones", False),
        ("bn2.running_mean", 192, 5, "zeros", False),
        ("bn2.running_var", 208, 5, "ones", False),
    ]
    assert (topology.trainable_size, topology.memory_size) == (160, 224)
    assert (topology.parameter_count, topology.buffer_count) == (3 + 3 + 15 + 5 + 5 + 5 + 40 + 2, 16)
    assert [slot.name for slot in topology.nodes[2].slots] == ["bn2.weight", "bn2.bias", "bn2.running_mean", "bn2.running_var"]


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 3), st.booleans()), min_size=1, max_size=6))
def test_slots_are_aligned_and_do_not_overlap(layers):
    topology = Topology.build(Sequential(*(Conv2D(k, r, padding="same", bias=bias) for k, r, bias in layers)), (3, 9, 9))
    owner = np.full(topology.memory_size, -1)
    for index, slot in enumerate(topology.slots):
        assert slot.offset % 16 == 0
        assert (owner[slot.offset : slot.offset + slot.size] == -1).all()
        owner[slot.offset : slot.offset + slot.size] = index
    assert (owner >= 0).sum() == topology.parameter_count


def test_nothing_is_allocated():
    topology = Topology.build(Sequential(Flatten(), Linear(2**31 - 1)), (2**20, 2**10))  # 8 EiB of parameters
    assert topology.parameter_count == (2**30 + 1) * (2**31 - 1)
