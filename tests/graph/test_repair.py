"""Repairs are found by trying; here what they say is tried again."""

import re

import pytest

from minicnn import zoo
from minicnn.errors import ShapeError
from minicnn.graph import Topology
from minicnn.layers import (
    Concat,
    Conv2D,
    ConvTranspose2D,
    Crop,
    Flatten,
    Highway,
    Linear,
    MaxPool2D,
    PadShortcut,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
    Skip,
)


def message(element, shape):
    with pytest.raises(ShapeError) as caught:
        Topology.build(element, shape)
    return str(caught.value)


def lenet(**settings):
    return Sequential(Conv2D(6, 5), ReLU(), MaxPool2D(2), Conv2D(16, 5), ReLU(), MaxPool2D(2), Flatten(), Linear(120, **settings))


def test_wrong_in_features():
    assert (
        message(lenet(in_features=400), (1, 28, 28))
        == """\
fc1 ('Linear', 120 features) was made for 400 inputs, but gets 256
  input     1 x 28 x 28
  conv1     6 x 24 x 24  28 - 5 + 1 = 24
  pool1     6 x 12 x 12  (24 - 2)/2 + 1 = 12
  conv2     16 x 8 x 8   12 - 5 + 1 = 8
  pool2     16 x 4 x 4   (8 - 2)/2 + 1 = 4
  flatten1  256          16 x 4 x 4 = 256
  use in_features 256 or an input of 32 x 32"""
    )
    Topology.build(lenet(in_features=400), (1, 32, 32))
    Topology.build(lenet(in_features=256), (1, 28, 28))


def test_an_input_that_no_size_repairs():
    assert message(lenet(in_features=401), (1, 28, 28)).splitlines()[-1] == "  use in_features 256"
    assert message(lenet(in_features=400), (1, 300, 300)).splitlines()[-1] == "  use in_features 82944"


def test_a_skip_that_does_not_meet():
    net = zoo.find("unet-same")
    with pytest.raises(ShapeError) as caught:
        net.build(input_shape=(1, 572, 572))
    lines = str(caught.value).splitlines()
    assert lines[0] == (
        "level1.level2.level3.level4.concat1 ('Concat') needs inputs of one spatial size, but gets 512 x 71 x 71 and 512 x 70 x 70"
    )
    assert lines[-1] == "  use a crop of 512 x 71 x 71 to 70 x 70 (Skip with crop=True); or an input of 560 x 560 or 576 x 576"
    for size in (560, 576):
        assert net.build(input_shape=(1, size, size)).output_shape == (2, size, size)
    for size in range(561, 576):
        with pytest.raises(ShapeError):
            net.build(input_shape=(1, size, size))


def test_axes_are_repaired_one_by_one():
    up_and_down = Skip(Sequential(MaxPool2D(4), ConvTranspose2D(3, 4, stride=4)), crop=False)
    assert message(up_and_down, (3, 9, 16)).splitlines()[-1].endswith("an input of 8 x 16 or 12 x 16")
    assert message(up_and_down, (3, 5, 6)).splitlines()[-1].endswith("an input of 4 x 4 or 8 x 8")
    for shape in [(3, 8, 16), (3, 12, 16), (3, 4, 4), (3, 8, 8)]:
        Topology.build(up_and_down, shape)


def test_a_residual_body_that_loses_its_border():
    body = Sequential(Conv2D(3, 3), ReLU(), Conv2D(3, 5))
    assert (
        message(Residual(body), (3, 9, 9))
        == """\
add1 ('Add') needs inputs of one shape, but gets 3 x 3 x 3 and 3 x 9 x 9
  input  3 x 9 x 9
  conv1  3 x 7 x 7  9 - 3 + 1 = 7
  conv2  3 x 3 x 3  7 - 5 + 1 = 3
  use padding 'same' in conv1 and conv2; or Conv2D(3, 1, stride=3) or PadShortcut(3, stride=3) on the way that gives 3 x 9 x 9"""
    )
    Topology.build(Residual(Sequential(Conv2D(3, 3, padding="same"), ReLU(), Conv2D(3, 5, padding="same"))), (3, 9, 9))
    Topology.build(Residual(body, Conv2D(3, 1, stride=3)), (3, 9, 9))
    Topology.build(Residual(body, PadShortcut(3, stride=3)), (3, 9, 9))


