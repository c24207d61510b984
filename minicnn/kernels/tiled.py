"""Tiled convolution for users: filters that take turns while they slide, one to three axes, with all gradients.

A tile of 1 is ordinary convolution, a tile as large as the output is unshared convolution (`unshared.py`): one dial.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minicnn.geometry import PaddingSetting
from minicnn.kernels import passes
from minicnn.kernels.arrays import as_float_arrays, check_axes, x_letters, y_letters
from minicnn.kernels.cases import WEIGHT_LETTERS, checked_shape, resolve, tiled_weight_letters


def forward(where: str, kind: str, axis_count: int, x: Any, weight: Any, bias: Any, stride: object, padding: PaddingSetting,
            dilation: object, groups: object) -> np.ndarray:
    """tiled_conv and unshared_conv, as `kind` says."""
    given = {"x": x, "weight": weight} | ({} if bias is None else {"bias": bias})
    x, weight, *rest = as_float_arrays(where, **given)
    check_axes(where, "x", x, x_letters(axis_count))
    check_axes(where, "weight", weight, WEIGHT_LETTERS[kind](axis_count))
    case = resolve(where, kind, axis_count, x.shape, weight.shape, stride, padding, dilation, groups)
    return passes.forward(case, x, weight, passes.check_bias(case, rest))


def backward_input(where: str, kind: str, axis_count: int, dy: Any, weight: Any, x_shape: Any, stride: object, padding: PaddingSetting,
                   dilation: object, groups: object) -> np.ndarray:
    """The gradient of x."""
    dy, weight = as_float_arrays(where, dy=dy, weight=weight)
    check_axes(where, "weight", weight, WEIGHT_LETTERS[kind](axis_count))
    shape = checked_shape(where, "x_shape", x_shape, x_letters(axis_count))
    case = resolve(where, kind, axis_count, shape, weight.shape, stride, padding, dilation, groups)
    passes.check_gradient(case, dy)
    return passes.backward_input(case, dy, weight)


def backward_weight(where: str, kind: str, axis_count: int, dy: Any, x: Any, weight_shape: Any, stride: object, padding: PaddingSetting,
                    dilation: object, groups: object) -> np.ndarray:
    """The gradient of weight."""
    dy, x = as_float_arrays(where, dy=dy, x=x)
    check_axes(where, "x", x, x_letters(axis_count))
    shape = checked_shape(where, "weight_shape", weight_shape, WEIGHT_LETTERS[kind](axis_count))
    case = resolve(where, kind, axis_count, x.shape, shape, stride, padding, dilation, groups)
    passes.check_gradient(case, dy)
    return passes.backward_weight(case, dy, x)


def _family(axes: int) -> tuple[Any, Any, Any, Any]:
    """The four functions of one dimension, with their docstrings."""
    name, kind = f"tiled_conv{axes}d", "tiled_conv"
    x_axes, w_axes, y_axes = x_letters(axes), tiled_weight_letters(axes), y_letters(axes)
    tile = w_axes.partition(" C/G")[0]

    def conv(x: Any, weight: Any, bias: Any = None, *, stride: Any = 1, padding: Any = "valid", dilation: Any = 1,
             groups: int = 1) -> np.ndarray:
        return forward(name, kind, axes, x, weight, bias, stride, padding, dilation, groups)

    def conv_backward_input(dy: Any, weight: Any, x_shape: Sequence[int], *, stride: Any = 1, padding: Any = "valid", dilation: Any = 1,
                            groups: int = 1) -> np.ndarray:
        return backward_input(f"{name}_backward_input", kind, axes, dy, weight, x_shape, stride, padding, dilation, groups)

    def conv_backward_weight(dy: Any, x: Any, weight_shape: Sequence[int], *, stride: Any = 1, padding: Any = "valid", dilation: Any = 1,
                             groups: int = 1) -> np.ndarray:
        return backward_weight(f"{name}_backward_weight", kind, axes, dy, x, weight_shape, stride, padding, dilation, groups)

    def conv_backward_bias(dy: Any, bias_shape: Sequence[int]) -> np.ndarray:
        return passes.backward_bias(f"{name}_backward_bias", axes, dy, bias_shape)

    conv.__doc__ = f"""Slide over every image with filters that take turns.

        y[n,k,p] = bias[k,u] + sum over c,r of x[n, c, p*stride + r*dilation - pad] * weight[k,u,c,r],   u = p mod tile      (one axis)

    Parameters
    ----------
    x : ({x_axes}) float32 or float64
    weight : ({w_axes}) of the same type
        The tile may be any size: it need not divide the output, and may exceed it.
    bias : (K,) or ({tile}), optional
    stride, padding, dilation, groups
        As in `conv{axes}d`.

    Returns
    -------
    y : ({y_axes})

    Raises
    ------
    ShapeError, SettingError
        If sizes or settings do not fit together.

    Goodfellow, Bengio, Courville, "Deep Learning", 2016, eq. 9.10.  Gregor, LeCun, "Emergence of complex-like cells in a temporal product
    network with local receptive fields", 2010.
    """
    conv_backward_input.__doc__ = f"""Gradient of {name} with respect to x: ({x_axes}), from dy ({y_axes})."""
    conv_backward_weight.__doc__ = f"""Gradient of {name} with respect to weight: ({w_axes}); filters that nobody used get 0."""
    conv_backward_bias.__doc__ = f"""Gradient of {name} with respect to bias, in the shape of the bias: (K,) or ({tile})."""
    for function, suffix in ((conv, ""), (conv_backward_input, "_backward_input"), (conv_backward_weight, "_backward_weight"),
                             (conv_backward_bias, "_backward_bias")):
        function.__name__ = function.__qualname__ = name + suffix
    return conv, conv_backward_input, conv_backward_weight, conv_backward_bias


tiled_conv1d, tiled_conv1d_backward_input, tiled_conv1d_backward_weight, tiled_conv1d_backward_bias = _family(1)
tiled_conv2d, tiled_conv2d_backward_input, tiled_conv2d_backward_weight, tiled_conv2d_backward_bias = _family(2)
tiled_conv3d, tiled_conv3d_backward_input, tiled_conv3d_backward_weight, tiled_conv3d_backward_bias = _family(3)
