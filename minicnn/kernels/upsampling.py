"""Upsampling for users: upsample1d to 3d and their gradients.

float64 goes through the textbook loops, float32 through the fast ones, an axis after the other.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minicnn.errors import SettingError, ShapeError
from minicnn.kernels import textbook
from minicnn.kernels.arrays import contiguous, empty, x_letters, y_letters
from minicnn.kernels.cpu import pooling_call as fast
from minicnn.kernels.cpu.reads import Reads, of_copies, of_neighbours
from minicnn.kernels.cpu.reads import backward as gathered
from minicnn.kernels.windows import planes_of, sizes_per_axis

MODES = {"nearest": of_copies, "linear": of_neighbours}


def checked_mode(where: str, mode: object) -> str:
    """One of MODES."""
    if not isinstance(mode, str) or mode not in MODES:
        raise SettingError(f"{where}: mode {mode!r} is not one of {', '.join(MODES)}")
    return mode


def forward(where: str, axis_count: int, x: Any, scale: object, mode: object) -> np.ndarray:
    """upsample1d, upsample2d and upsample3d."""
    x = planes_of(where, axis_count, x)
    scales = sizes_per_axis(where, "scale", scale, axis_count)
    chosen = checked_mode(where, mode)
    y = empty(where, (*x.shape[:2], *(size * times for size, times in zip(x.shape[2:], scales, strict=True))), x.dtype)
    if x.dtype == np.float64:
        getattr(textbook, f"upsample_{chosen}{axis_count}d_forward")(y, contiguous(x), *scales)
    else:
        fast.resample(y, contiguous(x), ("upsample", chosen), lambda: _reads(where, chosen, x.shape[2:], scales))
    return y


def backward(where: str, axis_count: int, dy: Any, scale: object, mode: object) -> np.ndarray:
    """The gradient of x."""
    dy = planes_of(where, axis_count, dy, "dy", y_letters(axis_count, "C"))
    scales = sizes_per_axis(where, "scale", scale, axis_count)
    chosen = checked_mode(where, mode)
    if any(size % times for size, times in zip(dy.shape[2:], scales, strict=True)):
        raise ShapeError(f"{where}: dy has the sizes {dy.shape[2:]}, which are no multiples of the scale {scales}"
                         f"\n  dy  {dy.shape}  {y_letters(axis_count, 'C')}")
    space = tuple(size // times for size, times in zip(dy.shape[2:], scales, strict=True))
    dx = empty(where, (*dy.shape[:2], *space), dy.dtype)
    if dy.dtype == np.float64:
        getattr(textbook, f"upsample_{chosen}{axis_count}d_backward")(dx, contiguous(dy), *scales)
    else:
        fast.resample(dx, contiguous(dy), ("upsample backward", chosen),
                      lambda: [gathered(each) for each in _reads(where, chosen, space, scales)])
    return dx


def _reads(where: str, mode: str, space: tuple[int, ...], scales: tuple[int, ...]) -> list[Reads]:
    return [MODES[mode](where, size, scale) for size, scale in zip(space, scales, strict=True)]


def _family(axes: int) -> tuple[Any, Any]:
    """The functions of one dimension, with their docstrings."""
    name, x_axes, y_axes = f"upsample{axes}d", x_letters(axes), y_letters(axes, "C")

    def upsample(x: Any, scale: Any, *, mode: str = "nearest") -> np.ndarray:
        return forward(name, axes, x, scale, mode)

    def upsample_backward(dy: Any, scale: Any, *, mode: str = "nearest") -> np.ndarray:
        return backward(f"{name}_backward", axes, dy, scale, mode)

    upsample.__doc__ = f"""Make every plane larger by a whole number.

        "nearest"  y[n,c,q] = x[n, c, q // scale]                                            (one axis shown)
        "linear"   y[n,c,q] = sum over w of max(0, 1 - |at[q] - w|) * x[n,c,w]
                   where  at[q] = (q + 0.5)/scale - 0.5, kept between 0 and W - 1

    Parameters
    ----------
    x : ({x_axes}) float32 or float64
    scale : int or one per axis
    mode : "nearest" or "linear"
        "linear" is (bi/tri)linear, the centres of the pixels matched: PyTorch's align_corners=False.

    Returns
    -------
    y : ({y_axes})
        Every size times its scale.

    Prince, "Understanding Deep Learning", 2023, section 10.4.2.
    """
    upsample_backward.__doc__ = f"""Gradient of {name} with respect to x: ({x_axes}), from dy ({y_axes}); scale and mode as there."""
    for function, suffix in ((upsample, ""), (upsample_backward, "_backward")):
        function.__name__ = function.__qualname__ = name + suffix
    return upsample, upsample_backward


upsample1d, upsample1d_backward = _family(1)
upsample2d, upsample2d_backward = _family(2)
upsample3d, upsample3d_backward = _family(3)
