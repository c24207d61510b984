"""Convolution layers: sizes against a sliding window, parameters and costs against plain counting."""

from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn.errors import SettingError, ShapeError
from minicnn.layers import Conv1D, Conv2D, Conv3D


def positions(size, taps, stride, dilation, before, after):
    """Slide a window until it leaves the padded axis."""
    count, start = 0, -before
    while start + dilation * (taps - 1) < size + after:
        count, start = count + 1, start + stride
    return count


axis = st.tuples(st.integers(1, 20), st.integers(1, 5), st.integers(1, 4), st.integers(1, 3), st.integers(0, 6), st.integers(0, 6))


@given(st.lists(axis, min_size=1, max_size=3), st.integers(1, 4), st.integers(1, 4))
def test_output_size_is_the_number_of_window_positions(axes, channels, filters):
    sizes, taps, strides, dilations, befores, afters = zip(*axes, strict=True)
    kind = (Conv1D, Conv2D, Conv3D)[len(axes) - 1]
    layer = kind(filters, taps, stride=strides, dilation=dilations, padding=tuple(zip(befores, afters, strict=True)))
    expected = tuple(positions(*each) for each in axes)
    if min(expected) < 1:
        with pytest.raises(ShapeError, match="needs at least"):
            layer.output_shapes("conv1", ((channels, *sizes),))
    else:
        assert layer.output_shapes("conv1", ((channels, *sizes),)) == ((filters, *expected),)
        assert tuple(each.out for each in layer.axes(((channels, *sizes),))) == expected


@given(
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 3),
    st.booleans(),
    st.sampled_from(["shared", "unshared", 1, 2, (3, 1), 50]),
    st.integers(1, 2),
)
def test_parameters_and_costs_are_what_counting_gives(in_group, out_group, groups, bias, sharing, stride):
    layer = Conv2D(groups * out_group, (3, 2), stride=stride, padding=1, groups=groups, bias=bias, sharing=sharing)
    inputs = ((groups * in_group, 7, 6),)
    outputs = layer.output_shapes("conv1", inputs)
    _, rows, columns = outputs[0]
    tile = {"shared": (1, 1), "unshared": (rows, columns), 1: (1, 1), 2: (2, 2), (3, 1): (3, 1), 50: (rows, columns)}[sharing]
    weights = groups * out_group * prod(tile) * in_group * 3 * 2
    biases = groups * out_group * prod(tile) if bias else 0
    specs = {spec.name: spec for spec in layer.parameters(inputs)}
    assert specs["weight"].size == weights
    assert (specs["bias"].size if bias else 0) == biases
    assert specs["weight"].fan_in == in_group * 6
    assert layer.tile(inputs) == tile
    cost = layer.cost(inputs, outputs)
    assert eval(cost.formula) == weights + biases
    taps = sum(in_group for k in range(groups * out_group) for p in range(rows) for q in range(columns) for r in range(3) for s in range(2))
    assert cost.macs == taps
    assert cost.connections == taps + groups * out_group * rows * columns * bias


def test_parameter_shapes_of_every_sharing():
    inputs = ((4, 9, 9),)
    shapes = [[spec.shape for spec in Conv2D(6, 3, groups=2, sharing=sharing).parameters(inputs)] for sharing in ("shared", "unshared", 2)]
    assert shapes == [[(6, 2, 3, 3), (6,)], [(6, 7, 7, 2, 3, 3), (6, 7, 7)], [(6, 2, 2, 2, 3, 3), (6, 2, 2)]]


def test_conv1_of_alexnet():
    layer = Conv2D(96, 11, stride=4)
    inputs = ((3, 227, 227),)
    assert layer.output_shapes("conv1", inputs) == ((96, 55, 55),)
    assert layer.cost(inputs, ((96, 55, 55),)) == ("(11*11*3 + 1) * 96", 105_415_200, 105_705_600)
    assert layer.size_steps(inputs) == "(227 - 11)/4 + 1 = 55"


