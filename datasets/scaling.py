"""Images resized by separable bilinear interpolation: one small matrix per axis."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from minicnn.errors import ShapeError

CHUNK_VALUES = 1 << 22  # output values computed at once: 16 MiB of float32


def interpolation_matrix(size: int, out: int) -> npt.NDArray[np.float64]:
    """The matrix (out, size) that maps an axis of `size` pixels to `out` pixels.

    Pixel p of the output has its centre at (p + 1/2) * size / out - 1/2 of the input, and takes the two pixels around it in
    proportion to their nearness; beyond the outermost centres only the border pixel counts (align_corners=False).  When
    an axis shrinks, pixels in between are not averaged.
    """
    centre = np.clip((np.arange(out) + 0.5) * size / out - 0.5, 0, size - 1)
    first = np.minimum(centre.astype(int), max(0, size - 2))
    second = np.minimum(first + 1, size - 1)
    matrix = np.zeros((out, size))
    np.add.at(matrix, (np.arange(out), first), 1 - (centre - first))
    np.add.at(matrix, (np.arange(out), second), centre - first)
    return matrix


def scale_to(images: npt.NDArray[Any], rows: int, columns: int) -> npt.NDArray[Any]:
    """Scale images to `rows` x `columns` pixels.

        y[n,c,p,q] = sum over h,w of row_matrix[p,h] * x[n,c,h,w] * column_matrix[q,w]

    Parameters
    ----------
    images : (N, C, H, W) uint8, float32 or float64
    rows, columns : int
        At least 1.

    Returns
    -------
    (N, C, rows, columns) of the same type; uint8 is rounded to the nearest; the array itself if nothing changes

    Raises
    ------
    ShapeError
        If the images have other axes or another type, or a size is below 1.
    """
    if images.ndim != 4:
        raise ShapeError(f"scale_to: images have shape {images.shape}, expected (N, C, H, W)")
    if images.dtype not in (np.uint8, np.float32, np.float64):
        raise ShapeError(f"scale_to: images are {images.dtype.name}, expected uint8, float32 or float64")
    if rows < 1 or columns < 1 or images.shape[2] < 1 or images.shape[3] < 1:
        raise ShapeError(f"scale_to: from {images.shape[2]} x {images.shape[3]} to {rows} x {columns} pixels: each must be at least 1")
    N, C, H, W = images.shape
    if (rows, columns) == (H, W):
        return images
    working = np.float64 if images.dtype == np.float64 else np.float32
    row_matrix = interpolation_matrix(H, rows).astype(working)
    column_matrix = interpolation_matrix(W, columns).astype(working).T
    y = np.empty((N, C, rows, columns), images.dtype)
    step = max(1, CHUNK_VALUES // max(1, C * rows * columns))
    for start in range(0, N, step):
        x = images[start : start + step].astype(working)
        with np.errstate(invalid="ignore", over="ignore"):  # infinity gives NaN, which is reported when the images are used
            scaled = np.matmul(row_matrix, np.matmul(x, column_matrix))  # (n, C, rows, columns)
        y[start : start + step] = np.rint(scaled) if images.dtype == np.uint8 else scaled
    return y
