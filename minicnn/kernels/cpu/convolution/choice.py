"""Which way to compute a 3x3 or 5x5 convolution: directly, or by Winograd in tiles of 2x2 or 4x4, chosen by a small cost model.

Cycles of one vector of images, with constants measured on a processor with AVX-512 (their proportions are what counts):

    direct      positions * taps * channels * filters / 2 multiply-adds, PER_PRODUCT each
    Winograd    tiles * (side^2 * channels * filters / 2 products, PER_TILE_PRODUCT each
                         + channels * tile.input + filters * tile.output)    cycles, more where a block leaves the cache
                + channels * filters * tile.filter for the filters' transform, shared among the vectors that use it

F(2x2, 5x5) to direct sums, one thread, measured without the filters' transform: 64 channels 27x27, 192 filters, 1, 4 and 16 images 0.54,
0.51 and 0.49; 32 channels, 64 filters 32x32 0.66, 0.65 and 0.64, 8x8 0.90, 0.89 and 0.70; 16 channels and filters 16x16, 16 images 0.98;
6 channels, 16 filters 14x14 1.6, 1.5 and 1.8.  Rounding against float64, normal numbers, the largest error relative to the largest pixel, of
5x5 directly and by F(2x2, 5x5), of 3x3 directly and by F(4x4, 3x3): 64 channels, 192 filters 1.6e-6 and 4.5e-6, 1.1e-6 and 6.3e-6; 96 and
256 2.1e-6 and 6.2e-6, 1.2e-6 and 8.3e-6.

MINICNN_CONVOLUTION=direct, winograd2 or winograd4 takes the choice away wherever the one named can serve.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from minicnn.errors import SettingError
from minicnn.geometry import REMEMBERED, Axis
from minicnn.kernels.cpu.convolution.problem import DIRECT, WINOGRAD2, WINOGRAD4
from minicnn.kernels.cpu.convolution.product_tile import padded_filters
from minicnn.kernels.cpu.convolution.tiles import TILE_VECTORS
from minicnn.kernels.cpu.lanes.vector import LANES

VARIABLE = "MINICNN_CONVOLUTION"

PER_PRODUCT = 1.17
PER_TILE_PRODUCT = 1.08
KNOWN_WEIGHT = 1.6  # to see that the transform of a filter, which is kept, need not be made again: reading its weights, and those of before
LONE_VECTOR = 0.5  # of a vector: what a single one takes more than its part of a tile of four
STREAMED = 0.4  # a transformed weight that comes from beyond the cache
FEWEST_CHANNELS = 32  # of a group, and filters, of a call: fewer go the direct way
FEW_GAIN = 0.8  # Winograd's part of the direct way's cycles above which few images stay with what rounds better
CACHE_BYTES = 1 << 20


class Tile(NamedTuple):
    """Winograd's tiles of edge x edge outputs for filters of taps x taps, F(edge x edge, taps x taps), and cycles measured.

    name : what they are called
    input, output : of a vector of a tile, transformed, for each channel and each filter
    spilled : times as much where transformed inputs and outputs of a block leave the cache
    filter : of a filter of one channel, transformed
    few_input, few_output, few_filter : the same for few images, whose tiles lie side by side; filters are then mostly written to memory
    """

    name: str
    edge: int
    taps: int
    input: float
    output: float
    spilled: float
    filter: float
    few_input: float
    few_output: float
    few_filter: float

    @property
    def side(self) -> int:
        """Pixels of a tile's inputs along an axis."""
        return self.edge + self.taps - 1


TILES = (
    Tile(WINOGRAD2, 2, 3, input=110, output=80, spilled=3, filter=6, few_input=275, few_output=200, few_filter=30),
    Tile(WINOGRAD4, 4, 3, input=280, output=220, spilled=3, filter=14, few_input=700, few_output=550, few_filter=55),
    Tile(WINOGRAD2, 2, 5, input=280, output=380, spilled=1.2, filter=22, few_input=460, few_output=300, few_filter=70),
)
NAMES = tuple(dict.fromkeys(tile.name for tile in TILES))


class Choice(NamedTuple):
    """What was chosen, and the cycles a vector of images that each way was thought to take."""

    name: str
    cycles: Mapping[str, float]
    forced: bool = False


