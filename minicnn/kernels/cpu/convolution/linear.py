"""The fully connected layer's weight gradient, and the transposed copy that it needs.

Its other passes are convolutions with one position.  Here the sum runs over images, so the lanes have to run over features:

    dweight[k,f] = sum over n of dy[k,n] * x[n,f]

The gather tile does it with images as taps, once x lies with its features side by side.
"""

from minicnn.kernels.cpu.convolution.operands import Taps
from minicnn.kernels.cpu.convolution.tiles import FROM_OLD, FROM_ZERO
from minicnn.kernels.cpu.convolution.walks import weigh_rows
from minicnn.kernels.cpu.lanes.shuffle import transpose_square
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.cpu.program.operands import Strided
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


@step("y y_row x rows columns")
def transpose_step(memory, parameters, table, a, frame):
    """y and x lie in the arena."""
    m = whole_array(memory)
    transpose(m, frame.arena + a.y, a.y_row, m, frame.arena + a.x, a.rows, a.columns)


@step("dweight dy x features filters shard taps")
def linear_step_backward_weight(memory, parameters, table, a, frame):
    """dweight (slot) from dy and x (arena), a strip of features at a time so that its inputs stay in L1 while all filters pass.

    x : with its features side by side;  taps : the images
    """
    m = whole_array(memory)
    weigh_rows(
        Strided(m, frame.slot + a.dweight, a.features),
        Strided(m, frame.arena + a.x, 0),
        Strided(m, frame.arena + a.dy, a.shard),
        Taps(whole_array(table), a.taps, a.taps + a.shard),
        a.filters,
        a.features,
        FROM_OLD if frame.accumulate != 0 else FROM_ZERO,
    )
