"""Circulant matrices: convolution on a ring, and why the Fourier basis makes it a multiplication.

    C(w)[i, j] = w[(i - j) mod n]            C(w) @ x is the circular convolution of w and x
    C(w) = F diag(sqrt(n) F* w) F*           F the Fourier basis: the same for every w, so that all circulants commute

Gray, "Toeplitz and circulant matrices: a review", 2006, chapter 3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from minicnn.errors import ShapeError
from minicnn.geometry import whole_number
from minicnn.kernels.checks.arrays import as_host_arrays
from minicnn.kernels.memory import check_room

__all__ = ["circulant", "circulant_eigenvalues", "fourier_basis"]

LARGEST = 1 << 13  # rows: 512 MiB of float64
AT_ONCE = 1 << 21  # entries


def _ring(where: str, w: Any, n: Any) -> np.ndarray:
    """w on a ring of n places, the rest zeros."""
    (vector,) = as_host_arrays(where, w=w)
    size = whole_number(where, "n", n, least=1)
    if vector.ndim != 1 or not 1 <= vector.size <= size:
        raise ShapeError(f"{where}: w has the shape {vector.shape}, but must be a vector of 1 to n = {size} numbers")
    if size > LARGEST:
        raise ShapeError(f"{where}: the matrix would have {size} x {size} entries\n  use at most {LARGEST} rows")
    ring = np.zeros(size, vector.dtype)
    ring[: vector.size] = vector
    return ring


def _square(where: str, size: int, dtype: np.dtype) -> np.ndarray:
    check_room(dtype.itemsize * size**2, f"{where}: a matrix of {size} x {size} entries")
    return np.empty((size, size), dtype)


def _some_rows(size: int) -> Iterator[slice]:
    """All rows, some at a time, so that Ctrl-C is noticed in between."""
    at_once = max(1, AT_ONCE // size)
    return (slice(first, first + at_once) for first in range(0, size, at_once))


def circulant(w: Any, n: int) -> np.ndarray:
    """C(w), (n, n): column j is w moved down by j places around a ring of n.

    w = [0, 1, 0, ..., 0] moves a vector to the right by one place.

    >>> circulant([1.0, 2.0], 3).tolist()
    [[1.0, 0.0, 2.0], [2.0, 1.0, 0.0], [0.0, 2.0, 1.0]]
    """
    ring = _ring("circulant", w, n)
    matrix = _square("circulant", ring.size, ring.dtype)
    places = np.arange(ring.size)
    for rows in _some_rows(ring.size):
        matrix[rows] = ring[(places[rows, None] - places) % ring.size]
    return matrix


def circulant_eigenvalues(w: Any, n: int) -> np.ndarray:
    """What C(w) multiplies each vector of the Fourier basis by, (n,) complex: the discrete Fourier transform of w."""
    return np.fft.fft(_ring("circulant_eigenvalues", w, n).astype(np.float64))


def fourier_basis(n: int) -> np.ndarray:
    """The basis in which every circulant is diagonal, (n, n) complex and unitary: column k is exp(2 pi i j k / n) / sqrt(n)."""
    size = whole_number("fourier_basis", "n", n, least=1)
    if size > LARGEST:
        raise ShapeError(f"fourier_basis: the matrix would have {size} x {size} entries\n  use at most {LARGEST} rows")
    matrix = _square("fourier_basis", size, np.dtype(np.complex128))
    places = np.arange(size)
    for rows in _some_rows(size):
        # the remainder keeps the angle small, and with it its rounding
        matrix[rows] = np.exp(2j * np.pi * (np.outer(places[rows], places) % size) / size) / np.sqrt(size)
    return matrix
