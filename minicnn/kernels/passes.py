"""The passes of every convolution after its checks: allocate, then run the right loops.

float64 goes through the textbook loops, float32 through the fast ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minicnn.errors import ShapeError
from minicnn.kernels import textbook
from minicnn.kernels.checks.arrays import as_float_arrays, check_axes, check_shape, contiguous, empty, y_letters
from minicnn.kernels.checks.cases import Case, checked_shape
from minicnn.kernels.cpu.convolution import bias as bias_sums
from minicnn.kernels.cpu.convolution import call as fast
from minicnn.kernels.cpu.convolution import transposed_call as transposed
from minicnn.kernels.cpu.convolution.ways import tables_serve


def forward(
    case: Case, x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, by_the_book: bool = False, direct: bool = False
) -> np.ndarray:
    """y (N, K, *out); bias (K,) or, with tiles, (K, *tile).

    by_the_book : always through the textbook loops
    direct : never by Winograd
    """
    y = empty(case.where, case.y_shape, x.dtype)
    if not len(x):
        return y
    x, weight = contiguous(x), contiguous(weight)
    if bias is not None:
        bias = contiguous(bias)
    if by_the_book or _is_for_the_book(case, x.dtype):
        case.loop("forward")(y, *_writeable(x, weight, _bias_as_loops_read_it(case, bias, x.dtype)), *case.numbers)
    elif case.kind == "conv_transpose":
        transposed.forward(y, x, weight, bias, case.axes, case.groups)
    else:
        fast.forward(y, x, weight, bias, case.axes, case.groups, case.flip, case.tile, direct=direct)
    return y


def _is_for_the_book(case: Case, dtype: np.dtype) -> bool:
    return dtype == np.float64 or not tables_serve(case.axes)


def _writeable(*arrays: np.ndarray) -> list[np.ndarray]:
    """The same numbers in arrays of one kind: read-only ones would make every loop compile again."""
    return [array if array.flags.writeable else array.copy() for array in arrays]


def _bias_as_loops_read_it(case: Case, bias: np.ndarray | None, dtype: Any) -> np.ndarray:
    """(K,), or (K, *tile) with tiles."""
    shape = (case.filters,) if case.kind in ("conv", "conv_transpose") else (case.filters, *case.tile)
    if bias is None:
        return np.zeros(shape, dtype)
    return bias if bias.shape == shape else contiguous(np.broadcast_to(_one_a_filter(bias, len(case.axes)), shape))


def _one_a_filter(bias: np.ndarray, axes: int) -> np.ndarray:
    return bias.reshape(len(bias), *(1,) * axes)


def backward_input(case: Case, dy: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """dx (N, C, *in)."""
    dx = empty(case.where, case.x_shape, dy.dtype)
    if not len(dy):
        return dx
    dy, weight = contiguous(dy), contiguous(weight)
    if _is_for_the_book(case, dy.dtype):
        case.loop("backward_input")(dx, *_writeable(dy, weight), *case.numbers)
    elif case.kind == "conv_transpose":
        transposed.backward_input(dx, dy, weight, case.axes, case.groups)
    else:
        fast.backward_input(dx, dy, weight, case.axes, case.groups, case.flip, case.tile)
    return dx


def backward_weight(case: Case, dy: np.ndarray, x: np.ndarray) -> np.ndarray:
    """dweight in the shape of weight."""
    dweight = empty(case.where, case.weight_shape, x.dtype)
    if not len(x):
        dweight[...] = 0
        return dweight
    dy, x = contiguous(dy), contiguous(x)
    if _is_for_the_book(case, x.dtype):
        case.loop("backward_weight")(dweight, *_writeable(dy, x), *case.numbers)
    elif case.kind == "conv_transpose":
        transposed.backward_weight(dweight, dy, x, case.axes, case.groups)
    else:
        fast.backward_weight(dweight, dy, x, case.axes, case.groups, case.flip, case.tile)
    return dweight


def check_gradient(case: Case, dy: np.ndarray) -> None:
    """dy must have the shape of y."""
    check_shape(case.where, "dy", dy, case.y_shape, y_letters(len(case.axes)))


def check_bias(case: Case, bias: Sequence[np.ndarray]) -> np.ndarray | None:
    """A bias, if there is one, has one number a filter, or one for each filter of a tile."""
    if not bias:
        return None
    shapes = _bias_shapes(case.filters, case.tile if case.kind in ("tiled_conv", "unshared_conv") else None)
    if bias[0].shape not in shapes:
        raise ShapeError(f"{case.where}: bias has the shape {bias[0].shape}, but needs {' or '.join(map(str, shapes))}")
    return bias[0]


def _bias_shapes(filters: int, tile: tuple[int, ...] | None) -> list[tuple[int, ...]]:
    return [(filters,)] if tile is None else [(filters,), (filters, *tile)]


def backward_bias(where: str, axis_count: int, dy: Any, bias_shape: Any = None, unshared: bool = False) -> np.ndarray:
    """dbias: dy summed over the images, and over the positions that share a bias: all of them without `bias_shape`."""
    (dy,) = as_float_arrays(where, dy=dy)
    check_axes(where, "dy", dy, y_letters(axis_count))
    filters, out = dy.shape[1], dy.shape[2:]
    shape: tuple[int, ...] = (filters,)
    if bias_shape is not None:
        count = 1 if isinstance(bias_shape, (tuple, list)) and len(bias_shape) == 1 else 1 + axis_count
        letters = " ".join(["K", *(("*out" if unshared else "*tile",) * (count - 1))])
        shape = checked_shape(where, "bias_shape", bias_shape, letters)
        if shape[0] != filters or (unshared and shape[1:] not in ((), out)) or min(shape[1:], default=1) < 1:
            wanted = f"{(filters,)} or {(filters, *out)}" if unshared else f"{(filters,)}, or {filters} and a tile of at least 1"
            raise ShapeError(f"{where}: bias_shape is {shape}, but needs {wanted}\n  dy  {dy.shape}  {y_letters(axis_count)}")
    dbias = empty(where, shape, dy.dtype)
    dy = contiguous(dy)
    if dy.dtype == np.float64:
        kind = "conv" if len(shape) == 1 else "tiled_conv"
        getattr(textbook, f"{kind}{axis_count}d_backward_bias")(dbias, *_writeable(dy))
    else:
        bias_sums.sum_over_images(dbias, *_writeable(dy))
    return dbias
