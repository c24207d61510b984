"""Max unpooling for users: max_unpool1d to 3d and their gradients.

float64 goes through the textbook loops, float32 through the fast ones.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from minicnn.geometry import SizeSetting, per_axis
from minicnn.kernels import textbook
from minicnn.kernels.checks.arrays import as_array, check_axes, contiguous, empty, y_letters
from minicnn.kernels.checks.windows import check_pooled, checked_positions, planes_of
from minicnn.kernels.cpu.pooling import call as fast
from minicnn.kernels.dispatch import by_loop, run

__all__ = ["max_unpool1d", "max_unpool1d_backward", "max_unpool2d", "max_unpool2d_backward", "max_unpool3d", "max_unpool3d_backward"]


def forward(where: str, axis_count: int, y: ArrayLike, indices: ArrayLike, output_shape: SizeSetting | np.ndarray) -> np.ndarray:
    """max_unpool1d, max_unpool2d and max_unpool3d."""
    y = planes_of(where, axis_count, y, "y", y_letters(axis_count, "C"))
    space = per_axis(where, "output_shape", output_shape.tolist() if isinstance(output_shape, np.ndarray) else output_shape, axis_count, 0)
    indices = checked_positions(where, indices, y, "y", space)
    x = empty(where, (*y.shape[:2], *space), y)
    if by_loop(y):
        run(getattr(textbook, f"max_unpool{axis_count}d_forward"), x, contiguous(y), contiguous(indices))
    else:
        fast.max_unpool(x, contiguous(y), contiguous(indices))
    return x


def backward(where: str, axis_count: int, dx: ArrayLike, indices: ArrayLike) -> np.ndarray:
    """The gradient of y."""
    dx = planes_of(where, axis_count, dx, "dx")
    indices = as_array(where, "indices", indices)
    check_axes(where, "indices", indices, y_letters(axis_count, "C"))
    check_pooled(where, "indices", indices, (*dx.shape[:2], *indices.shape[2:]))
    checked_positions(where, indices, indices, "indices", dx.shape[2:])
    dy = empty(where, indices.shape, dx)
    if by_loop(dx):
        run(getattr(textbook, f"max_unpool{axis_count}d_backward"), dy, contiguous(dx), contiguous(indices))
    else:
        fast.max_unpool_backward(dy, contiguous(dx), contiguous(indices))
    return dy


def max_unpool1d(y: ArrayLike, indices: ArrayLike, output_shape: SizeSetting) -> np.ndarray:
    """As `max_unpool2d`, along one axis: y (N C Q) -> x (N C W)."""
    return forward("max_unpool1d", 1, y, indices, output_shape)


def max_unpool2d(y: ArrayLike, indices: ArrayLike, output_shape: SizeSetting) -> np.ndarray:
    """Put every value back where its maximum was found; zero everywhere else.

    Parameters
    ----------
    y : (N C P Q) float32 or float64
    indices : (N C P Q) int64
        As max_pool2d(..., return_indices=True) returned them; -1 goes nowhere.
    output_shape : int or one per axis (H W)
        The shape of the plane that was pooled.

    Returns
    -------
    x : (N C H W)
        If windows overlap and share a winner, they share its value; of different values for one place the last in scan order stays.

    Zeiler, Fergus, "Visualizing and understanding convolutional networks", 2014, section 2.1.

    >>> max_unpool2d(np.array([[[[7.0]]]]), np.array([[[[3]]]]), (2, 2)).tolist()
    [[[[0.0, 0.0], [0.0, 7.0]]]]
    """
    return forward("max_unpool2d", 2, y, indices, output_shape)


def max_unpool3d(y: ArrayLike, indices: ArrayLike, output_shape: SizeSetting) -> np.ndarray:
    """As `max_unpool2d`, along three axes: y (N C O P Q) -> x (N C D H W)."""
    return forward("max_unpool3d", 3, y, indices, output_shape)


def max_unpool1d_backward(dx: ArrayLike, indices: ArrayLike) -> np.ndarray:
    """As `max_unpool2d_backward`, along one axis: dx (N C W) -> dy (N C Q)."""
    return backward("max_unpool1d_backward", 1, dx, indices)


def max_unpool2d_backward(dx: ArrayLike, indices: ArrayLike) -> np.ndarray:
    """Gradient of max_unpool2d with respect to y: the gradient at each value's place.

    Parameters
    ----------
    dx : (N C H W) float32 or float64
        Gradient of what max_unpool2d returned.
    indices : (N C P Q) int64

    Returns
    -------
    dy : (N C P Q)
        0 where the index is -1.
    """
    return backward("max_unpool2d_backward", 2, dx, indices)


def max_unpool3d_backward(dx: ArrayLike, indices: ArrayLike) -> np.ndarray:
    """As `max_unpool2d_backward`, along three axes: dx (N C D H W) -> dy (N C O P Q)."""
    return backward("max_unpool3d_backward", 3, dx, indices)
