"""Values on their way between processes: from a shard's arena to its row of common memory, and from there to an arena."""

import numpy as np

from minicnn.kernels.cpu.lanes.vector import LANES, load, splat, store
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.machine_code.compile import step

ZERO = np.float32(0)


@step("row x size shard")
def write_row_step(memory, parameters, table, a, frame):
    """row[shard] = x; rows are as long as x."""
    m, row, x = whole_array(memory), a.row + frame.first // a.shard * a.size, frame.arena + a.x
    for i in range(0, a.size, LANES):
        store(m, row + i, load(m, x + i))


@step("y row size shard")
def read_row_step(memory, parameters, table, a, frame):
    """y = row[shard]."""
    m, row, y = whole_array(memory), a.row + frame.first // a.shard * a.size, frame.arena + a.y
    for i in range(0, a.size, LANES):
        store(m, y + i, load(m, row + i))


@step("y size")
def clear_step(memory, parameters, table, a, frame):
    """y = 0."""
    m, nothing = whole_array(memory), splat(ZERO)
    for i in range(0, a.size, LANES):
        store(m, frame.arena + a.y + i, nothing)
