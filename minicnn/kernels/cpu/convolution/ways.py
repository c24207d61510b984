"""Which way a convolution on a user's arrays goes, told from its geometry: what is settled once, before any program is built."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import product
from math import prod
from typing import NamedTuple

import numpy as np

from minicnn.geometry import REMEMBERED, Axis
from minicnn.kernels.cpu.convolution.blocks import positions_of_turn
from minicnn.kernels.cpu.convolution.maps import reversed_axes
from minicnn.kernels.cpu.convolution.tiles import TILE_TAPS
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.kernels.cpu.winograd import call as winograd_call

Axes = tuple[Axis, ...]

MOST_TAPS = 1 << 21
MANY_READS = 1 << 14  # entries of a table beyond which storing the padding is better than listing what each border position reads


def tables_serve(axes: Axes) -> bool:
    """Whether the taps can be listed in tables: all but filters of millions of taps, most of which then lie outside the input."""
    return prod(axis.taps for axis in axes) <= MOST_TAPS


@lru_cache(REMEMBERED)
def settled(axes: Axes) -> Axes:
    """The same axes without settings that mean nothing: the stride of a single position, the dilation of a single tap."""
    return tuple(
        axis._replace(stride=1 if axis.out == 1 else axis.stride, dilation=1 if axis.taps == 1 else axis.dilation) for axis in axes
    )


@lru_cache(REMEMBERED)
def padding_fits(axes: Axes) -> bool:
    """Whether x between its padding is not much more than x and y."""
    return prod(a.before + a.size + a.after for a in axes) <= 8 * (prod(a.size for a in axes) + prod(a.out for a in axes))


def halo(axes: Axes, channels: int) -> list[tuple[int, int]]:
    """A halo pays where channels alone cannot fill the taps of a tile of the weight gradient, and where border positions, each with a
    list of reads of its own, are many; else borders are left out."""
    short = channels < TILE_TAPS and max(max(a.before, a.after) for a in axes) <= max(a.taps for a in axes)
    reads = prod(a.taps * min(a.out, 1 + -(-a.before // a.stride) + -(-a.after // a.stride)) for a in axes)
    return [(a.before, a.after) for a in axes] if (short or reads > MANY_READS) and padding_fits(axes) else []


def is_narrow(images: int, axes: Axes, tile: tuple[int, ...]) -> bool:
    """Whether images too few to fill a vector stand side by side with no gap between pixels: lanes then run over columns as well."""
    return images < LANES and prod(tile) == 1 and padding_fits(axes)


@lru_cache(REMEMBERED)
def reads_forward(axes: Axes, images: int) -> bool:
    """Whether the input gradient is better computed as a convolution of dy: with stride 1, for few images or large filters."""
    reads = prod(axis.taps * min(axis.size, 2 * axis.extent + 1) for axis in axes)
    return (
        all(axis.stride == 1 and 0 <= axis.before < axis.extent for axis in axes)
        and (images < LANES or reads > MANY_READS)
        and padding_fits(reversed_axes(axes))
    )


@lru_cache(REMEMBERED)
def goes_in_place(axes: Axes, tile: tuple[int, ...], groups: int) -> bool:
    """Whether images go one by one, read and written where they lie: filters of one tap, whose work is little beside carrying images into
    lanes and back.  64 images of 512 channels 28x28, 128 filters: 30 and 23 ms."""
    pixels = prod(axis.out for axis in axes)
    plain = all((axis.taps, axis.stride, axis.before, axis.out) == (1, 1, 0, axis.size) for axis in axes)
    return plain and groups == 1 and prod(tile) == 1 and pixels >= LANES and 10 * pixels >= 9 * -(-pixels // LANES) * LANES


def fills_lanes(columns: int, images: int) -> bool:
    """Whether lanes are better columns than images: 64 images of 1024 planes 7x7 take 8.9 ms, not 6.4; of 32 planes 112x112, 24, not 52."""
    return images < LANES or 2 * columns >= LANES


def winograd_tile(axes: Axes, channels: int, filters: int, groups: int, images: int) -> int:
    """Output pixels of Winograd's tiles along an axis where that way is the faster one; else 0."""
    if images < LANES and not padding_fits(axes):
        return 0
    return winograd_call.choose_for_call(axes, channels, filters, groups, images).tile


class Turn(NamedTuple):
    """The positions that share one filter of a tile: the convolution they make, and where everything lies in the whole."""

    axes: Axes
    filter: tuple[slice | int, ...]
    input: tuple[slice, ...]
    output: tuple[slice, ...]


def goes_by_turns(axes: Axes, tile: tuple[int, ...], images: int) -> bool:
    """Whether a tiled convolution is better computed filter by filter: for few images, whose lanes are columns, if each has work enough."""
    uses = prod(axis.out // each for axis, each in zip(axes, tile, strict=True))
    return images < LANES and prod(tile) > 1 and uses >= LANES and padding_fits(axes)


def turns(axes: Axes, tile: tuple[int, ...]) -> Iterator[Turn]:
    """One for each filter of the tile."""
    for place in product(*(range(each) for each in tile)):
        blocks = [positions_of_turn(axis, each, first) for axis, each, first in zip(axes, tile, place, strict=True)]
        all_of = (slice(None), slice(None))
        yield Turn(
            tuple(block.axis for block in blocks),
            (slice(None), *place),
            (*all_of, *(block.input for block in blocks)),
            (*all_of, *(block.output for block in blocks)),
        )


def with_axis(axes: Axes, n: int, axis: Axis) -> Axes:
    return (*axes[:n], axis, *axes[n + 1 :])


def place_on(n: int, where: slice) -> tuple[slice, ...]:
    """An index into (N, C, *space) that cuts spatial axis `n`."""
    return (slice(None),) * (n + 2) + (where,)


def cut_out(array: np.ndarray, n: int, where: slice) -> np.ndarray:
    return np.ascontiguousarray(array[place_on(n, where)])


def taken(array: np.ndarray, where: tuple[slice, ...]) -> np.ndarray:
    return np.ascontiguousarray(array[where])
