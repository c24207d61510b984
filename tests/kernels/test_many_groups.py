"""Convolutions of many groups: depthwise 3x3, which goes plane by plane, and others, which for few images go group by group."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from minicnn import kernels
from minicnn.geometry import extent

from .comparing import LAYOUTS, close, generated, seeds, soil, wide
from .convolving import Convolution, bounds, passes


@st.composite
def depthwise(draw):
    """3x3, stride 1, one filter a channel; sizes around those of a vector."""
    channels = draw(st.integers(1, 40))
    pads = tuple((draw(st.integers(0, 4)), draw(st.integers(0, 4))) for _ in range(2))
    sizes = tuple(max(1, 3 - sum(pad)) + draw(st.one_of(st.integers(0, 5), st.integers(10, 36))) for pad in pads)
    settings = {"groups": channels, "padding": pads, "flip": draw(st.booleans())}
    return Convolution(
        "conv",
        2,
        (draw(st.sampled_from([1, 2, 3, 17])), channels, *sizes),
        (channels, 1, 3, 3),
        (channels,),
        settings,
        draw(seeds),
        draw(st.sampled_from(LAYOUTS)),
    )


@st.composite
def grouped(draw, axes):
    """At least 16 groups, few images."""
    groups, channels, filters = draw(st.integers(16, 24)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    taps, stride, dilation, before, after = (
        tuple(draw(st.integers(low, high)) for _ in range(axes)) for low, high in ((1, 4), (1, 3), (1, 2), (0, 3), (0, 3))
    )
    sizes = tuple(
        max(1, extent(tap, gap) - low - high) + draw(st.integers(0, 20 if axes < 3 else 5))
        for tap, gap, low, high in zip(taps, dilation, before, after, strict=True)
    )
    settings = {
        "groups": groups,
        "stride": stride,
        "dilation": dilation,
        "padding": tuple(zip(before, after, strict=True)),
        "flip": draw(st.booleans()),
    }
    return Convolution(
        "conv",
        axes,
        (draw(st.integers(1, 4)), groups * channels, *sizes),
        (groups * filters, channels, *taps),
        (groups * filters,),
        settings,
        draw(seeds),
        draw(st.sampled_from(LAYOUTS)),
    )


def compare(case):
    x, weight, bias = case.arrays()
    soil()
    y = passes(case, x, weight, bias)
    dy = case.gradient(y.shape)
    soil()
    results = passes(case, x, weight, bias, dy)
    exact = passes(case, *(wide(np.ascontiguousarray(each)) for each in (x, weight, bias, dy)))
    for got, want, bound in zip(results, exact, bounds(case, x, weight, bias, dy), strict=True):
        close(got, want, bound)


@generated
@given(case=depthwise())
def test_depthwise(case):
    compare(case)


@generated
@given(case=st.one_of(grouped(1), grouped(2), grouped(3)))
def test_grouped(case):
    compare(case)


def test_depthwise_of_no_images():
    x, weight = np.empty((0, 4, 5, 6), np.float32), np.ones((4, 1, 3, 3), np.float32)
    dy = np.empty((0, 4, 3, 4), np.float32)
    assert kernels.conv2d(x, weight, groups=4).shape == dy.shape
    assert kernels.conv2d_backward_input(dy, weight, x.shape, groups=4).shape == x.shape
    assert not kernels.conv2d_backward_weight(dy, x, weight.shape, groups=4).any()
