"""The three axes of a convolution among the arguments of a step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from minicnn.geometry import Axis
from minicnn.kernels.machine_code.compile import kernel
from minicnn.kernels.machine_code.records import values


class TiledAxis(NamedTuple):
    """One axis: pixels, taps, stride, dilation, padding before, positions, and how many filters take turns."""

    size: int
    taps: int
    stride: int
    dilation: int
    before: int
    out: int
    tile: int


class ThreeAxes(NamedTuple):
    """Missing ones are the first, of size 1."""

    depth: TiledAxis
    rows: TiledAxis
    columns: TiledAxis


def step_axes(axes: Sequence[Axis], tiles: Sequence[int] = ()) -> ThreeAxes:
    """Three axes as the steps take them; without tiles, all positions share a filter."""
    missing = [TiledAxis(1, 1, 1, 1, 0, 1, 1)] * (3 - len(axes))
    given = zip(axes, tiles or (1,) * len(axes), strict=True)
    return ThreeAxes(
        *missing, *(TiledAxis(axis.size, axis.taps, axis.stride, axis.dilation, axis.before, axis.out, tile) for axis, tile in given)
    )


@kernel
def three_axes(axes):
    """Depth, rows and columns from a step's ThreeAxes."""
    return values(TiledAxis, axes.depth), values(TiledAxis, axes.rows), values(TiledAxis, axes.columns)


def with_halo(axes: Sequence[Axis], halo: Sequence[tuple[int, int]]) -> list[Axis]:
    """The same axes where pixels of the halo are pixels."""
    return [
        axis._replace(size=axis.size + before + after, before=axis.before - before)
        for axis, (before, after) in zip(axes, halo, strict=True)
    ]
