"""Transposed convolution for users: conv_transpose1d to 3d, convolution read from its output to its input, with all gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minicnn.kernels import passes
from minicnn.kernels.arrays import as_float_arrays, check_axes, x_letters, y_letters
from minicnn.kernels.cases import checked_shape, resolve_transposed, transposed_weight_letters


def forward(where: str, axis_count: int, x: Any, weight: Any, bias: Any, stride: object, padding: object, output_padding: object,
            dilation: object, groups: object) -> np.ndarray:
    """conv_transpose1d, 2d and 3d."""
    given = {"x": x, "weight": weight} | ({} if bias is None else {"bias": bias})
    x, weight, *rest = as_float_arrays(where, **given)
    check_axes(where, "x", x, x_letters(axis_count))
    check_axes(where, "weight", weight, transposed_weight_letters(axis_count))
    case = resolve_transposed(where, axis_count, x.shape, weight.shape, stride, padding, output_padding, dilation, groups)
    return passes.forward(case, x, weight, passes.check_bias(case, rest))


def backward_input(where: str, axis_count: int, dy: Any, weight: Any, x_shape: Any, stride: object, padding: object,
                   output_padding: object, dilation: object, groups: object) -> np.ndarray:
    """The gradient of x: an ordinary convolution of dy."""
    dy, weight = as_float_arrays(where, dy=dy, weight=weight)
    check_axes(where, "weight", weight, transposed_weight_letters(axis_count))
    shape = checked_shape(where, "x_shape", x_shape, x_letters(axis_count))
    case = resolve_transposed(where, axis_count, shape, weight.shape, stride, padding, output_padding, dilation, groups)
    passes.check_gradient(case, dy)
    return passes.backward_input(case, dy, weight)


def backward_weight(where: str, axis_count: int, dy: Any, x: Any, weight_shape: Any, stride: object, padding: object,
                    output_padding: object, dilation: object, groups: object) -> np.ndarray:
    """The gradient of weight."""
    dy, x = as_float_arrays(where, dy=dy, x=x)
    check_axes(where, "x", x, x_letters(axis_count))
    shape = checked_shape(where, "weight_shape", weight_shape, transposed_weight_letters(axis_count))
    case = resolve_transposed(where, axis_count, x.shape, shape, stride, padding, output_padding, dilation, groups)
    passes.check_gradient(case, dy)
    return passes.backward_weight(case, dy, x)


def _family(axes: int) -> tuple[Any, Any, Any, Any]:
    """The four functions of one dimension, with their docstrings."""
    name = f"conv_transpose{axes}d"
    x_axes, w_axes, y_axes = x_letters(axes), transposed_weight_letters(axes), y_letters(axes)

    def conv(x: Any, weight: Any, bias: Any = None, *, stride: Any = 1, padding: Any = 0, output_padding: Any = 0, dilation: Any = 1,
             groups: int = 1) -> np.ndarray:
        return forward(name, axes, x, weight, bias, stride, padding, output_padding, dilation, groups)

    def conv_backward_input(dy: Any, weight: Any, x_shape: Sequence[int], *, stride: Any = 1, padding: Any = 0, output_padding: Any = 0,
                            dilation: Any = 1, groups: int = 1) -> np.ndarray:
        return backward_input(f"{name}_backward_input", axes, dy, weight, x_shape, stride, padding, output_padding, dilation, groups)

    def conv_backward_weight(dy: Any, x: Any, weight_shape: Sequence[int], *, stride: Any = 1, padding: Any = 0, output_padding: Any = 0,
                             dilation: Any = 1, groups: int = 1) -> np.ndarray:
        return backward_weight(f"{name}_backward_weight", axes, dy, x, weight_shape, stride, padding, output_padding, dilation, groups)

    def conv_backward_bias(dy: Any) -> np.ndarray:
        return passes.backward_bias(f"{name}_backward_bias", axes, dy)

    conv.__doc__ = f"""Put a copy of the filter, weighted by x, at every input position, and add up.

        y[n, k, i*stride + r*dilation - padding] = bias[k] + sum over c,r of x[n,c,i] * weight[c,k,r]      (one axis shown)
        out = (in - 1)*stride - 2*padding + dilation*(taps - 1) + output_padding + 1

    It is the gradient of the convolution with the same settings, from its output to its input.

    Parameters
    ----------
    x : ({x_axes}) float32 or float64
    weight : ({w_axes}) of the same type
    bias : (K,), optional
    stride, dilation : int or one per axis, in pixels
    padding : int or one per axis
        Pixels cut off at both ends of the output.
    output_padding : int or one per axis
        Pixels more at the end of the output, where stride or dilation leave its size open: less than the larger of the two.
    groups : int
        Channels and filters fall into so many groups that do not see each other.

    Returns
    -------
    y : ({y_axes})

    Raises
    ------
    ShapeError, SettingError
        If sizes or settings do not fit together.

    Dumoulin, Visin, "A guide to convolution arithmetic for deep learning", 2016, chapter 4.
    """
    conv_backward_input.__doc__ = f"""Gradient of {name} with respect to x: ({x_axes}), an ordinary convolution of dy ({y_axes})."""
    conv_backward_weight.__doc__ = f"""Gradient of {name} with respect to weight: ({w_axes}), from dy ({y_axes}) and x ({x_axes})."""
    conv_backward_bias.__doc__ = f"""Gradient of {name} with respect to bias: (K,), from dy ({y_axes})."""
    for function, suffix in ((conv, ""), (conv_backward_input, "_backward_input"), (conv_backward_weight, "_backward_weight"),
                             (conv_backward_bias, "_backward_bias")):
        function.__name__ = function.__qualname__ = name + suffix
    return conv, conv_backward_input, conv_backward_weight, conv_backward_bias


conv_transpose1d, conv_transpose1d_backward_input, conv_transpose1d_backward_weight, conv_transpose1d_backward_bias = _family(1)
conv_transpose2d, conv_transpose2d_backward_input, conv_transpose2d_backward_weight, conv_transpose2d_backward_bias = _family(2)
conv_transpose3d, conv_transpose3d_backward_input, conv_transpose3d_backward_weight, conv_transpose3d_backward_bias = _family(3)
