"""Convolution for users: conv1d, conv2d, conv3d and their gradients.  Checks, allocates, and calls the loops that serve.

float64 goes through the textbook loops, float32 through the fast ones unless `algorithm` says otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from minicnn.errors import SettingError, ShapeError
from minicnn.geometry import AXIS_WORDS, Axis, PaddingSetting, resolve_axes, whole_number
from minicnn.kernels import textbook
from minicnn.kernels.arrays import (
    as_float_arrays,
    check_axes,
    check_shape,
    contiguous,
    empty,
    weight_letters,
    x_letters,
    y_letters,
)
from minicnn.kernels.cpu import convolution_call as fast

ALGORITHMS = ("auto", "textbook", "direct", "im2col", "fft", "winograd")


class Case(NamedTuple):
    """A convolution with all settings resolved and all shapes checked."""

    where: str
    axes: tuple[Axis, ...]
    groups: int
    flip: bool
    x_shape: tuple[int, ...]
    weight_shape: tuple[int, ...]

    @property
    def y_shape(self) -> tuple[int, ...]:
        """(N, K, *out)."""
        return (self.x_shape[0], self.weight_shape[0], *(axis.out for axis in self.axes))

    @property
    def numbers(self) -> tuple[Any, ...]:
        """The settings as the textbook loops take them."""
        return (*(a.stride for a in self.axes), *(a.before for a in self.axes), *(a.dilation for a in self.axes), self.groups, self.flip)

    def loop(self, name: str) -> Any:
        """A textbook loop of this dimension: "forward" of conv2d."""
        return getattr(textbook, f"conv{len(self.axes)}d_{name}")


def resolve(where: str, axis_count: int, x_shape: Sequence[int], weight_shape: Sequence[int], stride: object, padding: PaddingSetting,
            dilation: object, groups: object, flip: object) -> Case:
    """Check sizes and settings against each other."""
    if not isinstance(flip, (bool, np.bool_)):
        raise SettingError(f"{where}: flip is {flip!r}, but must be True or False")
    x_shape, weight_shape = tuple(x_shape), tuple(weight_shape)
    group_count = whole_number(where, "groups", groups, least=1)
    (_, channels, *sizes), (filters, weight_channels, *taps) = x_shape, weight_shape
    if min(weight_shape) < 1:
        raise ShapeError(f"{where}: weight has the shape {weight_shape}, but every size must be at least 1")
    if channels % group_count or filters % group_count:
        raise ShapeError(f"{where}: {channels} channels and {filters} filters do not both divide into {group_count} groups"
                         f"\n  x       {x_shape}  {x_letters(axis_count)}\n  weight  {weight_shape}  {weight_letters(axis_count)}")
    if channels != weight_channels * group_count or not channels:
        raise ShapeError(f"{where}: x has {channels} channels, but weight was made for {weight_channels * group_count}"
                         f"\n  x       {x_shape}  {x_letters(axis_count)}\n  weight  {weight_shape}  {weight_letters(axis_count)}"
                         + (f"   G = {group_count}" if group_count > 1 else ""))
    axes = resolve_axes(where, sizes, tuple(taps), stride, padding, dilation)
    for axis, word in zip(axes, AXIS_WORDS[axis_count], strict=True):
        if axis.out < 1:
            raise ShapeError(f"{where}: a filter that spans {axis.extent} {word} does not fit into {axis.size} with padding"
                             f" {axis.before} and {axis.after}\n  x       {x_shape}  {x_letters(axis_count)}"
                             f"\n  weight  {weight_shape}  {weight_letters(axis_count)}"
                             f"\n  use more padding, or an input of at least {axis.extent - axis.before - axis.after} {word}")
    return Case(where, axes, group_count, bool(flip), x_shape, weight_shape)


def choose(case: Case, algorithm: object, dtype: np.dtype) -> str:
    """The algorithm that serves: "auto" is the direct loop in float32, the textbook one in float64."""
    if algorithm not in ALGORITHMS:
        raise SettingError(f"{case.where}: algorithm {algorithm!r} is not one of {', '.join(ALGORITHMS)}")
    if algorithm == "auto":
        return "direct" if dtype == np.float32 else "textbook"
    if algorithm == "direct" and dtype != np.float32:
        raise SettingError(f"{case.where}: algorithm 'direct' computes in float32, but the arrays are {dtype}"
                           f"\n  use algorithm='textbook', or arrays of float32")
    return str(algorithm)


def forward(where: str, axis_count: int, x: Any, weight: Any, bias: Any, stride: object, padding: PaddingSetting, dilation: object,
            groups: object, flip: object, algorithm: object) -> np.ndarray:
    """conv1d, conv2d and conv3d."""
    given = {"x": x, "weight": weight} | ({} if bias is None else {"bias": bias})
    x, weight, *rest = as_float_arrays(where, **given)
    check_axes(where, "x", x, x_letters(axis_count))
    check_axes(where, "weight", weight, weight_letters(axis_count))
    case = resolve(where, axis_count, x.shape, weight.shape, stride, padding, dilation, groups, flip)
    if rest:
        check_shape(where, "bias", rest[0], (weight.shape[0],), "K")
    chosen = choose(case, algorithm, x.dtype)
    y = empty(where, case.y_shape, x.dtype)
    if chosen == "textbook":
        case.loop("forward")(y, x, weight, rest[0] if rest else np.zeros(weight.shape[0], x.dtype), *case.numbers)
    elif chosen == "direct":
        fast.forward(y, contiguous(x), contiguous(weight), contiguous(rest[0]) if rest else None, case.axes, case.groups, case.flip)
    else:
        raise SettingError(f"{where}: algorithm {chosen!r} does not serve this case\n  use 'auto', 'direct' or 'textbook'")
    return y


def backward_input(where: str, axis_count: int, dy: Any, weight: Any, x_shape: Sequence[int], stride: object, padding: PaddingSetting,
                   dilation: object, groups: object, flip: object) -> np.ndarray:
    """The gradient of x."""
    dy, weight = as_float_arrays(where, dy=dy, weight=weight)
    check_axes(where, "weight", weight, weight_letters(axis_count))
    case = resolve(where, axis_count, checked_shape(where, "x_shape", x_shape, x_letters(axis_count)), weight.shape, stride, padding,
                   dilation, groups, flip)
    check_shape(where, "dy", dy, case.y_shape, y_letters(axis_count))
    dx = empty(where, case.x_shape, dy.dtype)
    if dy.dtype == np.float64:
        case.loop("backward_input")(dx, dy, weight, *case.numbers)
    else:
        fast.backward_input(dx, contiguous(dy), contiguous(weight), case.axes, case.groups, case.flip)
    return dx


def backward_weight(where: str, axis_count: int, dy: Any, x: Any, weight_shape: Sequence[int], stride: object, padding: PaddingSetting,
                    dilation: object, groups: object, flip: object) -> np.ndarray:
    """The gradient of weight."""
    dy, x = as_float_arrays(where, dy=dy, x=x)
    check_axes(where, "x", x, x_letters(axis_count))
    case = resolve(where, axis_count, x.shape, checked_shape(where, "weight_shape", weight_shape, weight_letters(axis_count)), stride, padding,
                   dilation, groups, flip)
    check_shape(where, "dy", dy, case.y_shape, y_letters(axis_count))
    dweight = empty(where, case.weight_shape, x.dtype)
    if x.dtype == np.float64:
        case.loop("backward_weight")(dweight, dy, x, *case.numbers)
    else:
        fast.backward_weight(dweight, contiguous(dy), contiguous(x), case.axes, case.groups, case.flip)
    return dweight


def checked_shape(where: str, name: str, shape: Any, letters: str) -> tuple[int, ...]:
    """A shape given as an argument: one whole number per letter."""
    wanted = letters.split()
    try:
        sizes = tuple(shape)
    except TypeError:
        raise ShapeError(f"{where}: {name} is {shape!r}, but must be a shape ({', '.join(wanted)})") from None
    if len(sizes) != len(wanted):
        raise ShapeError(f"{where}: {name} {sizes} has {len(sizes)} sizes, but needs {len(wanted)}: {letters}")
    return tuple(whole_number(where, f"{name} {letter}", size, least=0) for letter, size in zip(wanted, sizes, strict=True))


def _family(axes: int) -> tuple[Any, Any, Any]:
    """The three functions of one dimension, with their docstrings."""
    name = f"conv{axes}d"
    x_axes, w_axes, y_axes = x_letters(axes), weight_letters(axes), y_letters(axes)

    def conv(x: Any, weight: Any, bias: Any = None, *, stride: Any = 1, padding: Any = "valid", dilation: Any = 1, groups: int = 1,
             flip: bool = False, algorithm: str = "auto") -> np.ndarray:
        return forward(name, axes, x, weight, bias, stride, padding, dilation, groups, flip, algorithm)

    def conv_backward_input(dy: Any, weight: Any, x_shape: Sequence[int], *, stride: Any = 1, padding: Any = "valid", dilation: Any = 1,
                            groups: int = 1, flip: bool = False) -> np.ndarray:
        return backward_input(f"{name}_backward_input", axes, dy, weight, x_shape, stride, padding, dilation, groups, flip)

    def conv_backward_weight(dy: Any, x: Any, weight_shape: Sequence[int], *, stride: Any = 1, padding: Any = "valid", dilation: Any = 1,
                             groups: int = 1, flip: bool = False) -> np.ndarray:
        return backward_weight(f"{name}_backward_weight", axes, dy, x, weight_shape, stride, padding, dilation, groups, flip)

    conv.__doc__ = f"""Slide every filter over every image.

        y[n,k,p] = bias[k] + sum over c,r of x[n, c, p*stride + r*dilation - pad] * weight[k,c,r]      (one axis shown)

    Parameters
    ----------
    x : ({x_axes}) float32 or float64
    weight : ({w_axes}) of the same type
    bias : (K,), optional
    stride, dilation : int or one per axis, in pixels
    padding : "valid", "same", "full", an int, one int per axis, or one (before, after) pair per axis
        "same": the output has ceil(size / stride) pixels, an odd extra pixel of padding goes after.  "full": dilation*(taps-1) on
        both sides.
    groups : int
        Channels and filters fall into so many groups that do not see each other.
    flip : bool
        True for the mathematician's convolution, False for cross-correlation, which is what networks call convolution.
    algorithm : "auto", "textbook", "direct", "im2col", "fft" or "winograd"
        "direct" sums in float32 in the textbook's order: the difference stays below 2e-7 * sqrt(terms) of the largest partial sum.

    Returns
    -------
    y : ({y_axes})

    Raises
    ------
    ShapeError, SettingError
        If sizes or settings do not fit together.

    Goodfellow, Bengio, Courville, "Deep Learning", 2016, sections 9.1 and 9.5.
    """
    conv_backward_input.__doc__ = f"""Gradient of {name} with respect to x: ({x_axes}), from dy ({y_axes}); settings as in {name}."""
    conv_backward_weight.__doc__ = f"""Gradient of {name} with respect to weight: ({w_axes}), from dy ({y_axes}) and x ({x_axes})."""
    for function, suffix in ((conv, ""), (conv_backward_input, "_backward_input"), (conv_backward_weight, "_backward_weight")):
        function.__name__ = function.__qualname__ = name + suffix
    return conv, conv_backward_input, conv_backward_weight


conv1d, conv1d_backward_input, conv1d_backward_weight = _family(1)
conv2d, conv2d_backward_input, conv2d_backward_weight = _family(2)
conv3d, conv3d_backward_input, conv3d_backward_weight = _family(3)

