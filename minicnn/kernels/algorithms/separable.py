"""Separable filters: a kernel that is a product of one vector per axis is as many passes of one axis each.

    weight[r, s] = column[r] * row[s]      d vectors of w taps cost d*w multiplications a pixel instead of w^d

The vectors are the leading singular vectors of the kernel written as a matrix: it is separable when all singular values but the first
vanish.

Tolerance: each pass rounds once more, so that d passes may differ from one by d times the bound of the direct loops, and by what
`separable` was allowed to neglect.

Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 9.8.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from minicnn.errors import SettingError, ShapeError
from minicnn.geometry import PaddingSetting, per_axis, resolve_padding
from minicnn.kernels.activation import real_number
from minicnn.kernels.checks.arrays import as_float_arrays, as_host_arrays, check_axes, contiguous, x_letters
from minicnn.kernels.checks.cases import resolve
from minicnn.kernels.cpu.convolution.problem import FORWARD
from minicnn.kernels.passes import computed

__all__ = ["separable", "separable_conv2d", "separable_conv3d"]


def separable(weight: Any, tolerance: float = 1e-6) -> tuple[np.ndarray, ...] | None:
    """One vector per axis whose product is the kernel, or None if there are none.

    Parameters
    ----------
    weight : (*taps) float32 or float64
        One kernel of one to three axes.
    tolerance : float
        The largest remainder, as a share of the largest singular value.

    Returns
    -------
    factors : tuple of arrays (taps,), or None
        All of the same length in the Euclidean sense, the first carries the sign.

    >>> down, across = separable(kernels.image_kernels["gaussian"])
    >>> bool(np.allclose(np.outer(down, across), kernels.image_kernels["gaussian"]))
    True
    """
    (kernel,) = as_host_arrays("separable", weight=weight)
    if not 1 <= kernel.ndim <= 3 or not kernel.size:
        raise ShapeError(f"separable: weight has the shape {kernel.shape}, but must be one kernel of one to three axes, such as (R, S)")
    share = real_number("separable", "tolerance", tolerance)
    if share < 0:
        raise SettingError(f"separable: tolerance is {share}, but must be at least 0")
    if not np.isfinite(kernel).all():
        return None
    vectors = []
    rest = kernel.astype(np.float64)
    scale = 1.0
    for _ in range(kernel.ndim - 1):
        # the first axis against all the others
        u, s, v = np.linalg.svd(rest.reshape(len(rest), -1), full_matrices=False)
        if len(s) > 1 and s[1] > share * s[0]:
            return None
        vectors.append(u[:, 0])
        scale *= float(s[0])
        rest = v[0].reshape(rest.shape[1:])
    size = float(np.linalg.norm(rest))
    vectors.append(rest / size if size else rest)
    scale *= size
    each = scale ** (1 / kernel.ndim)
    if kernel.ndim > 1 and vectors[0].sum() < 0 and vectors[-1].sum() < 0:  # two signs that cancel read better as none
        vectors[0], vectors[-1] = -vectors[0], -vectors[-1]
    return tuple(np.ascontiguousarray(vector * each, dtype=kernel.dtype) for vector in vectors)


def _forward(
    where: str, axes: int, x: Any, factors: Any, stride: object, padding: PaddingSetting, dilation: object, flip: object
) -> np.ndarray:
    """All passes, first axis first."""
    if isinstance(factors, str) or not isinstance(factors, Sequence) or len(factors) != axes:
        raise ShapeError(f"{where}: factors must be {axes} vectors, one for each axis, as `separable` returns them")
    arrays = as_float_arrays(where, x=x, **{f"factors[{n}]": each for n, each in enumerate(factors)})
    x, vectors = arrays[0], arrays[1:]
    check_axes(where, "x", x, x_letters(axes))
    for n, vector in enumerate(vectors):
        if vector.ndim != 1 or not vector.size:
            raise ShapeError(f"{where}: factors[{n}] has the shape {vector.shape}, but must be a vector of at least one tap")
    taps = [vector.size for vector in vectors]
    strides, dilations = per_axis(where, "stride", stride, axes), per_axis(where, "dilation", dilation, axes)
    pads = resolve_padding(where, padding, x.shape[2:], taps, strides, dilations)
    # channels count as images: every one of them goes through the same filter
    y = contiguous(x).reshape(prod(x.shape[:2]), 1, *x.shape[2:])
    for n, vector in enumerate(vectors):

        def along(value: int, other: int, n: int = n) -> tuple[int, ...]:
            return (*(other,) * n, value, *(other,) * (axes - n - 1))

        only = tuple(pads[n] if m == n else (0, 0) for m in range(axes))
        weight = contiguous(vector).reshape(1, 1, *along(taps[n], 1))
        case = resolve(where, "conv", axes, y.shape, weight.shape, along(strides[n], 1), only, along(dilations[n], 1), 1, flip)
        y = computed(case, FORWARD, case.y_shape, y, weight)
    return y.reshape(*x.shape[:2], *y.shape[2:])


def separable_conv2d(
    x: Any, factors: Sequence[Any], *, stride: Any = 1, padding: Any = "valid", dilation: Any = 1, flip: bool = False
) -> np.ndarray:
    """Filter every channel with the kernel that is the product of `factors` = (column, row): down the columns, then along the rows.

        y[n,c,p,q] = sum over r of column[r] * (sum over s of row[s] * x[n, c, p*stride + r*dilation - pad, q*stride + s*dilation - pad])

    Parameters
    ----------
    x : (N C H W) float32 or float64
    factors : ((R,), (S,)) of the same type
    stride, padding, dilation, flip
        As in `conv2d`.

    Returns
    -------
    y : (N C P Q)
    """
    return _forward("separable_conv2d", 2, x, factors, stride, padding, dilation, flip)


def separable_conv3d(
    x: Any, factors: Sequence[Any], *, stride: Any = 1, padding: Any = "valid", dilation: Any = 1, flip: bool = False
) -> np.ndarray:
    """The same with three factors, for x (N C D H W): `separable_conv2d` with one more axis."""
    return _forward("separable_conv3d", 3, x, factors, stride, padding, dilation, flip)
