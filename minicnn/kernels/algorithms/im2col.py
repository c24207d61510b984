"""Convolution as a matrix product: what each position reads becomes a column.

    y[k, p] = sum over i of weight[k, i] * columns[i, p]      with i = (c, r, s) and p the position

The columns hold every input pixel once for each tap that reads it: a 3x3 filter takes nine times the memory of the image.  In
return all the work is one product, which libraries compute near the peak of the machine.

Tolerance: the products and sums are those of the direct loops in another order: 2e-7 * sqrt(terms) of the largest partial sum in
float32, 5e-16 in float64.

Chellapilla, Puri, Simard, "High performance convolutional neural networks for document processing", 2006.
"""

from __future__ import annotations

from math import prod

import numpy as np

from minicnn.geometry import Axis
from minicnn.kernels.checks.arrays import empty
from minicnn.kernels.checks.cases import Case

COLUMN_BYTES = 1 << 26  # of the columns that exist at once


def refusal(case: Case, dtype: np.dtype) -> str | None:
    """Why it cannot serve; None if it can."""
    return None


def columns(x: np.ndarray, axes: tuple[Axis, ...], where: str = "columns") -> np.ndarray:
    """(N, C * taps, positions) from x (N, C, *in): one row for each channel and tap, one column for each position."""
    inner = tuple(slice(axis.before, axis.before + axis.size) for axis in axes)
    between = empty(where, (*x.shape[:2], *(axis.before + axis.size + axis.after for axis in axes)), x)
    between[...] = 0
    between[(slice(None), slice(None), *inner)] = x
    steps = between.strides[2:]
    # element (n, c, r, s, p, q) of this view is pixel (p*stride + r*dilation, q*stride + s*dilation) of x between its padding
    windows = np.lib.stride_tricks.as_strided(
        between,
        (*x.shape[:2], *(axis.taps for axis in axes), *(axis.out for axis in axes)),
        (
            *between.strides[:2],
            *(step * axis.dilation for step, axis in zip(steps, axes, strict=True)),
            *(step * axis.stride for step, axis in zip(steps, axes, strict=True)),
        ),
        writeable=False,
    )
    result = empty(where, (len(x), x.shape[1] * prod(axis.taps for axis in axes), prod(axis.out for axis in axes)), x)
    result.reshape(windows.shape)[...] = windows
    return result


def forward(y: np.ndarray, x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, case: Case) -> None:
    """y (N, K, *out), a few images at a time."""
    axes, groups = case.axes, case.groups
    if case.flip:
        weight = np.flip(weight, tuple(range(2, weight.ndim)))
    filters, positions = len(weight) // groups, prod(axis.out for axis in axes)
    matrix = weight.reshape(groups, filters, -1)  # (G, K/G, C/G * taps)
    step = max(1, COLUMN_BYTES // max(1, matrix.shape[2] * groups * positions * x.itemsize))
    for n in range(0, len(x), step):
        grouped = columns(x[n : n + step], axes, case.where).reshape(-1, groups, matrix.shape[2], positions)
        y[n : n + step] = (matrix @ grouped).reshape(y[n : n + step].shape)
    if bias is not None:
        y += bias.reshape(-1, *(1,) * len(axes))
