"""The sizes of a register tile, and which of its outputs are whose.

A thread block computes `filters` x `columns` sums, a thread `rows` x 8 or 4 of them.  Its factors lie in shared memory, `depth` terms of
every sum at a time, in as many buffers as `stages`: while one is multiplied, the others are being filled.
"""

from __future__ import annotations

from typing import NamedTuple

from numba import cuda


class TileSizes(NamedTuple):
    """Constants to the compiler.

    rows, columns_of_thread : multiples of 4
    warp_rows : the 32 threads of a warp form warp_rows x 32/warp_rows: what they read overlaps, which spares shared memory
    """

    filters: int = 128
    columns: int = 128
    rows: int = 8
    columns_of_thread: int = 8
    depth: int = 16
    stages: int = 2
    warp_rows: int = 4

    @property
    def threads(self) -> int:
        return self.filters // self.rows * (self.columns // self.columns_of_thread)

    @property
    def resident(self) -> int:
        """Blocks that share a processor: with 128 registers a thread of 256, with 168 a thread of 128."""
        return min(3, 512 // self.threads)

    @property
    def row_gap(self) -> int:
        """From a thread's first four filters to its next four."""
        return self.filters // (self.rows // 4)

    @property
    def column_gap(self) -> int:
        """From a thread's first four columns to its next four."""
        return self.columns // (self.columns_of_thread // 4)


def make_own_place(sizes: TileSizes):
    """The function that tells a thread where in its block's grid of threads it stands: (row, column), each counting fours."""
    warp_rows, warp_columns = sizes.warp_rows, 32 // sizes.warp_rows
    warps_across = sizes.columns // sizes.columns_of_thread // warp_columns

    @cuda.jit(device=True, inline="always")  # see vector.py
    def own_place(thread):
        # neighbouring threads alternate between two rows: pairs that share columns and pairs that share filters then read together
        warp = thread >> 5
        in_warp = thread & 31
        down = warp // warps_across
        row = down * warp_rows + in_warp // (2 * warp_columns) * 2 + (in_warp & 1)
        column = (warp - down * warps_across) * warp_columns + (in_warp & (2 * warp_columns - 1)) // 2
        return row, column

    return own_place
