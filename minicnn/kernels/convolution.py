"""Convolution for users: conv1d, conv2d, conv3d and their gradients.  Checks, allocates, and calls the loops that serve.

float64 goes through the textbook loops, float32 through the fast ones unless `algorithm` says otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minicnn.errors import SettingError
from minicnn.geometry import PaddingSetting
from minicnn.kernels import algorithms, passes
from minicnn.kernels.arrays import as_float_arrays, check_axes, contiguous, weight_letters, x_letters, y_letters
from minicnn.kernels.cases import Case, checked_shape, resolve

ALGORITHMS = ("auto", "textbook", "direct", "im2col", "fft", "winograd")


def choose(case: Case, algorithm: object, dtype: np.dtype) -> str:
    """The algorithm that serves: "auto" in float64 is the textbook loop; in float32 it stays, for sizes decide."""
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise SettingError(f"{case.where}: algorithm {algorithm!r} is not one of {', '.join(ALGORITHMS)}")
    if algorithm == "auto":
        return "auto" if dtype == np.float32 else "textbook"
    if algorithm == "direct" and dtype != np.float32:
        raise SettingError(f"{case.where}: algorithm 'direct' computes in float32, but the arrays are {dtype}"
                           f"\n  use algorithm='textbook', or arrays of float32")
    return algorithm


def forward(where: str, axis_count: int, x: Any, weight: Any, bias: Any, stride: object, padding: PaddingSetting, dilation: object,
            groups: object, flip: object, algorithm: object) -> np.ndarray:
    """conv1d, conv2d and conv3d."""
    given = {"x": x, "weight": weight} | ({} if bias is None else {"bias": bias})
    x, weight, *rest = as_float_arrays(where, **given)
    check_axes(where, "x", x, x_letters(axis_count))
    check_axes(where, "weight", weight, weight_letters(axis_count))
    case = resolve(where, "conv", axis_count, x.shape, weight.shape, stride, padding, dilation, groups, flip)
    own_bias = passes.check_bias(case, rest)
    chosen = choose(case, algorithm, x.dtype)
    if chosen in ALGORITHMS[3:]:
        return algorithms.forward(chosen, case, contiguous(x), contiguous(weight), own_bias)
    return passes.forward(case, x, weight, own_bias, chosen == "textbook", chosen == "direct")


def backward_input(where: str, axis_count: int, dy: Any, weight: Any, x_shape: Any, stride: object, padding: PaddingSetting,
                   dilation: object, groups: object, flip: object) -> np.ndarray:
    """The gradient of x."""
    dy, weight = as_float_arrays(where, dy=dy, weight=weight)
    check_axes(where, "weight", weight, weight_letters(axis_count))
    shape = checked_shape(where, "x_shape", x_shape, x_letters(axis_count))
    case = resolve(where, "conv", axis_count, shape, weight.shape, stride, padding, dilation, groups, flip)
    passes.check_gradient(case, dy)
    return passes.backward_input(case, dy, weight)


def backward_weight(where: str, axis_count: int, dy: Any, x: Any, weight_shape: Any, stride: object, padding: PaddingSetting,
                    dilation: object, groups: object, flip: object) -> np.ndarray:
    """The gradient of weight."""
    dy, x = as_float_arrays(where, dy=dy, x=x)
    check_axes(where, "x", x, x_letters(axis_count))
    shape = checked_shape(where, "weight_shape", weight_shape, weight_letters(axis_count))
    case = resolve(where, "conv", axis_count, x.shape, shape, stride, padding, dilation, groups, flip)
    passes.check_gradient(case, dy)
    return passes.backward_weight(case, dy, x)


def _family(axes: int) -> tuple[Any, Any, Any, Any]:
    """The four functions of one dimension, with their docstrings."""
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

    def conv_backward_bias(dy: Any) -> np.ndarray:
        return passes.backward_bias(f"{name}_backward_bias", axes, dy)

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
        both sides.  Padding counts as zero; what an infinite weight or NaN makes of it is unspecified: NaN (0 times infinity) or nothing.
        The same holds for an infinite dy in the gradients.
    groups : int
        Channels and filters fall into so many groups that do not see each other.
    flip : bool
        True for the mathematician's convolution, False for cross-correlation, which is what networks call convolution.
    algorithm : "auto", "textbook", "direct", "im2col", "fft" or "winograd"
        "auto" is "textbook" for float64.  For float32 it is "winograd" where that is the faster way (32 channels and
        filters at least), else "direct".  NaN and infinite numbers of x reach what their taps reach, by every algorithm but "fft", which
        spreads them over the image.  Sums are kept in float32: partial sums beyond 3.4e38 are infinite, or NaN where both signs meet.
        How far a result may be from the textbook's, in float32:
        "direct", "im2col": 2e-7 * sqrt(terms) of the largest partial sum.  "fft": 1e-7 of it, large filters at the price of small ones.
        "winograd", for 3x3 filters with stride 1: 5e-6 of the largest |x| times the sum of |weight| of a filter.

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
    conv_backward_bias.__doc__ = f"""Gradient of {name} with respect to bias: (K,), from dy ({y_axes})."""
    for function, suffix in ((conv, ""), (conv_backward_input, "_backward_input"), (conv_backward_weight, "_backward_weight"),
                             (conv_backward_bias, "_backward_bias")):
        function.__name__ = function.__qualname__ = name + suffix
    return conv, conv_backward_input, conv_backward_weight, conv_backward_bias


conv1d, conv1d_backward_input, conv1d_backward_weight, conv1d_backward_bias = _family(1)
conv2d, conv2d_backward_input, conv2d_backward_weight, conv2d_backward_bias = _family(2)
conv3d, conv3d_backward_input, conv3d_backward_weight, conv3d_backward_bias = _family(3)

