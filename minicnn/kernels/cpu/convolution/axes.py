"""The three axes of a convolution among the arguments of a step: written by the assembly, read by the kernels.

depth, rows, columns = three_axes(a, 15)
rows[STRIDE]
"""

from collections.abc import Sequence

from minicnn.geometry import Axis
from minicnn.kernels.machine_code.compile import kernel

# an axis in a tuple of three: pixels, taps, stride, dilation, padding before, positions, tile
SIZE, TAPS, STRIDE, DILATION, BEFORE, OUT, TILE = range(7)


def axis_numbers(axes: Sequence[Axis], tiles: Sequence[int] = ()) -> list[int]:
    """Three axes as the steps take them, missing ones first; without tiles, all positions share a filter."""
    numbers = [1, 1, 1, 1, 0, 1, 1] * (3 - len(axes))
    for axis, tile in zip(axes, tiles or (1,) * len(axes), strict=True):
        numbers += [axis.size, axis.taps, axis.stride, axis.dilation, axis.before, axis.out, tile]
    return numbers


@kernel
def three_axes(a, at):
    """The three axes from a step's arguments."""
    return (
        (a[at], a[at + 1], a[at + 2], a[at + 3], a[at + 4], a[at + 5], a[at + 6]),
        (a[at + 7], a[at + 8], a[at + 9], a[at + 10], a[at + 11], a[at + 12], a[at + 13]),
        (a[at + 14], a[at + 15], a[at + 16], a[at + 17], a[at + 18], a[at + 19], a[at + 20]),
    )
