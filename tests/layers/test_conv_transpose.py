"""Transposed convolution: sizes and costs against filters put on paper one by one."""

from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn.errors import SettingError, ShapeError
from minicnn.layers import ConvTranspose1D, ConvTranspose2D, ConvTranspose3D

axis = st.tuples(st.integers(1, 9), st.integers(1, 4), st.integers(1, 4), st.integers(1, 3), st.integers(0, 3))


def written(size, taps, stride, dilation):
    """Positions that copies of the filter reach, before anything is cut off."""
    return {h * stride + r * dilation for h in range(size) for r in range(taps)}


@given(st.lists(axis, min_size=1, max_size=3))
def test_output_size_is_what_the_filters_span(axes):
    sizes, taps, strides, dilations, pads = zip(*axes, strict=True)
    kind = (ConvTranspose1D, ConvTranspose2D, ConvTranspose3D)[len(axes) - 1]
    layer = kind(5, taps, stride=strides, padding=pads, dilation=dilations)
    expected = tuple(max(written(*each[:4])) + 1 - 2 * each[4] for each in axes)
    inputs = ((3, *sizes),)
    if min(expected) < 1:
        with pytest.raises(ShapeError, match=r"^up1 cuts off all"):
            layer.output_shapes("up1", inputs)
        assert layer.repairs(inputs)
        return
    assert layer.output_shapes("up1", inputs) == ((5, *expected),)
    for axis, size in zip(layer.axes(inputs), sizes, strict=True):
        assert (axis.size + axis.before + axis.after - axis.extent) // axis.stride + 1 == size, "the convolution it transposes"


@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.booleans(), st.integers(1, 3))
def test_parameters_and_costs_are_what_counting_gives(in_group, out_group, groups, bias, stride):
    layer = ConvTranspose2D(groups * out_group, (3, 2), stride=stride, groups=groups, bias=bias)
    inputs = ((groups * in_group, 4, 5),)
    outputs = layer.output_shapes("up1", inputs)
    specs = {spec.name: spec for spec in layer.parameters(inputs)}
    assert specs["weight"].shape == (groups * in_group, out_group, 3, 2)
    assert ("bias" in specs) is bias
    macs = sum(out_group for c in range(groups * in_group) for h in range(4) for w in range(5) for r in range(3) for s in range(2))
    cost = layer.cost(inputs, outputs)
    assert cost.macs == macs
    assert cost.connections == macs + bias * prod(outputs[0])
    assert eval(cost.formula) == sum(spec.size for spec in specs.values())


def test_the_up_convolution_of_unet():
    layer = ConvTranspose2D(512, 2, stride=2)
    assert layer.output_shapes("up1", ((1024, 28, 28),)) == ((512, 56, 56),)
    assert layer.size_steps(((1024, 28, 28),)) == "(28 - 1)*2 + 2 = 56"
    assert layer.cost(((1024, 28, 28),), ((512, 56, 56),)).formula == "(2*2*1024 + 1) * 512"
    assert layer.parameters(((1024, 28, 28),))[0].fan_in == 1024
    assert layer.brief() == ("2x2", "stride 2", "padding 0")


def test_output_padding():
    layer = ConvTranspose2D(3, 3, stride=2, padding=1, output_padding=(1, 0), dilation=(1, 2))
    assert layer.output_shapes("up1", ((4, 7, 7),)) == ((3, 14, 15),)
    assert layer.size_steps(((4, 7, 7),)) == "(7 - 1)*2 - 2*1 + 3 + 1 = 14, (7 - 1)*2 - 2*1 + (2*(3 - 1) + 1) = 15"
    assert layer.brief() == ("3x3", "stride 2", "padding 1", "output padding 1x0", "dilation 1x2")
    assert ConvTranspose1D(3, 2, dilation=2, output_padding=1).output_shapes("up1", ((1, 4),)) == ((3, 7),)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"filters": 0, "window": 2}, r"^ConvTranspose2D: filters is 0, but must be at least 1$"),
        ({"filters": 3, "window": 2, "padding": "full"}, r"^ConvTranspose2D: padding 'full' is not one of valid, same, a number of pixels"),
        ({"filters": 3, "window": 2, "groups": 2}, r"^ConvTranspose2D: 3 filters do not divide into 2 groups\n  use 1 or 3 groups"),
        (
            {"filters": 3, "window": 2, "stride": 2, "output_padding": 2},
            r"^ConvTranspose2D: output_padding 2 must be below the larger of stride 2 and dilation 1\n  use at most 1$",
        ),
    ],
)
def test_settings_are_checked_on_construction(settings, words):
    with pytest.raises(SettingError, match=words):
        ConvTranspose2D(**settings)


def test_inputs_that_do_not_fit():
    with pytest.raises(ShapeError, match=r"^up1 splits its input into 3 groups, but gets 4 channels\n  use 1, 2 or 4 groups"):
        ConvTranspose2D(3, 2, groups=3).output_shapes("up1", ((4, 2, 2),))
    with pytest.raises(ShapeError, match=r"^up1 needs an input of channels x rows x columns, but gets 4$"):
        ConvTranspose2D(3, 2).output_shapes("up1", ((4,),))
    layer = ConvTranspose2D(3, 2, padding=2)
    with pytest.raises(ShapeError, match=r"^up1 cuts off all rows: its padding of 2\*2 leaves nothing of 4$"):
        layer.output_shapes("up1", ((1, 3, 9),))
    assert layer.repairs(((1, 3, 9),)) == ("padding 1",)


def test_same_is_the_stride_times_the_input():
    assert ConvTranspose2D(3, (3, 2), stride=(2, 3), padding="same").output_shapes("up1", ((4, 5, 7),)) == ((3, 10, 21),)
    assert (
        ConvTranspose2D(3, (3, 2), stride=(2, 3), padding="same").size_steps(((4, 5, 7),))
        == "(5 - 1)*2 - 1 + 3 = 10, (7 - 1)*3 + 1 + 2 = 21"
    )
    assert ConvTranspose2D(3, 3, padding=((1, 1), (1, 1))) == ConvTranspose2D(3, 3, padding=1)
    with pytest.raises(ShapeError, match=r"^up1 cuts off all rows: its padding of 3 \+ 2 leaves nothing of 4$"):
        ConvTranspose2D(3, 3, padding=((3, 2), (0, 0))).output_shapes("up1", ((4, 2, 7),))
