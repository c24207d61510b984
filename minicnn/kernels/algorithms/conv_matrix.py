"""Convolution written out as a matrix: almost all zeros, with the same few weights repeated.

    conv_matrix(weight, x.shape) @ x.ravel() == conv(x, weight).ravel()

On one axis it is a Toeplitz matrix, constant along its diagonals; on two axes doubly block Toeplitz.

Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 9.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import Any

import numpy as np

from minicnn.errors import ShapeError
from minicnn.kernels.checks.arrays import as_host_arrays, weight_letters, x_letters
from minicnn.kernels.checks.cases import checked_shape, resolve
from minicnn.kernels.index import input_position, output_range, weight_tap
from minicnn.kernels.memory import check_room

__all__ = ["conv_matrix"]

LARGEST = 1 << 27  # entries: 512 MiB of float32


def conv_matrix(
    weight: Any, x_shape: Sequence[int], *, stride: Any = 1, padding: Any = "valid", dilation: Any = 1, groups: int = 1, flip: bool = False
) -> np.ndarray:
    """The matrix of a convolution on one to three axes.

    Parameters
    ----------
    weight : (K, C/G, *taps) float32 or float64
    x_shape : (N, C, *in)
        For several images the matrix has a block for each on its diagonal.
    stride, padding, dilation, groups, flip
        As in `conv2d`.

    Returns
    -------
    matrix : (N*K*out, N*C*in) of the type of weight

    Raises
    ------
    ShapeError
        If it has more than 2^27 entries: the lecture's 280 x 320 image would need 8e9.
    """
    where = "conv_matrix"
    (weight,) = as_host_arrays(where, weight=weight)
    count = weight.ndim - 2
    if not 1 <= count <= 3:
        raise ShapeError(f"{where}: weight has {weight.ndim} axes, but needs 3, 4 or 5\n  wanted  (K, C/G, *taps)")
    shape = checked_shape(where, "x_shape", x_shape, x_letters(count))
    case = resolve(where, "conv", count, shape, weight.shape, stride, padding, dilation, groups, flip)
    rows, columns = prod(case.y_shape), prod(shape)
    if rows * columns > LARGEST:
        raise ShapeError(
            f"{where}: the matrix would have {rows} x {columns} = {rows * columns} entries, of which the convolution needs"
            f" {weight.size}\n  x       {shape}  {x_letters(count)}\n  weight  {weight.shape}  {weight_letters(count)}"
            f"\n  use at most {LARGEST} entries, or conv{count}d"
        )
    check_room(rows * columns * weight.itemsize, f"{where}: a matrix of {rows} x {columns} entries")
    matrix = np.zeros((*case.y_shape, *shape), weight.dtype)
    channels, filters = weight.shape[1], len(weight) // case.groups
    for tap in product(*(range(axis.taps) for axis in case.axes)):
        settings = [(axis.stride, axis.dilation, axis.before) for axis in case.axes]
        positions = [range(*output_range(r, axis.size, axis.out, *each)) for r, axis, each in zip(tap, case.axes, settings, strict=True)]
        own = weight[(slice(None), slice(None), *(weight_tap(r, axis.taps, case.flip) for r, axis in zip(tap, case.axes, strict=True)))]
        for p in product(*positions):
            i = tuple(input_position(*each) for each in zip(p, tap, *zip(*settings, strict=True), strict=True))
            for n, group in product(range(shape[0]), range(case.groups)):
                k, c = slice(group * filters, (group + 1) * filters), slice(group * channels, (group + 1) * channels)
                matrix[(n, k, *p, n, c, *i)] += own[k]
    return matrix.reshape(rows, columns)
