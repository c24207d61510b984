"""Positions that were computed apart, by their remainders modulo a stride, put back between each other."""

from typing import NamedTuple

from minicnn.kernels.cpu.lanes.vector import LANES, load, store, store_first
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.cpu.program.operands import Operand, operand, share
from minicnn.kernels.machine_code.compile import kernel, step
from minicnn.kernels.machine_code.records import values


class Origins(NamedTuple):
    """An axis of the result, and where the table holds for each of its positions how far it lies from a channel's beginning."""

    size: int
    table: int


@kernel
def interleave(y, x, first, stop, depth, rows, columns, shard, table):
    """y[c, d, h, w, :shard] = x[c] at the origins of d, h and w together, for channels first to stop - 1.

    Whole vectors are stored while what is beyond a pixel is written by the next ones.

    y, x : Strided, by channel
    """
    for c in range(first, stop):
        at = y.base + c * y.step
        for d in range(depth.size):
            for h in range(rows.size):
                row, left = x.base + c * x.step + table[depth.table + d] + table[rows.table + h], columns.size * shard
                for w in range(columns.size):
                    source = row + table[columns.table + w]
                    for n in range(0, shard, LANES):
                        if left - n >= LANES:
                            store(y.array, at + n, load(x.array, source + n))
                        else:
                            store_first(y.array, at + n, load(x.array, source + n), left - n)
                    at += shard
                    left -= shard


@step("channels shard", y=Operand, x=Operand, depth=Origins, rows=Origins, columns=Origins, splits=True)
def interleave_step(memory, parameters, table, a, frame):
    """y from x, some channels a part."""
    m = whole_array(memory)
    first, stop = share(a.channels, frame)
    axes = values(Origins, a.depth), values(Origins, a.rows), values(Origins, a.columns)
    interleave(operand(m, frame, a.y), operand(m, frame, a.x), first, stop, axes[0], axes[1], axes[2], a.shard, whole_array(table))
