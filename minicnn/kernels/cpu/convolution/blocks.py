"""Long axes in blocks: a convolution over a million samples is the same convolution over many short stretches.

Tables that say what each position reads would grow with the axis.  Cut into blocks of equal length, all stretches but the first and
the last are alike, and one table serves them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from minicnn.geometry import Axis

LONG = 1 << 15  # positions of an axis beyond which it is cut
LISTED = 1 << 21  # pairs of a position and a tap beyond which it is: tables list them one by one, in two seconds and 250 MB


class Block(NamedTuple):
    """A stretch of one axis: the convolution that is left, and where its input and output lie in the whole."""

    axis: Axis
    input: slice
    output: slice


def output_blocks(axis: Axis, tile: int) -> Iterator[Block]:
    """Blocks of output positions, each with all the inputs that it reads; the first output of each uses filter 0 of the tile."""
    length = _length(axis.out, axis.taps, tile)
    for first in range(0, axis.out, length):
        stop = min(axis.out, first + length)
        low = min(max(0, first * axis.stride - axis.before), axis.size)
        high = max(low, min(axis.size, (stop - 1) * axis.stride - axis.before + axis.extent))
        before = axis.before - first * axis.stride + low
        after = max(0, (stop - first - 1) * axis.stride + axis.extent - before - (high - low))
        yield Block(axis._replace(size=high - low, before=before, after=after, out=stop - first), slice(low, high), slice(first, stop))


def positions_of_turn(axis: Axis, tile: int, first: int) -> Block:
    """The output positions first, first + tile, ..., which share a filter of a tile, with all inputs from the first to the last read."""
    out, stride = max(0, -(-(axis.out - first) // tile)), axis.stride * tile
    low = min(max(0, first * axis.stride - axis.before), axis.size)
    before = axis.before - first * axis.stride + low
    high = max(low, min(axis.size, low - before + (out - 1) * stride + axis.extent))
    after = max(0, (out - 1) * stride + axis.extent - before - (high - low))
    return Block(
        axis._replace(size=high - low, stride=stride, before=before, after=after, out=out), slice(low, high), slice(first, None, tile)
    )


def input_blocks(axis: Axis, tile: int) -> Iterator[Block]:
    """Blocks of input positions, each with all the outputs that read it; without any, `out` is 0."""
    length = _length(axis.size, axis.taps, tile)
    for low in range(0, axis.size, length):
        high = min(axis.size, low + length)
        # the last tap of the first position, and the first tap of the last
        first = max(0, -(-(low + axis.before - axis.extent + 1) // axis.stride)) // tile * tile
        stop = min(axis.out, (high - 1 + axis.before) // axis.stride + 1)
        before = axis.before - first * axis.stride + low
        yield Block(
            axis._replace(size=high - low, before=before, after=0, out=max(0, stop - first)),
            slice(low, high),
            slice(first, max(first, stop)),
        )


def _length(positions: int, taps: int, tile: int) -> int:
    """Of a block: a multiple of the tile; all of it where that is longer than a block may be."""
    most = min(LONG, max(1, LISTED // taps))
    return positions if positions <= most or tile > most else most // tile * tile


def long_axes(sizes: Sequence[int], axes: Sequence[Axis], tiles: Sequence[int]) -> list[int]:
    """The axes to cut, which have many positions; `sizes` says how many."""
    every = zip(sizes, axes, tiles, strict=True)
    return [n for n, (size, axis, tile) in enumerate(every) if size > _length(size, axis.taps, tile)]
