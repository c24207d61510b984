"""The weight gradient by Winograd as steps: blocks of channels and strips of filters, over which chunks of tiles pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from minicnn.geometry import REMEMBERED, Axis
from minicnn.kernels.cpu.convolution.axes import step_axes, with_halo
from minicnn.kernels.cpu.convolution.choice import (
    FEW_GAIN,
    FEWEST_CHANNELS,
    PER_PRODUCT,
    Choice,
    cheapest,
    direct_cycles,
    tiles_for,
)
from minicnn.kernels.cpu.convolution.problem import DIRECT, Images, Problem
from minicnn.kernels.cpu.convolution.tiles import TILE_FILTERS
from minicnn.kernels.cpu.convolution.weight_gradient import turn_back_step
from minicnn.kernels.cpu.convolution.weight_gradient_lowering import fill_lanes
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.kernels.cpu.program.call import SMALL_SHARD
from minicnn.kernels.cpu.program.program import CACHE_LINE, Place, Program, padded
from minicnn.kernels.cpu.winograd.weight_gradient import STRIP, Cut, Layer, Scratch, winograd_weight_step

TAPS = 3  # of the filters along an axis
STRIPS = 2  # of filters of a unit: for each x is transformed again
MOST_CHANNELS = 22 * TILE_FILTERS  # of a unit: for each dy is transformed again
PAIRS = 64  # of a chunk; the sums are read and written once for them
GRADIENT = {2: 90.0, 4: 250.0}  # cycles of a vector of a tile of dy, turned and transformed
SORTED = 2.5  # cycles of a pixel of a few images that is put beside the same pixel of the next tile
FEWEST_IMAGES = 4  # of a shard: VGG's conv3-2, 2 and 1 images, two threads, directly and in tiles of 4x4: 28 and 20 ms, 8.7 and 12
BACK = {2: 10.0, 4: 16.0}  # cycles of a filter of one channel: its sums begun, and brought back


def choose_weight(problem: Problem, images: Images) -> Choice:
    """Choose between this and the direct way for the weight gradient."""
    shard = images.shard or (images.number if images.number < LANES else SMALL_SHARD)
    gain = FEW_GAIN if shard < LANES else 1.0
    return cheapest(_cycles(problem.axes, problem.channels, problem.filters, problem.groups, shard), gain)


@lru_cache(REMEMBERED)
def _cycles(axes: tuple[Axis, ...], channels: int, filters: int, groups: int, shard: int) -> Mapping[str, float]:
    """Cycles of a vector of images; of an image where a shard has fewer."""
    own_channels, own_filters, vectors = channels // groups, filters // groups, min(1.0, shard / LANES)
    of_an_image = vectors / min(shard, LANES) if shard < LANES else 1.0
    cycles = {DIRECT: direct_cycles(axes, channels, own_filters) * of_an_image}
    if own_channels >= FEWEST_CHANNELS and fill_lanes(own_filters) and shard >= FEWEST_IMAGES:
        blocks, bands = -(-own_channels // MOST_CHANNELS), -(-own_filters // (STRIPS * STRIP))
        for tile in (each for each in tiles_for(axes) if each.taps == TAPS):
            m = tile.edge
            products = (m + 2) ** 2 * own_channels * -(-own_filters // LANES) * LANES / 2 * PER_PRODUCT
            sorting = 0.0 if shard % LANES == 0 else (m + 2) * m * SORTED * LANES / shard
            transforms = own_channels * bands * (tile.input + sorting) + own_filters * blocks * GRADIENT[m]
            back = own_channels * own_filters * BACK[m] * LANES / shard
            cycles[tile.name] = groups * (_tiles(axes, m) * (products + transforms) + back) * of_an_image
    return MappingProxyType(cycles)


def append_winograd_weight(program: Program, dweight: int, dy: Activation, x: Activation, problem: Problem, m: int) -> None:
    """dweight (offset into the slot) from dy and x in tiles of m x m."""
    groups, shard, side, parts = problem.groups, dy.map.shard, m + 2, program.parts
    channels, filters = x.map.channels // groups, dy.map.channels // groups
    axes = with_halo(problem.axes, x.map.halo)
    strips, blocks = -(-filters // STRIP), -(-channels // MOST_CHANNELS)
    if parts > 1:  # smaller units, so that threads share them evenly
        blocks = max(blocks, min(parts, channels // (8 * TILE_FILTERS)))
    block = -(-channels // (blocks * TILE_FILTERS)) * TILE_FILTERS
    strips_of_unit = min(STRIPS, strips)
    units = groups * -(-channels // block) * -(-strips // strips_of_unit)
    tiles = _tiles(axes, m)
    chunk = max(1, min(tiles, PAIRS // shard))
    stretches = 1 if parts == 1 or units >= parts // 2 else min(-(-parts // units), -(-tiles // (4 * chunk)))
    row, size = strips * STRIP, channels * 9
    stretch_size = groups * size * row
    products = program.buffer(stretch_size * stretches)
    pairs, elements = chunk * shard, side * side
    apart = [block * strips_of_unit * STRIP + CACHE_LINE, block * pairs + CACHE_LINE, pairs * strips_of_unit * STRIP + CACHE_LINE]
    sizes = [*(elements * each for each in apart), m * m * max(LANES, shard) * LANES, elements * LANES]
    sizes.append(0 if shard % LANES == 0 else side * m * ((chunk + 1) * shard + LANES))
    part_size = sum(map(padded, sizes))
    scratch = program.buffer(part_size * parts)
    places: list[Any] = [Place(scratch, sum(map(padded, sizes[:n]))) for n in range(len(sizes))]
    program.step(
        winograd_weight_step,
        products=Place(products),
        row=row,
        stretch_size=stretch_size,
        dy=dy.place,
        dy_plane=dy.map.plane,
        dy_row=dy.map.strides[0],
        x=x.place,
        x_plane=x.map.plane,
        pairs=program.constant([n for pair in range(pairs) for n in (pair * STRIP, pair)]) // 2,
        part_size=part_size,
        layer=Layer(shard, groups, channels, filters, problem.flip, side),
        axes=step_axes(axes),
        cut=Cut(block, strips_of_unit, chunk, stretches),
        scratch=Scratch(*places, *apart),
    )
    program.cut()
    program.step(
        turn_back_step,
        dweight=dweight,
        w_filter=size,
        products=Place(products),
        copies=stretches,
        copy_size=stretch_size,
        groups=groups,
        size=size,
        filters=filters,
        row=row,
        squares=Place(program.buffer(LANES * LANES * parts)),
    )
    program.cut()


def _tiles(axes: Sequence[Axis], m: int) -> int:
    return -(-axes[0].out // m) * -(-axes[1].out // m)
