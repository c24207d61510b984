"""Other ways to the same sum: convolution as a matrix product, in the Fourier basis, with fewer multiplications, axis by axis.

Each file states its cost, how far its result may be from the textbook's, and what it cannot do.
"""

from __future__ import annotations

import numpy as np

from minicnn.errors import SettingError
from minicnn.kernels.algorithms import fft, im2col, winograd
from minicnn.kernels.checks.arrays import empty
from minicnn.kernels.checks.cases import Case

ROADS = {"im2col": im2col, "fft": fft, "winograd": winograd}


def forward(name: str, case: Case, x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None) -> np.ndarray:
    """y (N, K, *out) of an ordinary convolution by the algorithm `name`.

    Raises
    ------
    SettingError
        If it cannot serve the case.
    """
    refusal = ROADS[name].refusal(case, x.dtype)
    if refusal is not None:
        raise SettingError(f"{case.where}: algorithm {name!r} {refusal}\n  use {', '.join(map(repr, serving(case, x.dtype)))}")
    y = empty(case.where, case.y_shape, x)
    if x.size or len(x):
        ROADS[name].forward(y, x, weight, bias, case)
    return y


def serving(case: Case, dtype: np.dtype) -> list[str]:
    """The algorithms that can serve a case."""
    always = ["auto", "textbook", *(["direct"] if dtype == np.float32 else [])]
    return always + [name for name, road in ROADS.items() if road.refusal(case, dtype) is None]
