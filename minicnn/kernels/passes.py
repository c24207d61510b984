"""The three passes of every convolution, of any kind and dimension: check, resolve, allocate, then the loops that serve.

`kind` is as in the names of the textbook's loops; `settings` follow one another as in the functions that users call.  float64 goes through
the textbook loops, float32 through the fast ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from minicnn.errors import SettingError, ShapeError, suggestion
from minicnn.kernels import algorithms, textbook
from minicnn.kernels.checks.arrays import as_float_arrays, check_axes, check_shape, contiguous, empty, spread, x_letters, y_letters
from minicnn.kernels.checks.cases import WEIGHT_LETTERS, Case, checked_shape, resolve, resolve_transposed
from minicnn.kernels.cpu.convolution import bias as bias_sums
from minicnn.kernels.cpu.convolution.conditions import tables_serve
from minicnn.kernels.cpu.convolution.pieces import Piece
from minicnn.kernels.cpu.convolution.problem import AUTO, BACKWARD_INPUT, BACKWARD_WEIGHT, DIRECT, FORWARD, Problem
from minicnn.kernels.dispatch import by_loop, by_tiles, compute, run

TEXTBOOK = "textbook"
ALGORITHMS = (AUTO, TEXTBOOK, DIRECT, *algorithms.ROADS)


def forward(
    kind: str, axis_count: int, x: ArrayLike, weight: ArrayLike, bias: ArrayLike | None, *settings: Any, algorithm: str = AUTO
) -> np.ndarray:
    """y (N, K, *out); bias (K,) or, with tiles, (K, *tile)."""
    where = f"{kind}{axis_count}d"
    given = {"x": x, "weight": weight} | ({} if bias is None else {"bias": bias})
    x, weight, *rest = as_float_arrays(where, **given)
    check_axes(where, "x", x, x_letters(axis_count))
    check_axes(where, "weight", weight, WEIGHT_LETTERS[kind](axis_count))
    case = _resolved(where, kind, axis_count, x.shape, weight.shape, settings)
    own_bias = check_bias(case, rest)
    _check_algorithm(where, algorithm, x)
    if algorithm in algorithms.ROADS:
        return algorithms.forward(algorithm, case, contiguous(x), contiguous(weight), own_bias)
    return computed(case, FORWARD, case.y_shape, x, weight, own_bias, algorithm)


def backward_input(kind: str, axis_count: int, dy: ArrayLike, weight: ArrayLike, x_shape: Sequence[int], *settings: Any) -> np.ndarray:
    """dx (N, C, *in)."""
    where = f"{kind}{axis_count}d_{BACKWARD_INPUT}"
    dy, weight = as_float_arrays(where, dy=dy, weight=weight)
    check_axes(where, "weight", weight, WEIGHT_LETTERS[kind](axis_count))
    shape = checked_shape(where, "x_shape", x_shape, x_letters(axis_count))
    case = _resolved(where, kind, axis_count, shape, weight.shape, settings)
    check_gradient(case, dy)
    return computed(case, BACKWARD_INPUT, case.x_shape, dy, weight)


def backward_weight(kind: str, axis_count: int, dy: ArrayLike, x: ArrayLike, weight_shape: Sequence[int], *settings: Any) -> np.ndarray:
    """dweight in the shape of weight."""
    where = f"{kind}{axis_count}d_{BACKWARD_WEIGHT}"
    dy, x = as_float_arrays(where, dy=dy, x=x)
    check_axes(where, "x", x, x_letters(axis_count))
    shape = checked_shape(where, "weight_shape", weight_shape, WEIGHT_LETTERS[kind](axis_count))
    case = _resolved(where, kind, axis_count, x.shape, shape, settings)
    check_gradient(case, dy)
    return computed(case, BACKWARD_WEIGHT, case.weight_shape, dy, x)


def _resolved(where: str, kind: str, axis_count: int, x_shape: Sequence[int], weight_shape: Sequence[int], settings: Any) -> Case:
    if kind == "conv_transpose":
        return resolve_transposed(where, axis_count, x_shape, weight_shape, *settings)
    return resolve(where, kind, axis_count, x_shape, weight_shape, *settings)


def _check_algorithm(where: str, algorithm: object, x: np.ndarray) -> None:
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        meant = suggestion(algorithm, ALGORITHMS)
        raise SettingError(f"{where}: algorithm {algorithm!r} is not one of {', '.join(ALGORITHMS)}{meant}")
    if algorithm in algorithms.ROADS and type(x) is not np.ndarray:
        raise SettingError(
            f"{where}: algorithm {algorithm!r} does not run on a CUDA device\n  use algorithm='auto', 'direct' or 'textbook', or copy the arrays to the host"
        )
    if algorithm == DIRECT and x.dtype != np.float32:
        raise SettingError(
            f"{where}: algorithm 'direct' computes in float32, but the arrays are {x.dtype}\n  use algorithm='textbook', or arrays of float32"
        )


def computed(
    case: Case,
    work: str,
    shape: tuple[int, ...],
    source: np.ndarray,
    other: np.ndarray,
    bias: np.ndarray | None = None,
    algorithm: str = AUTO,
) -> np.ndarray:
    """The result of one pass: source is x or dy, other the weight or, for its gradient, x."""
    result = empty(case.where, shape, source)
    if not len(source) and type(result) is np.ndarray:
        result[...] = 0
        return result
    source, other = contiguous(source), contiguous(other)
    bias = None if bias is None else contiguous(bias)
    if algorithm == TEXTBOOK or not by_tiles(source, other, result) or not tables_serve(case.axes):
        biases = [_bias_as_loops_read_it(case, bias, source.dtype)] if work == FORWARD else []
        run(case.loop(work), result, *_writeable(source, other, *biases), *case.numbers)
    elif case.kind == "conv_transpose":  # each pass is one of the convolution that leads the other way
        if work == BACKWARD_WEIGHT:
            source, other = other, source
        compute(Piece(_problem(case, TRANSPOSED[work], case.filters, case.x_shape[1]), result, source, other, bias))
    else:
        compute(Piece(_problem(case, work, case.x_shape[1], case.filters, algorithm), result, source, other, bias))
    return result


TRANSPOSED = {FORWARD: BACKWARD_INPUT, BACKWARD_INPUT: FORWARD, BACKWARD_WEIGHT: BACKWARD_WEIGHT}


def _problem(case: Case, work: str, channels: int, filters: int, algorithm: str = AUTO) -> Problem:
    return Problem(work, case.axes, case.groups, case.tile, case.flip, channels, filters, algorithm)


def _writeable(*arrays: np.ndarray) -> list[np.ndarray]:
    """The same numbers in arrays of one kind: read-only ones would make every loop compile again."""
    return [array if type(array) is not np.ndarray or array.flags.writeable else array.copy() for array in arrays]


def _bias_as_loops_read_it(case: Case, bias: np.ndarray | None, dtype: Any) -> np.ndarray:
    """(K,), or (K, *tile) with tiles."""
    shape = (case.filters,) if case.kind in ("conv", "conv_transpose") else (case.filters, *case.tile)
    if bias is None:
        return np.zeros(shape, dtype)
    return bias if bias.shape == shape else spread(bias, shape)


def check_gradient(case: Case, dy: np.ndarray) -> None:
    """dy must have the shape of y."""
    check_shape(case.where, "dy", dy, case.y_shape, y_letters(len(case.axes)))


def check_bias(case: Case, bias: Sequence[np.ndarray]) -> np.ndarray | None:
    """A bias, if there is one, has one number a filter, or one for each filter of a tile."""
    if not bias:
        return None
    shapes = [(case.filters,)] + ([(case.filters, *case.tile)] if case.kind in ("tiled_conv", "unshared_conv") else [])
    if bias[0].shape not in shapes:
        raise ShapeError(f"{case.where}: bias has the shape {bias[0].shape}, but needs {' or '.join(map(str, shapes))}")
    return bias[0]


def backward_bias(kind: str, axis_count: int, dy: ArrayLike, bias_shape: Sequence[int] | None = None) -> np.ndarray:
    """dbias: dy summed over the images, and over the positions that share a bias: all of them without `bias_shape`."""
    where, unshared = f"{kind}{axis_count}d_backward_bias", kind == "unshared_conv"
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
    dbias = empty(where, shape, dy)
    dy = contiguous(dy)
    if by_loop(dy):
        kind = "conv" if len(shape) == 1 else "tiled_conv"
        run(getattr(textbook, f"{kind}{axis_count}d_backward_bias"), dbias, *_writeable(dy))
    else:
        bias_sums.sum_over_images(dbias, *_writeable(dy))
    return dbias
