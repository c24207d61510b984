"""A network that does not fit its input says where, shows the sizes up to there, and what would fit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn.errors import ShapeError
from minicnn.graph import Topology
from minicnn.layers import Concat, Conv1D, Conv2D, Flatten, Linear, MaxPool2D, ReLU, Residual, Sequential


def message(element, shape):
    with pytest.raises(ShapeError) as caught:
        Topology.build(element, shape)
    return str(caught.value)


def test_the_whole_autopsy():
    net = Sequential(Conv2D(6, 5), ReLU(), MaxPool2D(2), Conv2D(16, 5), MaxPool2D(2, ceil_mode=True), Conv2D(16, 5))
    assert (
        message(net, (3, 24, 25))
        == """\
conv3 ('Conv2D', 5x5, padding 0) needs at least 5 rows, but gets 3
  input  3 x 24 x 25
  conv1  6 x 20 x 21  rows 24 - 5 + 1 = 20, columns 25 - 5 + 1 = 21
  pool1  6 x 10 x 10  rows (20 - 2)/2 + 1 = 10, columns floor((21 - 2)/2) + 1 = 10
  conv2  16 x 6 x 6   10 - 5 + 1 = 6
  pool2  16 x 3 x 3   (6 - 2)/2 + 1 = 3
  use padding 1, a window of at most 3, or an input of at least 30 x 30"""
    )


def test_the_repairs_of_the_style_guide():
    net = Sequential(Conv2D(6, 5), MaxPool2D(2), Conv2D(16, 5), MaxPool2D(2), Conv2D(16, 3), Conv2D(16, 5))
    assert message(net, (3, 32, 32)).splitlines()[-1] == "  use padding 1, a window of at most 3, or an input of at least 40 x 40"
    Topology.build(net, (3, 40, 40))


def test_pooling_cannot_be_padded_by_its_window():
    assert message(MaxPool2D(5), (1, 1, 9)).splitlines()[-1] == "  use padding 2, a window of at most 1, or an input of at least 5 x 9"
    assert message(MaxPool2D(2, dilation=9), (1, 1, 20)).splitlines()[-1] == (
        "  use padding 5, a window of at most 1, or an input of at least 10 x 20"
    )


def test_one_axis():
    assert (
        message(Conv1D(3, 9), (2, 5))
        == """\
conv1 ('Conv1D', 9, padding 0) needs at least 9 columns, but gets 5
  input  2 x 5
  use padding 2, a window of at most 5, or an input of at least 9"""
    )


def test_a_forgotten_flatten():
    assert (
        message(Sequential(Conv2D(6, 5), Linear(10)), (3, 8, 8))
        == """\
fc1 ('Linear', 10 features) needs a flat input, but gets 6 x 4 x 4
  input  3 x 8 x 8
  conv1  6 x 4 x 4  8 - 5 + 1 = 4
  put Flatten() before it"""
    )


def test_paths_that_do_not_meet():
    assert (
        message(Sequential(ReLU(), Residual(Conv2D(16, 3))), (3, 8, 8))
        == """\
add1 ('Add') needs inputs of one shape, but gets 16 x 6 x 6 and 3 x 8 x 8
  input  3 x 8 x 8
  conv1  16 x 6 x 6  8 - 3 + 1 = 6
  use padding 'same' in conv1 together with Conv2D(16, 1) or PadShortcut(16) on the way that gives 3 x 8 x 8"""
    )


def test_only_the_way_to_the_break_is_shown():
    net = Concat(Sequential(Conv2D(2, 1, name="left"), Flatten()), Sequential(Conv2D(4, 1, name="right"), Conv2D(4, 9)))
    text = message(net, (3, 4, 4))
    assert "right" in text
    assert "left" not in text


def test_a_long_way_loses_its_middle():
    lines = message(Sequential(*[Conv2D(2, 2)] * 40), (3, 20, 20)).splitlines()
    assert lines[0] == "conv20 ('Conv2D', 2x2, padding 0) needs at least 2 rows, but gets 1"
    assert [line.split()[0] for line in lines[1:-1]] == [
        "input",
        "conv1",
        "conv2",
        "conv3",
        "...",
        "conv11",
        "conv12",
        "conv13",
        "conv14",
        "conv15",
        "conv16",
        "conv17",
        "conv18",
        "conv19",
    ]


@given(
    st.lists(st.tuples(st.integers(1, 7), st.integers(1, 3), st.integers(0, 2), st.booleans()), min_size=1, max_size=5),
    st.integers(1, 12),
    st.integers(1, 12),
)
def test_the_smallest_input_is_the_smallest(layers, rows, columns):
    net = Sequential(
        *(
            Conv2D(1, taps, stride=stride, padding=padding) if conv else MaxPool2D(taps, stride=stride)
            for taps, stride, padding, conv in layers
        )
    )
    try:
        Topology.build(net, (1, rows, columns))
        return
    except ShapeError as error:
        words = str(error).splitlines()[-1]
    needed = tuple(int(each) for each in words.rpartition("at least ")[2].split(" x "))
    assert needed[0] >= rows
    assert needed[1] >= columns
    Topology.build(net, (1, *needed))
    with pytest.raises(ShapeError):
        Topology.build(net, (1, max(rows, min(needed) - 1), max(columns, min(needed) - 1)))


@pytest.mark.parametrize("shape", [(), (3, 0, 5), (3, -1), (1.5,), "12", 7, (1, 2, 3, 4, 5), (True, 3), (2**40,)])
def test_input_shapes_that_are_none(shape):
    with pytest.raises(ShapeError, match=r"is not the shape of an image"):
        Topology.build(ReLU(), shape)
