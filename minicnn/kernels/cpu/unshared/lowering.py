"""Unshared and tiled convolution as steps: which way through the weights serves, and the memory it takes."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from minicnn.geometry import Axis
from minicnn.kernels.cpu.convolution.axes import step_axes
from minicnn.kernels.cpu.convolution.linear import transpose_step
from minicnn.kernels.cpu.convolution.operands import Groups
from minicnn.kernels.cpu.convolution.problem import Operands, Problem
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.kernels.cpu.program.program import CACHE_LINE, Place, Program
from minicnn.kernels.cpu.unshared.input_gradient import (
    FILTER_BLOCK,
    Scratch,
    add_up_step,
    unshared_call_backward_input,
    unshared_step_backward_input,
)
from minicnn.kernels.cpu.unshared.unshared import (
    Patches,
    unshared_call_backward_weight,
    unshared_call_forward,
    unshared_step_backward_weight,
)

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


def _patches(program: Program, axes: Sequence[Axis], channels: int, shard: int, parts: int) -> Patches:
    """Patches of one position for each part, and the images as taps."""
    row = (-(-channels * prod(axis.taps for axis in axes) // CACHE_LINE) + 1) * CACHE_LINE  # room for what a store writes too much
    pitch = row * shard
    taps = program.constant([n for i in range(shard) for n in (i * row, i)]) // 2
    return Patches(Place(program.buffer(pitch * parts)), pitch, row, taps)


def append_call_forward(program: Program, y: int, x: int, problem: Problem, images: int, biases: int) -> None:
    """y from x, both the frame's fields that hold the addresses of a user's arrays; `biases` of a filter, 0 for none."""
    axes, groups, tiles, channels, filters = problem.axes, problem.groups, problem.tile, problem.channels, problem.filters
    size, y_image = channels // groups * prod(axis.taps for axis in axes), filters * prod(axis.out for axis in axes)
    patches = _patches(program, axes, channels // groups, images, program.parts)
    images_as_taps = program.constant([n for i in range(images) for n in (i * patches.row, i * y_image)]) // 2
    program.step(
        unshared_call_forward,
        y=y,
        y_image=y_image,
        w_filter=prod(tiles) * size,
        biases=biases,
        x=x,
        x_image=channels * prod(axis.size for axis in axes),
        groups=Groups(groups, channels // groups, filters // groups),
        patches=patches._replace(taps=images_as_taps),
        axes=step_axes(axes, tiles),
    )


def append_call_backward_input(program: Program, dx: int, dy: int, problem: Problem, images: int) -> None:
    """dx from dy of few images, both the frame's fields that hold the addresses of a user's arrays."""
    axes, groups, tiles, channels, filters = problem.axes, problem.groups, problem.tile, problem.channels, problem.filters
    size, positions = channels // groups * prod(axis.taps for axis in axes), prod(axis.out for axis in axes)
    dx_image = channels * prod(axis.size for axis in axes)
    # each part clears and fills a dx of its own, which must stay less work than the weights
    own_parts = max(1, min(program.parts, positions, filters * prod(tiles) * size // dx_image))
    sums_size = -(-images * dx_image // CACHE_LINE) * CACHE_LINE
    sums = Place(program.buffer(sums_size * own_parts))
    program.step(
        unshared_call_backward_input,
        sums=sums,
        sums_size=sums_size,
        dx_image=dx_image,
        dy=dy,
        dy_image=filters * positions,
        w_filter=prod(tiles) * size,
        groups=Groups(groups, channels // groups, filters // groups),
        patches=_patches(program, axes, channels // groups, images, own_parts),
        axes=step_axes(axes, tiles),
    )
    program.cut(own_parts)
    program.step(add_up_step, y=dx, y_image=dx_image, x=sums, x_size=sums_size, count=own_parts)
    program.cut()


def append_call_backward_weight(program: Program, dweight: int, dy: Activation, x: int, problem: Problem, add: bool) -> None:
    """dweight from dy in lanes and x: `dweight` and `x` are the frame's fields that hold the addresses of a user's arrays."""
    axes, groups, tiles, channels = problem.axes, problem.groups, problem.tile, problem.channels
    filters, size = dy.map.channels // groups, channels // groups * prod(axis.taps for axis in axes)
    program.step(
        unshared_call_backward_weight,
        dweight=dweight,
        w_filter=prod(tiles) * size,
        dy=dy.place,
        dy_plane=dy.map.plane,
        x=x,
        x_image=channels * prod(axis.size for axis in axes),
        shard=dy.map.shard,
        groups=Groups(groups, channels // groups, filters),
        patches=_patches(program, axes, channels // groups, dy.map.shard, program.parts),
        add=add,
        axes=step_axes(axes, tiles),
    )


def append_tiled_backward_weight(program: Program, dweight: int, dy: Activation, x: Activation, problem: Problem) -> None:
    """dweight (offset into the slot) from dy and x (without a halo), both in lanes."""
    axes, groups, tiles = problem.axes, problem.groups, problem.tile
    channels, filters, shard = x.map.channels // groups, dy.map.channels // groups, dy.map.shard
    image = x.map.channels * x.map.pixels
    by_image = program.buffer(image * shard)
    program.step(transpose_step, y=Place(by_image), y_row=image, x=x.place, rows=image, columns=shard)
    size = channels * prod(axis.taps for axis in axes)
    program.step(
        unshared_step_backward_weight,
        dweight=dweight,
        w_filter=prod(tiles) * size,
        dy=dy.place,
        dy_plane=dy.map.plane,
        x=Place(by_image),
        x_image=image,
        shard=shard,
        groups=Groups(groups, channels, filters),
        patches=_patches(program, axes, channels, shard, program.parts),
        axes=step_axes(axes, tiles),
    )


def append_tiled_backward_input(program: Program, dx: Activation, dy: Activation, problem: Problem, operands: Operands) -> None:
    """dx from dy, both in lanes."""
    axes, groups, tiles = problem.axes, problem.groups, problem.tile
    channels, filters, shard = dx.map.channels // groups, dy.map.channels // groups, dy.map.shard
    taps = prod(axis.taps for axis in axes)
    some = min(filters, FILTER_BLOCK)
    block = max(1, min(channels, PACKED_BYTES // (4 * some * taps)))
    pitch = -(-block * taps // CACHE_LINE) * CACHE_LINE
    packed, gradients, sums = some * pitch, filters * shard, block * taps * shard
    scratch = program.buffer((packed + gradients + sums) * program.parts)
    filters_as_taps = program.constant([n for k in range(some) for n in (k * shard, k * pitch)]) // 2
    program.step(
        unshared_step_backward_input,
        dx=dx.place,
        dx_plane=dx.map.plane,
        dy=dy.place,
        dy_plane=dy.map.plane,
        shard=shard,
        weight=operands.weight,
        w_filter=prod(tiles) * channels * taps,
        groups=Groups(groups, channels, filters),
        scratch=Scratch(block, Place(scratch), pitch, packed, packed + gradients, filters_as_taps),
        part_size=packed + gradients + sums,
        axes=step_axes(axes, tiles),
    )
