"""Upsampling for users: upsample1d to 3d and their gradients.

float64 goes through the textbook loops, float32 through the fast ones, an axis after the other.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from minicnn.errors import SettingError, ShapeError, suggestion
from minicnn.geometry import SizeSetting
from minicnn.kernels import textbook
from minicnn.kernels.checks.arrays import contiguous, empty, y_letters
from minicnn.kernels.checks.windows import plane_shape, planes_of, sizes_per_axis
from minicnn.kernels.cpu.pooling import call as fast
from minicnn.kernels.cpu.pooling.reads import backward as gathered
from minicnn.kernels.cpu.pooling.reads import of_resizing
from minicnn.kernels.dispatch import by_loop, run

__all__ = ["upsample1d", "upsample1d_backward", "upsample2d", "upsample2d_backward", "upsample3d", "upsample3d_backward"]

MODES = ("nearest", "linear")


def checked_mode(where: str, mode: object, align_corners: object) -> tuple[str, bool]:
    """One of MODES, and whether corners are aligned, which is for "linear"."""
    if not isinstance(mode, str) or mode not in MODES:
        raise SettingError(f"{where}: mode {mode!r} is not one of {', '.join(MODES)}{suggestion(mode, MODES)}")
    if not isinstance(align_corners, bool):
        raise SettingError(f"{where}: align_corners is {align_corners!r}, but must be True or False")
    if align_corners and mode != "linear":
        raise SettingError(f"{where}: align_corners is for mode 'linear', but mode is {mode!r}")
    return mode, align_corners


def forward(where: str, axis_count: int, x: ArrayLike, scale: object, size: object, mode: object, align_corners: object) -> np.ndarray:
    """upsample1d, upsample2d and upsample3d."""
    x = planes_of(where, axis_count, x)
    _one_of(where, "scale", scale, "size", size)
    if scale is None:
        out = sizes_per_axis(where, "size", size, axis_count)
    else:
        scales = sizes_per_axis(where, "scale", scale, axis_count)
        out = tuple(size * times for size, times in zip(x.shape[2:], scales, strict=True))
    chosen, aligned = checked_mode(where, mode, align_corners)
    if scale is None and min(x.shape[2:]) < 1:
        raise ShapeError(f"{where}: x has the shape {x.shape}, but every axis needs at least one pixel")
    y = empty(where, (*x.shape[:2], *out), x)
    if by_loop(x):
        run(getattr(textbook, f"upsample_{chosen}{axis_count}d_forward"), y, contiguous(x), *[aligned] * (chosen == "linear"))
    else:
        fast.resample(y, contiguous(x), ("upsample", chosen, aligned), lambda: of_resizing(where, chosen, aligned, x.shape[2:], out))
    return y


def backward(where: str, axis_count: int, dy: ArrayLike, scale: object, x_shape: object, mode: object, align_corners: object) -> np.ndarray:
    """The gradient of x."""
    dy = planes_of(where, axis_count, dy, "dy", y_letters(axis_count, "C"))
    _one_of(where, "scale", scale, "x_shape", x_shape)
    chosen, aligned = checked_mode(where, mode, align_corners)
    if scale is None:
        shape = plane_shape(where, axis_count, x_shape)  # type: ignore[arg-type]
        if shape[:2] != dy.shape[:2] or min(shape[2:]) < 1:
            raise ShapeError(f"{where}: x_shape {shape} does not fit\n  dy  {dy.shape}  {y_letters(axis_count, 'C')}")
    else:
        scales = sizes_per_axis(where, "scale", scale, axis_count)
        if any(size % times for size, times in zip(dy.shape[2:], scales, strict=True)):
            raise ShapeError(
                f"{where}: dy has the sizes {dy.shape[2:]}, which are not multiples of the scale {scales}"
                f"\n  dy  {dy.shape}  {y_letters(axis_count, 'C')}"
            )
        shape = (*dy.shape[:2], *(size // times for size, times in zip(dy.shape[2:], scales, strict=True)))
    dx = empty(where, shape, dy)
    if by_loop(dy):
        run(getattr(textbook, f"upsample_{chosen}{axis_count}d_backward"), dx, contiguous(dy), *[aligned] * (chosen == "linear"))
    else:
        fast.resample(
            dx,
            contiguous(dy),
            ("upsample backward", chosen, aligned),
            lambda: [gathered(each) for each in of_resizing(where, chosen, aligned, shape[2:], dy.shape[2:])],
        )
    return dx


def _one_of(where: str, name: str, value: object, other: str, instead: object) -> None:
    if (value is None) == (instead is None):
        raise SettingError(f"{where} needs {name} or {other}, but gets {'neither' if value is None else 'both'}")


def upsample1d(
    x: ArrayLike, scale: SizeSetting | None = None, *, size: SizeSetting | None = None, mode: str = "nearest", align_corners: bool = False
) -> np.ndarray:
    """As `upsample2d`, along one axis: x (N C W) -> y (N C Q)."""
    return forward("upsample1d", 1, x, scale, size, mode, align_corners)


def upsample2d(
    x: ArrayLike, scale: SizeSetting | None = None, *, size: SizeSetting | None = None, mode: str = "nearest", align_corners: bool = False
) -> np.ndarray:
    """Enlarge every plane by a whole number, or to any size.

        "nearest"  y[n,c,q] = x[n, c, floor(q*W/Q)]                                          (one axis shown)
        "linear"   y[n,c,q] = sum over w of max(0, 1 - |at[q] - w|) * x[n,c,w]
                   where  at[q] = (q + 0.5)*W/Q - 0.5, kept between 0 and W - 1, or q*(W - 1)/(Q - 1) with `align_corners`

    Parameters
    ----------
    x : (N C H W) float32 or float64
    scale : int or one per axis
    size : int or one per axis (P Q)
        Of the output, instead of a scale.
    mode : "nearest" or "linear"
        "linear" is (bi/tri)linear.
    align_corners : bool
        For "linear": whether the centres of the corner pixels are matched, instead of their edges.

    Returns
    -------
    y : (N C P Q)
        Every size times its scale, or `size`.

    Prince, "Understanding Deep Learning", 2023, section 10.4.2.

    >>> x = np.array([[[[0.0, 4.0]]]])
    >>> upsample2d(x, 2).tolist()
    [[[[0.0, 0.0, 4.0, 4.0], [0.0, 0.0, 4.0, 4.0]]]]
    >>> upsample2d(x, 2, mode="linear")[0, 0, 0].tolist()
    [0.0, 1.0, 3.0, 4.0]
    """
    return forward("upsample2d", 2, x, scale, size, mode, align_corners)


def upsample3d(
    x: ArrayLike, scale: SizeSetting | None = None, *, size: SizeSetting | None = None, mode: str = "nearest", align_corners: bool = False
) -> np.ndarray:
    """As `upsample2d`, along three axes: x (N C D H W) -> y (N C O P Q)."""
    return forward("upsample3d", 3, x, scale, size, mode, align_corners)


def upsample1d_backward(
    dy: ArrayLike,
    scale: SizeSetting | None = None,
    *,
    x_shape: Sequence[int] | None = None,
    mode: str = "nearest",
    align_corners: bool = False,
) -> np.ndarray:
    """Gradient of upsample1d with respect to x: (N C W), from dy (N C Q); settings as there, x_shape instead of a size."""
    return backward("upsample1d_backward", 1, dy, scale, x_shape, mode, align_corners)


def upsample2d_backward(
    dy: ArrayLike,
    scale: SizeSetting | None = None,
    *,
    x_shape: Sequence[int] | None = None,
    mode: str = "nearest",
    align_corners: bool = False,
) -> np.ndarray:
    """Gradient of upsample2d with respect to x: (N C H W), from dy (N C P Q); settings as there, x_shape instead of a size."""
    return backward("upsample2d_backward", 2, dy, scale, x_shape, mode, align_corners)


def upsample3d_backward(
    dy: ArrayLike,
    scale: SizeSetting | None = None,
    *,
    x_shape: Sequence[int] | None = None,
    mode: str = "nearest",
    align_corners: bool = False,
) -> np.ndarray:
    """Gradient of upsample3d with respect to x: (N C D H W), from dy (N C O P Q); settings as there, x_shape instead of a size."""
    return backward("upsample3d_backward", 3, dy, scale, x_shape, mode, align_corners)