def test_a_residual_body_with_a_stride_and_other_channels():
    body = Sequential(Conv2D(32, 3, stride=2, padding=1), ReLU(), Conv2D(32, 3, padding=1))
    assert message(Residual(body), (16, 9, 8)).splitlines()[-1] == (
        "  use Conv2D(32, 1, stride=2) or PadShortcut(32, stride=2) on the way that gives 16 x 9 x 8"
    )
    Topology.build(Residual(body, Conv2D(32, 1, stride=2)), (16, 9, 8))


def test_many_layers_are_not_named_one_by_one():
    text = message(Residual(Sequential(*[Conv2D(3, 3)] * 6)), (3, 40, 40))
    assert text.splitlines()[-1] == "  use padding 'same' in conv1, conv2, conv3 ... conv6"


def test_branches_of_other_sizes():
    text = message(Concat(Conv2D(4, 5), Conv2D(4, 3, padding=1)), (1, 9, 9))
    assert text.splitlines()[-1] == "  use padding 'same' in conv1 or a crop of 4 x 9 x 9 to 5 x 5 (Skip with crop=True)"


def test_a_gate_of_another_width():
    text = message(Highway(Linear(32), Sequential(Linear(16), Sigmoid())), (16,))
    assert text.splitlines()[0] == "gate1 ('Gate') needs body, gate and input of one shape, but gets 32, 16 and 16"
    assert text.splitlines()[-1] == "  use Linear(16) in the body"


def test_transposed_convolution_that_cuts_off_everything():
    text = message(Sequential(MaxPool2D(2), ConvTranspose2D(4, 2, stride=2, padding=2)), (1, 4, 4))
    assert text.splitlines()[-1] == "  use padding 1 or an input of 6 x 6"
    Topology.build(Sequential(MaxPool2D(2), ConvTranspose2D(4, 2, stride=2, padding=2)), (1, 6, 6))
    Topology.build(Sequential(MaxPool2D(2), ConvTranspose2D(4, 2, stride=2, padding=1)), (1, 4, 4))


def test_a_crop_that_is_larger_than_what_is_there():
    text = message(Skip(Conv2D(2, 3, padding=3)), (1, 9, 8))
    assert text.splitlines()[0] == "crop1 ('Crop') needs at least 13 rows to cut from, but gets 9"
    assert not re.search("use", text)
    assert message(Sequential(ReLU(), Crop()), (1, 9, 8)).splitlines()[0] == "crop1 ('Crop') takes two inputs, but gets 1"


@pytest.mark.parametrize(
    ("name", "shape", "place", "words"),
    [
        (
            "unet",
            (1, 100, 100),
            "level1.level2.level3.level4.bottom.conv1",
            "use padding 1, a window of at most 2, or an input of at least ",
        ),
        ("alexnet", (3, 32, 32), "pool2", "use padding 1, a window of at most 2, or an input of at least "),
        ("mnist1d-cnn", (1, 8), "conv3", "use padding 1, a window of at most 1, or an input of at least "),
        ("densenet121", (3, 28, 28), "transition3.pool1", "or an input of at least "),
    ],
)
def test_the_smallest_input_is_one_for_the_whole_network(name, shape, place, words):
    with pytest.raises(ShapeError) as caught:
        zoo.build(name, input_shape=shape)
    lines = str(caught.value).splitlines()
    assert lines[0].startswith(place)
    assert words in lines[-1]
    least = tuple(int(size) for size in lines[-1].rpartition("at least ")[2].split(" x "))
    zoo.build(name, input_shape=(shape[0], *least))
    with pytest.raises(ShapeError):
        zoo.build(name, input_shape=(shape[0], *(size - 1 for size in least)))


def test_an_input_that_helps_here_though_not_later():
    net = Sequential(Conv2D(4, 5), MaxPool2D(2), Linear(3))
    assert message(net, (1, 3, 3)).splitlines()[-1] == "  use padding 1, a window of at most 3, or an input of at least 5 x 5"
