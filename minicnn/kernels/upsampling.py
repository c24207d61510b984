"""Upsampling for users: upsample1d to 3d and their gradients.

float64 goes through the textbook loops, float32 through the fast ones, an axis after the other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from minicnn.errors import SettingError, ShapeError, suggestion
from minicnn.geometry import SizeSetting
from minicnn.kernels import textbook
from minicnn.kernels.checks.arrays import contiguous, empty, y_letters
from minicnn.kernels.checks.windows import planes_of, sizes_per_axis
from minicnn.kernels.cpu.pooling import call as fast
from minicnn.kernels.cpu.pooling.reads import Reads, of_copies, of_neighbours
from minicnn.kernels.cpu.pooling.reads import backward as gathered
from minicnn.kernels.dispatch import by_loop, run

__all__ = ["upsample1d", "upsample1d_backward", "upsample2d", "upsample2d_backward", "upsample3d", "upsample3d_backward"]

MODES = {"nearest": of_copies, "linear": of_neighbours}


def checked_mode(where: str, mode: object) -> str:
    """One of MODES."""
    if not isinstance(mode, str) or mode not in MODES:
        raise SettingError(f"{where}: mode {mode!r} is not one of {', '.join(MODES)}{suggestion(mode, MODES)}")
    return mode


def forward(where: str, axis_count: int, x: ArrayLike, scale: object, mode: object) -> np.ndarray:
    """upsample1d, upsample2d and upsample3d."""
    x = planes_of(where, axis_count, x)
    scales = sizes_per_axis(where, "scale", scale, axis_count)
    chosen = checked_mode(where, mode)
    y = empty(where, (*x.shape[:2], *(size * times for size, times in zip(x.shape[2:], scales, strict=True))), x)
    if by_loop(x):
        run(getattr(textbook, f"upsample_{chosen}{axis_count}d_forward"), y, contiguous(x), *scales)
    else:
        fast.resample(y, contiguous(x), ("upsample", chosen), lambda: _reads(where, chosen, x.shape[2:], scales))
    return y


def backward(where: str, axis_count: int, dy: ArrayLike, scale: object, mode: object) -> np.ndarray:
    """The gradient of x."""
    dy = planes_of(where, axis_count, dy, "dy", y_letters(axis_count, "C"))
    scales = sizes_per_axis(where, "scale", scale, axis_count)
    chosen = checked_mode(where, mode)
    if any(size % times for size, times in zip(dy.shape[2:], scales, strict=True)):
        raise ShapeError(
            f"{where}: dy has the sizes {dy.shape[2:]}, which are not multiples of the scale {scales}"
            f"\n  dy  {dy.shape}  {y_letters(axis_count, 'C')}"
        )
    space = tuple(size // times for size, times in zip(dy.shape[2:], scales, strict=True))
    dx = empty(where, (*dy.shape[:2], *space), dy)
    if by_loop(dy):
        run(getattr(textbook, f"upsample_{chosen}{axis_count}d_backward"), dx, contiguous(dy), *scales)
    else:
        fast.resample(
            dx, contiguous(dy), ("upsample backward", chosen), lambda: [gathered(each) for each in _reads(where, chosen, space, scales)]
        )
    return dx


def _reads(where: str, mode: str, space: tuple[int, ...], scales: tuple[int, ...]) -> list[Reads]:
    return [MODES[mode](where, size, scale) for size, scale in zip(space, scales, strict=True)]


def upsample1d(x: ArrayLike, scale: SizeSetting, *, mode: str = "nearest") -> np.ndarray:
    """As `upsample2d`, along one axis: x (N C W) -> y (N C Q)."""
    return forward("upsample1d", 1, x, scale, mode)


def upsample2d(x: ArrayLike, scale: SizeSetting, *, mode: str = "nearest") -> np.ndarray:
    """Enlarge every plane by a whole number.

        "nearest"  y[n,c,q] = x[n, c, q // scale]                                            (one axis shown)
        "linear"   y[n,c,q] = sum over w of max(0, 1 - |at[q] - w|) * x[n,c,w]
                   where  at[q] = (q + 0.5)/scale - 0.5, kept between 0 and W - 1

    Parameters
    ----------
    x : (N C H W) float32 or float64
    scale : int or one per axis
    mode : "nearest" or "linear"
        "linear" is (bi/tri)linear, the centres of the pixels matched: PyTorch's align_corners=False.

    Returns
    -------
    y : (N C P Q)
        Every size times its scale.

    Prince, "Understanding Deep Learning", 2023, section 10.4.2.
    """
    return forward("upsample2d", 2, x, scale, mode)


def upsample3d(x: ArrayLike, scale: SizeSetting, *, mode: str = "nearest") -> np.ndarray:
    """As `upsample2d`, along three axes: x (N C D H W) -> y (N C O P Q)."""
    return forward("upsample3d", 3, x, scale, mode)


def upsample1d_backward(dy: ArrayLike, scale: SizeSetting, *, mode: str = "nearest") -> np.ndarray:
    """Gradient of upsample1d with respect to x: (N C W), from dy (N C Q); scale and mode as there."""
    return backward("upsample1d_backward", 1, dy, scale, mode)


def upsample2d_backward(dy: ArrayLike, scale: SizeSetting, *, mode: str = "nearest") -> np.ndarray:
    """Gradient of upsample2d with respect to x: (N C H W), from dy (N C P Q); scale and mode as there."""
    return backward("upsample2d_backward", 2, dy, scale, mode)


def upsample3d_backward(dy: ArrayLike, scale: SizeSetting, *, mode: str = "nearest") -> np.ndarray:
    """Gradient of upsample3d with respect to x: (N C D H W), from dy (N C O P Q); scale and mode as there."""
    return backward("upsample3d_backward", 3, dy, scale, mode)
