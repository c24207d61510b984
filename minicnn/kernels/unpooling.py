"""Max unpooling for users: max_unpool1d to 3d and their gradients.

float64 goes through the textbook loops, float32 through the fast ones.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minicnn.geometry import per_axis
from minicnn.kernels import textbook
from minicnn.kernels.arrays import SPACE_LETTERS, as_array, check_axes, contiguous, empty, x_letters, y_letters
from minicnn.kernels.cpu import pooling_call as fast
from minicnn.kernels.windows import check_pooled, checked_positions, planes_of


def forward(where: str, axis_count: int, y: Any, indices: Any, output_shape: Any) -> np.ndarray:
    """max_unpool1d, max_unpool2d and max_unpool3d."""
    y = planes_of(where, axis_count, y, "y", y_letters(axis_count, "C"))
    space = per_axis(where, "output_shape", output_shape.tolist() if isinstance(output_shape, np.ndarray) else output_shape, axis_count, 0)
    indices = checked_positions(where, indices, y, "y", space)
    x = empty(where, (*y.shape[:2], *space), y.dtype)
    if y.dtype == np.float64:
        getattr(textbook, f"max_unpool{axis_count}d_forward")(x, contiguous(y), contiguous(indices))
    else:
        fast.max_unpool(x, contiguous(y), contiguous(indices))
    return x


def backward(where: str, axis_count: int, dx: Any, indices: Any) -> np.ndarray:
    """The gradient of y."""
    dx = planes_of(where, axis_count, dx, "dx")
    indices = as_array(where, "indices", indices)
    check_axes(where, "indices", indices, y_letters(axis_count, "C"))
    check_pooled(where, "indices", indices, (*dx.shape[:2], *indices.shape[2:]))
    checked_positions(where, indices, indices, "indices", dx.shape[2:])
    dy = empty(where, indices.shape, dx.dtype)
    if dx.dtype == np.float64:
        getattr(textbook, f"max_unpool{axis_count}d_backward")(dy, contiguous(dx), contiguous(indices))
    else:
        fast.max_unpool_backward(dy, contiguous(dx), contiguous(indices))
    return dy


def _family(axes: int) -> tuple[Any, Any]:
    """The functions of one dimension, with their docstrings."""
    name, x_axes, y_axes = f"max_unpool{axes}d", x_letters(axes), y_letters(axes, "C")

    def max_unpool(y: Any, indices: Any, output_shape: Any) -> np.ndarray:
        return forward(name, axes, y, indices, output_shape)

    def max_unpool_backward(dx: Any, indices: Any) -> np.ndarray:
        return backward(f"{name}_backward", axes, dx, indices)

    max_unpool.__doc__ = f"""Put every value back where its maximum was found; zero everywhere else.

    Parameters
    ----------
    y : ({y_axes}) float32 or float64
    indices : ({y_axes}) int64
        As max_pool{axes}d(..., return_indices=True) returned them; -1 goes nowhere.
    output_shape : int or one per axis ({SPACE_LETTERS[axes]})
        The shape of the plane that was pooled.

    Returns
    -------
    x : ({x_axes})
        Where windows overlap and share a winner, they share its value; of different values for one place the last in scan order stays.

    Zeiler, Fergus, "Visualizing and understanding convolutional networks", 2014, section 2.1.
    """
    max_unpool_backward.__doc__ = f"""Gradient of {name} with respect to y: every value looks where it went.

    Parameters
    ----------
    dx : ({x_axes}) float32 or float64
        Gradient of what {name} returned.
    indices : ({y_axes}) int64

    Returns
    -------
    dy : ({y_axes})
        0 where the index is -1.
    """
    for function, suffix in ((max_unpool, ""), (max_unpool_backward, "_backward")):
        function.__name__ = function.__qualname__ = name + suffix
    return max_unpool, max_unpool_backward


max_unpool1d, max_unpool1d_backward = _family(1)
max_unpool2d, max_unpool2d_backward = _family(2)
max_unpool3d, max_unpool3d_backward = _family(3)
