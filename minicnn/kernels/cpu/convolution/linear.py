"""The fully connected layer's weight gradient, and the transposed copy that it needs; the input gradient of few images.

Its other passes are convolutions with one position.  Here the sum runs over images, so the lanes have to run over features:

    dweight[k,f] = sum over n of dy[k,n] * x[n,f]

The gather tile does it with images as taps, once x lies with its features side by side.  Images too few to fill a vector leave features
to the lanes of the input gradient, too, and rows of weights stream past (`row_tile.py`): LeNet's first, 400 to 120, one image, 11.6 to 1.4
microseconds.
"""

import numpy as np

from minicnn.kernels.cpu.convolution.operands import Taps
from minicnn.kernels.cpu.convolution.row_tile import Factors, add_rows
from minicnn.kernels.cpu.convolution.tiles import FROM_OLD, FROM_ZERO, TILE_FILTERS
from minicnn.kernels.cpu.convolution.walks import weigh_rows
from minicnn.kernels.cpu.lanes.shuffle import transpose_columns, transpose_square
from minicnn.kernels.cpu.lanes.vector import LANES, splat, store
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.cpu.program.operands import Strided, share
from minicnn.kernels.machine_code.compile import kernel, step

ZERO = np.float32(0)
FEWEST_COLUMNS = 3  # below which a square takes longer than its numbers one by one


@kernel
def transpose(y, y_at, y_row, x, x_at, rows, columns):
    """y[column, row] = x[row, column]: squares in registers (8 instead of 43 microseconds a LeNet step), the rows that are left one by one.

    Rows of y lie `y_row` apart.  x may be read to a vector behind its end.
    """
    whole = rows // LANES * LANES if columns >= FEWEST_COLUMNS else 0
    full = columns // LANES * LANES
    for row in range(0, whole, LANES):
        for column in range(0, full, LANES):
            transpose_square(y, y_at + column * y_row + row, y_row, x, x_at + row * columns + column, columns)
        if full < columns:
            transpose_columns(y, y_at + full * y_row + row, y_row, x, x_at + row * columns + full, columns, columns - full)
    for row in range(whole, rows):
        for column in range(columns):
            y[y_at + column * y_row + row] = x[x_at + row * columns + column]


@kernel
def share_of_blocks(size, block, frame):
    """(first, stop) of a part of `size` rows, cut between whole blocks."""
    first, stop = share((size + block - 1) // block, frame)
    return min(size, first * block), min(size, stop * block)


@step("y y_row x rows columns", splits=True)
def transpose_step(memory, parameters, table, a, frame):
    """y and x lie in the arena; some rows a part."""
    m, (first, stop) = whole_array(memory), share_of_blocks(a.rows, LANES, frame)
    transpose(m, frame.arena + a.y + first, a.y_row, m, frame.arena + a.x + first * a.columns, stop - first, a.columns)


@step("dweight dy x features filters shard taps", splits=True)
def linear_step_backward_weight(memory, parameters, table, a, frame):
    """dweight (slot) from dy and x (arena), a strip of features at a time so that its inputs stay in L1 while all filters pass.

    x : with its features side by side;  taps : the images
    """
    m, (first, stop) = whole_array(memory), share_of_blocks(a.filters, TILE_FILTERS, frame)
    weigh_rows(
        Strided(m, frame.slot + a.dweight + first * a.features, a.features),
        Strided(m, frame.arena + a.x, 0),
        Strided(m, frame.arena + a.dy + first * a.shard, a.shard),
        Taps(whole_array(table), a.taps, a.taps + a.shard),
        stop - first,
        a.features,
        FROM_OLD if frame.accumulate != 0 else FROM_ZERO,
    )


@step("dx dy weight features filters shard sums row", splits=True)
def linear_step_backward_input_few(memory, parameters, table, a, frame):
    """dx from dy (arena), some features a part.

    sums, row : room for a sum for each image and feature, and from image to image; of a single image, dx itself
    """
    m, (first, stop) = whole_array(memory), share_of_blocks(a.features, LANES, frame)
    sums = frame.arena + a.sums + first
    for n in range(a.shard):
        for f in range(0, stop - first, LANES):
            store(m, sums + n * a.row + f, splat(ZERO))
    add_rows(
        Strided(m, sums, a.row),
        a.shard,
        Strided(whole_array(parameters), a.weight + first, a.features),
        a.filters,
        stop - first,
        Factors(m, frame.arena + a.dy, a.shard, 1),
    )
    if a.shard > 1:
        for f in range(stop - first):
            for n in range(a.shard):
                m[frame.arena + a.dx + (first + f) * a.shard + n] = m[sums + n * a.row + f]
