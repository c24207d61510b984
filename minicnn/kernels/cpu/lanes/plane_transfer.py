"""Between a user's planes, one after the other, and planes side by side in lanes.

Pooling and upsampling treat every channel of every image alike, so a lane is a plane: all N*C of them, and even one image of many
channels fills the vectors.  Whole squares of pixels x planes turn in registers; what is left at the rims goes number by number.
"""

from typing import NamedTuple

import numpy as np

from minicnn.kernels.cpu.lanes.integers import words_at
from minicnn.kernels.cpu.lanes.shuffle import transpose_square
from minicnn.kernels.cpu.lanes.vector import LANES, load, load_first, splat, store, store_first
from minicnn.kernels.cpu.program.atomics import floats_at, integers_at, whole_array
from minicnn.kernels.cpu.program.operands import share
from minicnn.kernels.machine_code.compile import kernel, step
from minicnn.kernels.machine_code.records import field_of, values

ZERO = np.float32(0)


@kernel
def block_begin(block, blocks, length):
    """(row, first pixel) of a block of LANES pixels; the last block of a row ends with it and overlaps the one before."""
    row = block // blocks
    return row, min((block - row * blocks) * LANES, max(0, length - LANES))


@kernel
def copy_numbers(y, y_at, x, x_at, count):
    """y[:count] = x[:count], a vector at a time."""
    whole = count // LANES * LANES
    for i in range(0, whole, LANES):
        store(y, y_at + i, load(x, x_at + i))
    if whole < count:
        store_first(y, y_at + whole, load_first(x, x_at + whole, count - whole), count - whole)


@kernel
def load_planes(y, y_at, shard, planes, turn, frame):
    """y[row, j, n] = planes[n*pitch + row*row_pitch + j] for j < length; lanes without a plane become 0.

    planes : the shard's first plane, at the box's first pixel
    """
    (rows, length, pitch, row_pitch), count = turn, frame.count
    if shard == 1:  # a single plane: nothing turns
        first, stop = share(length, frame)
        for row in range(rows):
            copy_numbers(y, y_at + row * length + first, planes, row * row_pitch + first, stop - first)
        return
    blocks = (length + LANES - 1) // LANES
    pixels = min(LANES, length)
    first, stop = share(rows * blocks, frame)
    for block in range(first, stop):
        row, j = block_begin(block, blocks, length)
        target = y_at + (row * length + j) * shard
        source = row * row_pitch + j
        for n in range(0, shard, LANES):
            if pixels == LANES and count - n >= LANES:
                transpose_square(y, target + n, shard, planes, source + n * pitch, pitch)
            else:
                for w in range(pixels):
                    # a whole vector might reach into the next pixel, which another part may have loaded already
                    store_first(y, target + w * shard + n, splat(ZERO), shard - n)
                    for lane in range(n, min(n + LANES, count)):
                        y[target + w * shard + lane] = planes[source + lane * pitch + w]


@kernel
def store_planes(planes, turn, x, x_at, shard, frame):
    """planes[n*pitch + row*row_pitch + j] = x[row, j, n] for the lanes that are planes."""
    (rows, length, pitch, row_pitch), count = turn, frame.count
    if shard == 1:
        first, stop = share(length, frame)
        for row in range(rows):
            copy_numbers(planes, row * row_pitch + first, x, x_at + row * length + first, stop - first)
        return
    blocks = (length + LANES - 1) // LANES
    pixels = min(LANES, length)
    first, stop = share(rows * blocks, frame)
    for block in range(first, stop):
        row, j = block_begin(block, blocks, length)
        source = x_at + (row * length + j) * shard
        target = row * row_pitch + j
        for n in range(0, count, LANES):
            if pixels == LANES and count - n >= LANES:
                transpose_square(planes, target + n * pitch, pitch, x, source + n, shard)
            else:
                for lane in range(n, min(n + LANES, count)):
                    for w in range(pixels):
                        planes[target + lane * pitch + w] = x[source + w * shard + lane]


@kernel
def store_positions(planes, turn, x, x_at, shard, frame):
    """The same for whole numbers: int32 in the lanes, int64 in the planes."""
    (rows, length, pitch, row_pitch), count = turn, frame.count
    first, stop = share(length, frame)
    for row in range(rows):
        source = x_at + row * length * shard
        for n in range(count):
            target = n * pitch + row * row_pitch
            for j in range(first, stop):
                planes[target + j] = x[source + j * shard + n]


class Turn(NamedTuple):
    """Rows of a box of planes: how many, elements of one; elements from plane to plane, and from row to row."""

    rows: int
    length: int
    pitch: int
    row_pitch: int


# Steps.  `place` is in the arena, `field` the frame's with the array's address, `offset` that of the box in its plane.


@step("place shard offset field", turn=Turn, splits=True)
def load_planes_step(memory, parameters, table, a, frame):
    turn = values(Turn, a.turn)
    planes = whole_array(floats_at(field_of(frame, a.field) + 4 * (frame.first * turn.pitch + a.offset)))
    load_planes(whole_array(memory), frame.arena + a.place, a.shard, planes, turn, frame)


@step("place shard offset field", turn=Turn, splits=True)
def store_planes_step(memory, parameters, table, a, frame):
    turn = values(Turn, a.turn)
    planes = whole_array(floats_at(field_of(frame, a.field) + 4 * (frame.first * turn.pitch + a.offset)))
    store_planes(planes, turn, whole_array(memory), frame.arena + a.place, a.shard, frame)


@step("place shard offset field", turn=Turn, splits=True)
def store_positions_step(memory, parameters, table, a, frame):
    turn = values(Turn, a.turn)
    planes = integers_at(field_of(frame, a.field) + 8 * (frame.first * turn.pitch + a.offset))
    store_positions(planes, turn, words_at(memory), frame.arena + a.place, a.shard, frame)
