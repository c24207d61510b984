"""One axis of an input as it is drawn: its cells with padding and with what lies between, and which of them every output reads."""

from __future__ import annotations

from typing import NamedTuple

from minicnn.geometry import Axis
from minicnn.kernels.index import adaptive_range, input_position

PADDING, BETWEEN = -1, -2  # what a cell holds instead of an input position


class Line(NamedTuple):
    """One axis of the input as it is drawn: what each cell holds, and per output the (tap, cell) it reads."""

    holds: tuple[int, ...]
    reads: tuple[tuple[tuple[int, int], ...], ...]
    taps: int


def window(axis: Axis) -> Line:
    """The input between its padding, as far as the last window reaches."""
    length = max(axis.size + axis.before + axis.after, (axis.out - 1) * axis.stride + axis.extent)
    holds = tuple(cell - axis.before if 0 <= cell - axis.before < axis.size else PADDING for cell in range(length))
    reads = tuple(
        tuple((r, input_position(p, r, axis.stride, axis.dilation, axis.before) + axis.before) for r in range(axis.taps))
        for p in range(axis.out)
    )
    return Line(holds, reads, axis.taps)


def transposed(axis: Axis) -> Line:
    """The input stretched by `stride` - 1 zeros between, and zeros around, so that every output reads as many cells."""
    first = axis.before - axis.dilation * (axis.taps - 1)  # where tap 0 of output 0 would lie if the filter were turned round
    length = axis.size + axis.extent - 1
    holds = []
    for cell in range(length):
        at = cell + first
        holds.append(at // axis.stride if at % axis.stride == 0 and 0 <= at // axis.stride < axis.out else _empty(at, axis))
    reads = tuple(tuple((r, p + axis.before - r * axis.dilation - first) for r in reversed(range(axis.taps))) for p in range(axis.size))
    return Line(tuple(holds), reads, axis.taps)


def _empty(at: int, axis: Axis) -> int:
    return BETWEEN if 0 <= at <= (axis.out - 1) * axis.stride else PADDING


def adaptive(size: int, out: int) -> Line:
    ranges = [adaptive_range(p, size, out) for p in range(out)]
    reads = tuple(tuple((cell - first, cell) for cell in range(first, stop)) for first, stop in ranges)
    return Line(tuple(range(size)), reads, max(stop - first for first, stop in ranges))