def choose_many(axes: tuple[Axis, ...], channels: int, filters: int, groups: int, vectors: int) -> Choice:
    """Choose for a convolution of one filter a group (not tiled, not unshared).

    Parameters
    ----------
    channels, filters : those of all groups
    vectors : int
        Vectors of images that share one transform of the filters.
    """
    return cheapest(_cycles(axes, channels, filters, groups, vectors))


def wanted() -> str:
    """The algorithm that the environment names, "" if none.

    Raises
    ------
    SettingError
        If there is none of that name.
    """
    name = os.environ.get(VARIABLE, "")
    if name not in ("", DIRECT, *NAMES):
        raise SettingError(f"{VARIABLE} is {name!r}, but must be {DIRECT}, {', '.join(NAMES)}, or not set")
    return name


def cheapest(cycles: Mapping[str, float], gain: float = 1.0) -> Choice:
    """The way with the fewest cycles, if they are below `gain` of those of the direct way; or the one that is wanted."""
    name = wanted()
    if name in cycles:
        return Choice(name, cycles, forced=True)
    best = min(cycles, key=lambda name: cycles[name])
    return Choice(best if cycles[best] < gain * cycles[DIRECT] else DIRECT, cycles)


@lru_cache(REMEMBERED)
def _cycles(axes: tuple[Axis, ...], channels: int, filters: int, groups: int, vectors: int) -> Mapping[str, float]:
    own_channels, own_filters = channels // groups, filters // groups
    cycles = {DIRECT: direct_cycles(axes, channels, own_filters)}
    for tile in tiles_for(axes):
        cycles[tile.name] = _winograd(axes, own_channels, own_filters, groups, tile, vectors)
    return MappingProxyType(cycles)


def cycles_of_few(
    taps: int, channels: int, filters: int, groups: int, vectors: int, tile_vectors: Mapping[Tile, int], images: int, shard: int, kept: bool
) -> Mapping[str, float]:
    """Cycles of an image where there are too few to fill a vector: lanes are positions, or Winograd's tiles, of all images of a shard.

    Parameters
    ----------
    vectors : int
        Of positions, joined from row to row.
    tile_vectors : vectors of each of `TILES` that can serve
    images : int
        That share one transform of the filters.
    kept : bool
        Whether that is kept from call to call.
    """
    own_filters = filters // groups
    cycles = {DIRECT: vectors * taps * channels * own_filters / 2 * PER_PRODUCT / shard}
    for tile, tiles in tile_vectors.items():
        weights = tile.side**2 * channels * padded_filters(own_filters)
        rest = tiles % TILE_VECTORS
        whole = tiles if rest == 2 else tiles + LONE_VECTOR if rest == 1 else -(-tiles // TILE_VECTORS) * TILE_VECTORS
        transforms = tiles * (channels * tile.few_input + filters * tile.few_output)
        once = whole * weights / 2 * PER_TILE_PRODUCT + transforms + (STREAMED * weights if 4 * weights > CACHE_BYTES else 0)
        filter_cycles = KNOWN_WEIGHT * tile.taps**2 if kept else tile.few_filter
        cycles[tile.name] = once / shard + channels * own_filters * filter_cycles / images
    return MappingProxyType(cycles)


def tiles_for(axes: Sequence[Axis]) -> tuple[Tile, ...]:
    """Winograd's tiles that can serve; none where it cannot."""
    settings = [(axis.taps, axis.stride, axis.dilation) for axis in axes]
    return tuple(tile for tile in TILES if settings == [(tile.taps, 1, 1)] * 2)


def direct_cycles(axes: Sequence[Axis], channels: int, own_filters: int) -> float:
    """Cycles of one vector of images the direct way."""
    products = float(channels * own_filters)
    for axis in axes:
        products *= axis.out * axis.taps
    return products / 2 * PER_PRODUCT


def _winograd(axes: Sequence[Axis], channels: int, filters: int, groups: int, tile: Tile, vectors: int) -> float:
    all_filters = padded_filters(filters)
    tiles = 1
    for axis in axes:
        tiles *= -(-axis.out // tile.edge)
    elements = tile.side**2
    block_bytes = 4 * LANES * TILE_VECTORS * elements * groups * (channels + all_filters)
    spilled = tile.spilled if block_bytes > CACHE_BYTES else 1.0
    products = elements * channels * all_filters / 2 * PER_TILE_PRODUCT
    transforms = (channels * tile.input + filters * tile.output) * spilled
    return groups * (tiles * (products + transforms) + channels * filters * tile.filter / vectors)
