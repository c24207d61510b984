"""Circulant matrices: convolution on a ring, and why the Fourier basis makes it a multiplication.

    C(w)[i, j] = w[(i - j) mod n]            C(w) @ x is the circular convolution of w and x
    C(w) = F diag(sqrt(n) F* w) F*           F the Fourier basis: the same for every w, so that all circulants commute

Gray, "Toeplitz and circulant matrices: a review", 2006, chapter 3.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minicnn.errors import ShapeError
from minicnn.geometry import whole_number
from minicnn.kernels.arrays import as_float_arrays

__all__ = ["circulant", "circulant_eigenvalues", "fourier_basis"]

LARGEST = 1 << 13   # rows: 512 MiB of float64


def _ring(where: str, w: Any, n: Any) -> np.ndarray:
    """w on a ring of n places, the rest zeros."""
    (vector,) = as_float_arrays(where, w=w)
    size = whole_number(where, "n", n, least=1)
    if vector.ndim != 1 or not 1 <= vector.size <= size:
        raise ShapeError(f"{where}: w has the shape {vector.shape}, but must be a vector of 1 to n = {size} numbers")
    if size > LARGEST:
        raise ShapeError(f"{where}: the matrix would have {size} x {size} entries\n  use at most {LARGEST} rows")
    ring = np.zeros(size, vector.dtype)
    ring[:vector.size] = vector
    return ring


def circulant(w: Any, n: int) -> np.ndarray:
    """C(w), (n, n): column j is w moved down by j places around a ring of n.

    w = [0, 1, 0, ..., 0] moves a vector to the right by one place.
    """
    ring = _ring("circulant", w, n)
    places = np.arange(ring.size)
    return ring[(places[:, None] - places) % ring.size]


def circulant_eigenvalues(w: Any, n: int) -> np.ndarray:
    """What C(w) multiplies each vector of the Fourier basis by, (n,) complex: the discrete Fourier transform of w."""
    return np.fft.fft(_ring("circulant_eigenvalues", w, n).astype(np.float64))


def fourier_basis(n: int) -> np.ndarray:
    """The basis in which every circulant is diagonal, (n, n) complex and unitary: column k is exp(2 pi i j k / n) / sqrt(n)."""
    size = whole_number("fourier_basis", "n", n, least=1)
    if size > LARGEST:
        raise ShapeError(f"fourier_basis: the matrix would have {size} x {size} entries\n  use at most {LARGEST} rows")
    places = np.arange(size)
    # the remainder keeps the angle small, and with it its rounding
    return np.exp(2j * np.pi * (np.outer(places, places) % size) / size) / np.sqrt(size)