@pytest.mark.parametrize(("padding", "out"), [("valid", 26), ("same", 28), ("full", 30), (1, 28), ((0, 1), 26), (((0, 1), (2, 0)), 27)])
def test_padding_words_and_numbers(padding, out):
    assert Conv2D(2, 3, padding=padding).output_shapes("conv1", ((1, 28, 28),))[0][1] == out


def test_same_settings_have_one_form():
    assert Conv2D(6, 5) == Conv2D(6, (5, 5), stride=(1, 1), padding=((0, 0), (0, 0)), sharing=1)
    assert Conv2D(6, 5) != Conv3D(6, 5)
    assert hash(Conv2D(6, (3, 5))) == hash(Conv2D(6, (3, 5)))


def test_repr_is_what_one_would_type():
    assert repr(Conv2D(6, 5, padding=2, name="stem")) == "Conv2D(6, 5, padding=2, name='stem')"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"filters": 0, "window": 3}, r"^Conv2D: filters is 0, but must be at least 1$"),
        ({"filters": True, "window": 3}, r"^Conv2D: filters is True, but must be a whole number$"),
        ({"filters": 6, "window": 2.5}, r"^Conv2D: window is 2.5, but must be a whole number$"),
        ({"filters": 6, "window": (3, 3, 3)}, r"^Conv2D: window \(3, 3, 3\) has 3 entries, but there are 2 axes"),
        ({"filters": 6, "window": 3, "stride": 0}, r"^Conv2D: stride is 0, but must be at least 1$"),
        ({"filters": 6, "window": 3, "padding": -1}, r"^Conv2D: padding is -1, but must be at least 0$"),
        ({"filters": 6, "window": 3, "padding": "some"}, r"^Conv2D: padding 'some' is not one of valid, same, same_lower, full"),
        ({"filters": 6, "window": 3, "dilation": 0}, r"^Conv2D: dilation is 0, but must be at least 1\n  use 1 "),
        ({"filters": 6, "window": 3, "groups": 4}, r"^Conv2D: 6 filters do not divide into 4 groups\n  use 1, 2, 3 or 6 groups"),
        ({"filters": 6, "window": 3, "bias": 1}, r"^Conv2D: bias is 1, but must be True or False$"),
        ({"filters": 6, "window": 3, "sharing": "tiled"}, r"^Conv2D: sharing 'tiled' is not 'shared', 'unshared' or a tile"),
        ({"filters": 6, "window": 3, "sharing": 0}, r"^Conv2D: sharing is 0, but must be at least 1$"),
        ({"filters": 6, "window": 3, "name": "a.b"}, r"^Conv2D: name is 'a.b', but must be made of letters, digits, _ and -$"),
        ({"filters": 6, "window": 3, "name": "input"}, r"^Conv2D: the name 'input' is kept for the network's input$"),
        ({"filters": 6, "window": 0, "name": "stem"}, r"^stem \('Conv2D'\): window is 0, but must be at least 1$"),
    ],
)
def test_settings_are_checked_on_construction(settings, words):
    with pytest.raises(SettingError, match=words):
        Conv2D(**settings)


def test_inputs_that_do_not_fit():
    layer = Conv2D(6, 5, groups=3)
    with pytest.raises(ShapeError, match=r"^conv1 splits its input into 3 groups, but gets 4 channels\n  use 1 or 2 groups"):
        layer.output_shapes("conv1", ((4, 9, 9),))
    with pytest.raises(ShapeError, match=r"^conv1 needs an input of channels x rows x columns, but gets 400$"):
        layer.output_shapes("conv1", ((400,),))
    with pytest.raises(ShapeError, match=r"^conv1 takes one input, but gets 2$"):
        layer.output_shapes("conv1", ((3, 9, 9), (3, 9, 9)))
    with pytest.raises(ShapeError, match=r"^conv1 needs at least 5 columns, but gets 4$"):
        layer.output_shapes("conv1", ((3, 9, 4),))
