"""Settings that hypothesis draws: padding may exceed the filter and differ at both ends, strides may leave a rest, taps may all miss."""

from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from minicnn.geometry import extent, output_size


class Windows(NamedTuple):
    """One entry per axis each, in pixels."""

    size: tuple
    taps: tuple
    stride: tuple
    dilation: tuple
    before: tuple
    after: tuple
    out: tuple

    @property
    def torch_padding(self):
        """As torch.nn.functional.pad takes it: last axis first."""
        return [edge for pair in zip(reversed(self.before), reversed(self.after), strict=True) for edge in pair]


class Convolution(NamedTuple):
    """Everything a test of a convolution needs."""

    windows: Windows
    x_shape: tuple
    weight_shape: tuple
    groups: int
    flip: bool
    dtype: type
    seed: int

    @property
    def ints(self):
        """The settings in the order of the kernels' arguments: strides, padding before, dilations."""
        return (*self.windows.stride, *self.windows.before, *self.windows.dilation)


@st.composite
def windows(draw, axes, dilated=True):
    """A window sliding over each of `axes` axes; small, for pure loops have to walk it."""
    most = 4 if axes < 3 else 3
    drawn = []
    for _ in range(axes):
        taps, stride = draw(st.integers(1, most)), draw(st.integers(1, 4))
        dilation = draw(st.integers(1, 3)) if dilated else 1
        before, after = draw(st.integers(0, most + 2)), draw(st.integers(0, most + 2))
        spans = extent(taps, dilation)
        size = draw(st.integers(max(1, spans - before - after), spans + most))
        drawn.append((size, taps, stride, dilation, before, after, output_size(size, taps, stride, dilation, before, after)))
    return Windows(*zip(*drawn, strict=True))


@st.composite
def convolutions(draw, axes):
    """A convolution with up to nine channels and filters in up to three groups; float32 as well on two axes."""
    window = draw(windows(axes))
    groups, channels, filters = (draw(st.integers(1, 3)) for _ in range(3))
    return Convolution(
        window,
        (draw(st.integers(1, 2)), groups * channels, *window.size),
        (groups * filters, channels, *window.taps),
        groups,
        draw(st.booleans()),
        draw(dtypes(axes)),
        draw(seeds),
    )


def dtypes(axes):
    """float32 is compiled for two axes only, to keep the suite quick: the loops are the same."""
    return st.sampled_from([np.float64, np.float32]) if axes == 2 else st.just(np.float64)


seeds = st.integers(0, 2**32 - 1)
