"""Unshared convolution for users: local connections, and a filter of its own for every output position, with all gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minicnn.kernels import passes
from minicnn.kernels.arrays import OUT_LETTERS, x_letters, y_letters
from minicnn.kernels.cases import unshared_weight_letters
from minicnn.kernels.tiled import backward_input, backward_weight, forward


def _family(axes: int) -> tuple[Any, Any, Any, Any]:
    """The four functions of one dimension, with their docstrings."""
    name, kind = f"unshared_conv{axes}d", "unshared_conv"
    x_axes, w_axes, y_axes = x_letters(axes), unshared_weight_letters(axes), y_letters(axes)

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
        return passes.backward_bias(f"{name}_backward_bias", axes, dy, bias_shape, unshared=True)

    conv.__doc__ = f"""Visit every output position with a filter of its own.

        y[n,k,p] = bias[k,p] + sum over c,r of x[n, c, p*stride + r*dilation - pad] * weight[k,p,c,r]      (one axis shown)

    Parameters
    ----------
    x : ({x_axes}) float32 or float64
    weight : ({w_axes}) of the same type
        The output positions are those that x and the settings give.
    bias : (K,) or (K {OUT_LETTERS[axes]}), optional
    stride, padding, dilation, groups
        As in `conv{axes}d`.

    Returns
    -------
    y : ({y_axes})

    Raises
    ------
    ShapeError, SettingError
        If sizes or settings do not fit together.

    Goodfellow, Bengio, Courville, "Deep Learning", 2016, eq. 9.9.  LeCun, "Generalization and network design strategies", 1989.
    """
    conv_backward_input.__doc__ = f"""Gradient of {name} with respect to x: ({x_axes}), from dy ({y_axes})."""
    conv_backward_weight.__doc__ = f"""Gradient of {name} with respect to weight: ({w_axes}), from dy ({y_axes}) and x ({x_axes})."""
    conv_backward_bias.__doc__ = f"""Gradient of {name} with respect to bias, in the shape of the bias: (K,) or (K {OUT_LETTERS[axes]})."""
    for function, suffix in ((conv, ""), (conv_backward_input, "_backward_input"), (conv_backward_weight, "_backward_weight"),
                             (conv_backward_bias, "_backward_bias")):
        function.__name__ = function.__qualname__ = name + suffix
    return conv, conv_backward_input, conv_backward_weight, conv_backward_bias


unshared_conv1d, unshared_conv1d_backward_input, unshared_conv1d_backward_weight, unshared_conv1d_backward_bias = _family(1)
unshared_conv2d, unshared_conv2d_backward_input, unshared_conv2d_backward_weight, unshared_conv2d_backward_bias = _family(2)
unshared_conv3d, unshared_conv3d_backward_input, unshared_conv3d_backward_weight, unshared_conv3d_backward_bias = _family(3)
