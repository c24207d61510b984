"""Unshared and tiled convolution as steps: which way through the weights serves, and the memory it takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

from minicnn.geometry import Axis
from minicnn.kernels.cpu.convolution.axes import axis_numbers
from minicnn.kernels.cpu.convolution.linear import transpose_step
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.kernels.cpu.program.program import CACHE_LINE, Place, Program
from minicnn.kernels.cpu.unshared.input_gradient import (
    FILTER_BLOCK,
    add_up_step,
    unshared_call_backward_input,
    unshared_step_backward_input,
)
from minicnn.kernels.cpu.unshared.unshared import unshared_call_backward_weight, unshared_call_forward, unshared_step_backward_weight

FEW_VECTORS = 32  # of output gradients that a weight hears from, below which adding up lanes costs more than copying patches
FILTERS_OF_AN_IMAGE = 4  # of a group, below which adding up patches image by image costs more than images as lanes
PACKED_BYTES = 256 * 1024  # weights of one position that are packed together


def serves_few(axes: Sequence[Axis], tiles: Sequence[int], shard: int) -> bool:
    """Whether each filter serves so few positions that the kernels of `cpu/unshared/unshared.py` and `cpu/unshared/input_gradient.py` are the faster ones."""
    uses = prod(-(-axis.out // tile) for axis, tile in zip(axes, tiles, strict=True))
    return prod(tiles) > 1 and uses * -(-shard // LANES) < FEW_VECTORS


def serves_rows(images: int, filters: int) -> bool:
    """Whether the input gradient is better computed image by image, along the weights of the `filters` of a group."""
    return images < LANES and images <= max(1, filters // FILTERS_OF_AN_IMAGE)


def _patch_memory(program: Program, axes: Sequence[Axis], channels: int, shard: int, parts: int) -> tuple[Place, int, int, int]:
    """Patches of one position for each part: their place, elements from part to part, elements of a row, the images as taps."""
    row = (-(-channels * prod(axis.taps for axis in axes) // CACHE_LINE) + 1) * CACHE_LINE  # room for what a store writes too much
    pitch = row * shard
    return Place(program.buffer(pitch * parts)), pitch, row, program.constant([n for i in range(shard) for n in (i * row, i)]) // 2


def append_call_forward(
    program: Program,
    y: int,
    filters: int,
    x: int,
    channels: int,
    biases: int,
    axes: Sequence[Axis],
    groups: int,
    tiles: Sequence[int],
    images: int,
    parts: int,
) -> None:
    """y from x, both the frame's fields that hold the addresses of a user's arrays; `biases` of a filter, 0 for none."""
    size, y_image = channels // groups * prod(axis.taps for axis in axes), filters * prod(axis.out for axis in axes)
    room, pitch, row, _ = _patch_memory(program, axes, channels // groups, images, parts)
    images_as_taps = program.constant([n for i in range(images) for n in (i * row, i * y_image)]) // 2
    program.step(
        unshared_call_forward,
        y,
        y_image,
        prod(tiles) * size,
        biases,
        x,
        channels * prod(axis.size for axis in axes),
        groups,
        channels // groups,
        filters // groups,
        room,
        pitch,
        row,
        images_as_taps,
        *axis_numbers(axes, tiles),
    )


def append_call_backward_input(
    program: Program,
    dx: int,
    channels: int,
    dy: int,
    filters: int,
    axes: Sequence[Axis],
    groups: int,
    tiles: Sequence[int],
    images: int,
    parts: int,
    cut: Callable[[int], None],
) -> None:
    """dx from dy of few images, both the frame's fields that hold the addresses of a user's arrays; `cut` ends a stage of so many parts."""
    size, positions = channels // groups * prod(axis.taps for axis in axes), prod(axis.out for axis in axes)
    dx_image = channels * prod(axis.size for axis in axes)
    # each part clears and fills a dx of its own, which must stay less work than the weights
    own_parts = max(1, min(parts, positions, filters * prod(tiles) * size // dx_image))
    room, pitch, row, _ = _patch_memory(program, axes, channels // groups, images, own_parts)
    sums_pitch = -(-images * dx_image // CACHE_LINE) * CACHE_LINE
    sums = Place(program.buffer(sums_pitch * own_parts))
    program.step(
        unshared_call_backward_input,
        sums,
        sums_pitch,
        dx_image,
        dy,
        filters * positions,
        prod(tiles) * size,
        groups,
        channels // groups,
        filters // groups,
        room,
        pitch,
        row,
        *axis_numbers(axes, tiles),
    )
    cut(own_parts)
    program.step(add_up_step, dx, dx_image, sums, sums_pitch, own_parts)
    cut(parts)


def append_call_backward_weight(
    program: Program,
    dweight: int,
    dy: Activation,
    x: int,
    channels: int,
    axes: Sequence[Axis],
    groups: int,
    tiles: Sequence[int],
    add: bool,
    parts: int,
) -> None:
    """dweight from dy in lanes and x: `dweight` and `x` are the frame's fields that hold the addresses of a user's arrays."""
    filters, size = dy.map.channels // groups, channels // groups * prod(axis.taps for axis in axes)
    program.step(
        unshared_call_backward_weight,
        dweight,
        prod(tiles) * size,
        dy.place,
        dy.map.plane,
        x,
        channels * prod(axis.size for axis in axes),
        dy.map.shard,
        groups,
        channels // groups,
        filters,
        *_patch_memory(program, axes, channels // groups, dy.map.shard, parts),
        add,
        *axis_numbers(axes, tiles),
    )


def append_tiled_backward_weight(
    program: Program, dweight: int, dy: Activation, x: Activation, axes: Sequence[Axis], groups: int, tiles: Sequence[int]
) -> None:
    """dweight (offset into the slot) from dy and x (without a halo), both in lanes."""
    channels, filters, shard = x.map.channels // groups, dy.map.channels // groups, dy.map.shard
    image = x.map.channels * x.map.pixels
    by_image = program.buffer(image * shard)
    program.step(transpose_step, Place(by_image), image, x.place, image, shard)
    size = channels * prod(axis.taps for axis in axes)
    program.step(
        unshared_step_backward_weight,
        dweight,
        prod(tiles) * size,
        dy.place,
        dy.map.plane,
        Place(by_image),
        image,
        shard,
        groups,
        channels,
        filters,
        *_patch_memory(program, axes, channels, shard, max(1, program.step_parts)),
        False,
        *axis_numbers(axes, tiles),
    )


def append_tiled_backward_input(
    program: Program,
    dx: Activation,
    dy: Activation,
    axes: Sequence[Axis],
    groups: int,
    tiles: Sequence[int],
    weight: int,
    parts: int = 1,
) -> None:
    """dx from dy, both in lanes; weight is an offset into the parameters."""
    channels, filters, shard = dx.map.channels // groups, dy.map.channels // groups, dy.map.shard
    taps = prod(axis.taps for axis in axes)
    some = min(filters, FILTER_BLOCK)
    block = max(1, min(channels, PACKED_BYTES // (4 * some * taps)))
    pitch = -(-block * taps // CACHE_LINE) * CACHE_LINE
    packed, gradients, sums = some * pitch, filters * shard, block * taps * shard
    scratch = program.buffer((packed + gradients + sums) * parts)
    filters_as_taps = program.constant([n for k in range(some) for n in (k * shard, k * pitch)]) // 2
    program.step(
        unshared_step_backward_input,
        dx.place,
        dx.map.plane,
        dy.place,
        dy.map.plane,
        shard,
        weight,
        prod(tiles) * channels * taps,
        groups,
        channels,
        filters,
        block,
        Place(scratch),
        pitch,
        packed,
        packed + gradients,
        packed + gradients + sums,
        filters_as_taps,
        *axis_numbers(axes, tiles),
    )
