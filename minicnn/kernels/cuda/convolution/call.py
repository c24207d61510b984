"""A pass of a convolution on a user's float32 arrays of a device: the tiles want images innermost, so that arrays are transposed.

(N, C*space)  ->  (C*space, N)  ->  the pass  ->  (K*out, N)  ->  (N, K*out)
"""

from __future__ import annotations

from math import prod
from typing import Any

from minicnn.kernels.cpu.convolution.pieces import Piece
from minicnn.kernels.cpu.convolution.problem import BACKWARD_WEIGHT, Problem, settled
from minicnn.kernels.cuda import memory
from minicnn.kernels.cuda.convolution.lowering import append_convolution
from minicnn.kernels.cuda.launches import Handle, Now, flat, strided
from minicnn.kernels.cuda.runtime import on
from minicnn.kernels.cuda.transfer import append_transpose

VECTOR = 4  # numbers that a thread loads at once: a row of images is a multiple of it


def compute(piece: Piece) -> None:
    """Write the result, as the function of this name does on the processor; no array may be empty."""
    problem, result, source, other, bias = piece
    images = len(source)
    row = -(-images // VECTOR) * VECTOR
    with on(memory.number_of(source)):
        launches = Now()

        def innermost(array: Any) -> Handle:
            numbers = prod(array.shape[1:])
            turned = launches.scratch(numbers * row)
            append_transpose(launches, turned, flat(array), images, numbers, target_row=row, source_row=numbers)
            return turned

        given = innermost(source)
        if problem.work == BACKWARD_WEIGHT:
            append_convolution(launches, settled(problem), images, row, flat(result), given, innermost(other))
            return
        numbers = prod(result.shape[1:])
        turned = launches.scratch(numbers * row)
        append_convolution(launches, settled(problem), images, row, turned, given, flat(other), _bias(problem, bias))
        append_transpose(launches, flat(result), turned, numbers, images, target_row=numbers, source_row=row)


def _bias(problem: Problem, bias: Any) -> Any:
    """One number for each filter of the tile."""
    if bias is None or bias.ndim > 1 or problem.shared:
        return None if bias is None else flat(bias)
    return flat(memory.contiguous(strided(bias, (len(bias), prod(problem.tile)), (1, 0))))
