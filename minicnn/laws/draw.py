"""Random settings for the laws, and the kernels by the number of axes of their input."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from minicnn import kernels
from minicnn.geometry import extent

Array = np.ndarray
Pairs = tuple[tuple[int, int], ...]


class Convolution(NamedTuple):
    """A convolution with matching settings."""

    x_shape: tuple[int, ...]
    weight_shape: tuple[int, ...]
    stride: tuple[int, ...]
    padding: Pairs
    dilation: tuple[int, ...]
    groups: int

    @property
    def settings(self) -> dict[str, Any]:
        """As keyword arguments."""
        return {"stride": self.stride, "padding": self.padding, "dilation": self.dilation, "groups": self.groups}

    @property
    def terms(self) -> int:
        """Products summed into one output."""
        return prod(self.weight_shape[1:])


class Draw:
    """One example: settings and numbers from one stream, and a note of what was drawn."""

    def __init__(self, stream: np.random.Generator, dtype: np.dtype) -> None:
        self.dtype = dtype
        self.setting = ""
        self._stream = stream

    def whole(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return int(self._stream.integers(low, high + 1))

    def numbers(self, axes: int, low: int, high: int) -> tuple[int, ...]:
        """One for each axis."""
        return tuple(self.whole(low, high) for _ in range(axes))

    def array(self, shape: Sequence[int]) -> Array:
        """Numbers between -1 and 1."""
        return self._stream.uniform(-1, 1, tuple(shape)).astype(self.dtype)

    def axes(self) -> int:
        """How many axes of space.  In float64 always two: textbook loops are compiled at every start, and one dimension has to
        stand for all; the loops of one and three axes have tests of their own.
        """
        return self.whole(1, 3) if self.dtype == np.float32 else 2

    def note(self, **what: Any) -> None:
        """Remember the draw, for the message."""
        self.setting = ", ".join(f"{name} {value}" for name, value in what.items())

    def convolution(self, *, stride: int = 3, padding: int = 2, dilation: int = 2, groups: int = 2, least_out: int = 1) -> Convolution:
        """Sizes and settings of a convolution, each setting up to the given number."""
        axes = self.axes()
        taps, strides, dilations = self.numbers(axes, 1, 4), self.numbers(axes, 1, stride), self.numbers(axes, 1, dilation)
        pads = tuple((self.whole(0, padding), self.whole(0, padding)) for _ in range(axes))
        sizes = tuple(
            max(1, extent(t, d) - b - a + s * (least_out - 1)) + self.whole(0, 4)
            for t, s, d, (b, a) in zip(taps, strides, dilations, pads, strict=True)
        )
        parts, channels, filters = self.whole(1, groups), self.whole(1, 3), self.whole(1, 5)
        images = (1, 2, 3, 17)[self.whole(0, 3)]  # 17 images are more than the lanes of a vector
        result = Convolution((images, parts * channels, *sizes), (parts * filters, channels, *taps), strides, pads, dilations, parts)
        self.note(x=result.x_shape, weight=result.weight_shape, **result.settings)
        return result


def conv(x: Array, weight: Array, **settings: Any) -> Array:
    """conv1d, conv2d or conv3d."""
    return getattr(kernels, f"conv{x.ndim - 2}d")(x, weight, **settings)


def conv_backward_input(dy: Array, weight: Array, x_shape: Sequence[int], **settings: Any) -> Array:
    """Its gradient with respect to x."""
    return getattr(kernels, f"conv{dy.ndim - 2}d_backward_input")(dy, weight, tuple(x_shape), **settings)


def conv_backward_weight(dy: Array, x: Array, weight_shape: Sequence[int], **settings: Any) -> Array:
    """Its gradient with respect to weight."""
    return getattr(kernels, f"conv{x.ndim - 2}d_backward_weight")(dy, x, tuple(weight_shape), **settings)


def conv_transpose(x: Array, weight: Array, **settings: Any) -> Array:
    """conv_transpose1d, conv_transpose2d or conv_transpose3d."""
    return getattr(kernels, f"conv_transpose{x.ndim - 2}d")(x, weight, **settings)


def tiled_conv(x: Array, weight: Array, **settings: Any) -> Array:
    """tiled_conv1d, tiled_conv2d or tiled_conv3d."""
    return getattr(kernels, f"tiled_conv{x.ndim - 2}d")(x, weight, **settings)


def unshared_conv(x: Array, weight: Array, **settings: Any) -> Array:
    """unshared_conv1d, unshared_conv2d or unshared_conv3d."""
    return getattr(kernels, f"unshared_conv{x.ndim - 2}d")(x, weight, **settings)


def avg_pool(x: Array, window: Sequence[int], **settings: Any) -> Array:
    """avg_pool1d, avg_pool2d or avg_pool3d."""
    return getattr(kernels, f"avg_pool{x.ndim - 2}d")(x, tuple(window), **settings)
