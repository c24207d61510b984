"""The fully connected layer's weight gradient, and the transposed copy that it needs.

Its other passes are convolutions with one position.  Here the sum runs over images, so the lanes have to run over features:

    dweight[k,f] = sum over n of dy[k,n] * x[n,f]

The gather tile does it with images as taps, once x lies with its features side by side.
"""

from minicnn.kernels.cpu.convolution.tiles import FROM_OLD, FROM_ZERO
from minicnn.kernels.cpu.convolution.walks import NO_FLOOR, gather_run
from minicnn.kernels.cpu.lanes.shuffle import transpose_square
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.cpu.program.program import ACCUMULATE, ARENA, SLOT
from minicnn.kernels.machine_code.compile import kernel, step


@kernel
def transpose(y, y_at, y_row, x, x_at, rows, columns):
    """y[column, row] = x[row, column]: squares in registers (8 instead of 43 microseconds a LeNet step), the rows that are left one by one.

    Rows of y lie `y_row` apart.
    """
    whole = rows // LANES * LANES if columns % LANES == 0 else 0
    for row in range(0, whole, LANES):
        for column in range(0, columns, LANES):
            transpose_square(y, y_at + column * y_row + row, y_row, x, x_at + row * columns + column, columns)
    for row in range(whole, rows):
        for column in range(columns):
            y[y_at + column * y_row + row] = x[x_at + row * columns + column]


@kernel
def linear_backward_weight(dweight, w_base, dy, dy_base, x_by_feature, x_base, x_row, features, filters, shard, table, taps, accumulate):
    """dweight (filters, features), a strip of features at a time so that its inputs stay in L1 while all filters pass."""
    gather_run(
        dweight,
        w_base,
        features,
        LANES,
        x_by_feature,
        x_base,
        0,
        LANES,
        features,
        LANES,
        dy,
        dy_base,
        0,
        shard,
        table,
        taps,
        taps + shard,
        1,
        filters,
        FROM_OLD if accumulate else FROM_ZERO,
        dy,
        0,
        0,
        NO_FLOOR,
    )


@step
def transpose_step(memory, parameters, table, a, frame):
    m, arena = whole_array(memory), frame[ARENA]
    transpose(m, arena + a[0], a[1], m, arena + a[2], a[3], a[4])


@step
def linear_step_backward_weight(memory, parameters, table, a, frame):
    m, arena = whole_array(memory), frame[ARENA]
    linear_backward_weight(
        m, frame[SLOT] + a[0], m, arena + a[1], m, arena + a[2], a[3], a[4], a[5], a[6], whole_array(table), a[7], frame[ACCUMULATE] != 0
    )
