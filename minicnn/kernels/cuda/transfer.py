"""A matrix turned over: a user's (N, C*L), image after image, to (C*L, N), images innermost, and back.

A block turns a square of SIDE x SIDE numbers.  It reads rows and writes rows, each of them neighbours in memory; the turn is made in
shared memory, whose rows are one longer than the square's, so that a column lies in as many banks as it has numbers.
"""

from __future__ import annotations

from numba import cuda, float32

from minicnn.kernels.cuda.compile import Kernel
from minicnn.kernels.cuda.launches import Handle, Launches, append
from minicnn.kernels.cuda.runtime import SIMULATED

SIDE, LINES = (8, 4) if SIMULATED else (32, 8)  # of a square; of it that are carried at a time
LINE = SIDE + 1
SQUARE = SIDE * LINE


def transpose(target, source, rows, columns, target_row, source_row):
    """target[c, r] = source[r, c]; *_row: elements from one row to the next."""
    square = cuda.shared.array(SQUARE, float32)
    line = cuda.threadIdx.x // SIDE
    inside = cuda.threadIdx.x - line * SIDE
    across = (columns + SIDE - 1) // SIDE
    down = cuda.blockIdx.x // across
    row_begin, column_begin = down * SIDE, (cuda.blockIdx.x - down * across) * SIDE
    for n in range(line, SIDE, LINES):
        if row_begin + n < rows and column_begin + inside < columns:
            square[n * LINE + inside] = source[(row_begin + n) * source_row + column_begin + inside]
    cuda.syncthreads()
    for n in range(line, SIDE, LINES):
        if column_begin + n < columns and row_begin + inside < rows:
            target[(column_begin + n) * target_row + row_begin + inside] = square[inside * LINE + n]


TRANSPOSE = Kernel(transpose, threads=SIDE * LINES)


def append_transpose(
    launches: Launches, target: Handle, source: Handle, rows: int, columns: int, target_row: int = 0, source_row: int = 0
) -> None:
    """target[c, r] = source[r, c], both flat float32; *_row: elements from one row to the next, 0 where rows follow one another."""
    blocks = -(-rows // SIDE) * -(-columns // SIDE)
    append(launches, TRANSPOSE, blocks, (target, source), (rows, columns), (target_row or rows, source_row or columns))
