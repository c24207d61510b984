"""Winograd's minimal filtering for 3x3 filters: F(2x2, 3x3) and F(4x4, 3x3).

A tile of m x m outputs costs (m+2)^2 multiplications a channel instead of 9 m^2: 2.25 times fewer with m = 2, 4 times fewer with m = 4.
The price is rounding: the transforms add and subtract numbers larger than the result.

Tolerance, of the largest |x| times the sum of |weight| of a filter: 5e-7 with m = 2, 5e-6 with m = 4 (the largest found in 600 generated
settings were 1.5e-7 and 2.1e-6).  A tile with NaN, infinity or an overflow in the transforms is computed tap by tap.

The transforms, and the loops: `minicnn.kernels.cpu.winograd.winograd`.  Lavin, Gray, "Fast algorithms for convolutional neural networks", 2016.
"""

from __future__ import annotations

import numpy as np

from minicnn.kernels.checks.cases import Case
from minicnn.kernels.cpu.convolution.call import compute
from minicnn.kernels.cpu.convolution.pieces import Piece
from minicnn.kernels.cpu.convolution.problem import FORWARD, WINOGRAD2, WINOGRAD4, Problem


def refusal(case: Case, dtype: np.dtype) -> str | None:
    """Why it cannot serve; None if it can."""
    if len(case.axes) != 2:
        return f"is for two axes, not for {len(case.axes)}"
    for name in ("taps", "stride", "dilation"):
        wanted = 3 if name == "taps" else 1
        found = [getattr(axis, name) for axis in case.axes]
        if found != [wanted, wanted]:
            return f"is for 3x3 filters with stride 1 and dilation 1, but {name} is {' x '.join(map(str, found))}"
    if dtype != np.float32:
        return f"computes in float32, but the arrays are {dtype}"
    return None


def multiplications(case: Case, m: int) -> int:
    """Multiplications of one channel and filter of one image."""
    rows, columns = (-(-axis.out // m) for axis in case.axes)
    return rows * columns * (m + 2) ** 2


def forward(y: np.ndarray, x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, case: Case, m: int | None = None) -> None:
    """y (N, K, P, Q) in tiles of m x m, 2 or 4; without `m`, whichever multiplies less."""
    m = m or min((4, 2), key=lambda each: multiplications(case, each))
    tile = (1,) * len(case.axes)
    problem = Problem(FORWARD, case.axes, case.groups, tile, case.flip, x.shape[1], y.shape[1], {2: WINOGRAD2, 4: WINOGRAD4}[m])
    compute(Piece(problem, y, x, weight, bias))
