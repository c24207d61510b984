"""Which way to compute a 3x3 convolution: directly, or by Winograd in tiles of 2x2 or 4x4, told by a small model of what each costs.

Cycles of one vector of images, with constants measured on a processor with AVX-512 (their proportions are what counts):

    direct      positions * taps * channels * filters / 2 multiply-adds, PER_PRODUCT each
    Winograd    tiles * ((m+2)^2 * channels * filters / 2 products, PER_TILE_PRODUCT each
                         + channels * INPUT[m] + filters * OUTPUT[m])        cycles, more where a block leaves the cache
                + channels * filters * FILTER[m] for the filters' transform, shared among the vectors that use it

MINICNN_CONVOLUTION=direct, winograd2 or winograd4 takes the choice away wherever the one named can serve.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

from minicnn.errors import SettingError
from minicnn.geometry import Axis
from minicnn.kernels.cpu.product_tile import padded_filters
from minicnn.kernels.cpu.tiles import TILE_VECTORS
from minicnn.kernels.cpu.vector import LANES

DIRECT, WINOGRAD2, WINOGRAD4 = "direct", "winograd2", "winograd4"
TILES = {WINOGRAD2: 2, WINOGRAD4: 4}   # output pixels of a tile along an axis
VARIABLE = "MINICNN_CONVOLUTION"

PER_PRODUCT = 1.17
PER_TILE_PRODUCT = 1.08
INPUT = {2: 110.0, 4: 280.0}
OUTPUT = {2: 80.0, 4: 220.0}
FILTER = {2: 6.0, 4: 14.0}
SPILLED = 3.0             # times as much where transformed inputs and outputs of a block leave the cache
CACHE_BYTES = 1 << 20


class Choice(NamedTuple):
    """What was chosen, and the cycles a vector of images that each way was thought to take."""

    name: str
    cycles: dict[str, float]
    forced: bool = False

    @property
    def tile(self) -> int:
        """Output pixels of a tile along an axis; 0 for the direct way."""
        return TILES.get(self.name, 0)


def choose(axes: Sequence[Axis], channels: int, filters: int, groups: int, shard: int, vectors: int) -> Choice:
    """Choose for a convolution of one filter a group (not tiled, not unshared).

    Parameters
    ----------
    channels, filters : those of all groups
    shard : int
        Images side by side in memory.
    vectors : int
        Vectors of images that share one transform of the filters.
    """
    own_channels, own_filters = channels // groups, filters // groups
    cycles = {DIRECT: _direct(axes, channels, own_filters)}
    if _fits(axes, shard):
        for name, m in TILES.items():
            cycles[name] = _winograd(axes, own_channels, own_filters, groups, m, vectors)
    wanted = os.environ.get(VARIABLE, "")
    if wanted not in ("", DIRECT, *TILES):
        raise SettingError(f"{VARIABLE} is {wanted!r}, but must be {DIRECT}, {', '.join(TILES)}, or not set")
    if wanted in cycles:
        return Choice(wanted, cycles, forced=True)
    return Choice(min(cycles, key=lambda name: cycles[name]), cycles)


def _fits(axes: Sequence[Axis], shard: int) -> bool:
    """Whether Winograd can serve."""
    return len(axes) == 2 and shard % LANES == 0 and all((axis.taps, axis.stride, axis.dilation) == (3, 1, 1) for axis in axes)


def _direct(axes: Sequence[Axis], channels: int, own_filters: int) -> float:
    products = float(channels * own_filters)
    for axis in axes:
        products *= axis.out * axis.taps
    return products / 2 * PER_PRODUCT


def _winograd(axes: Sequence[Axis], channels: int, filters: int, groups: int, m: int, vectors: int) -> float:
    all_filters = padded_filters(filters)
    tiles = 1
    for axis in axes:
        tiles *= -(-axis.out // m)
    elements = (m + 2) ** 2
    block_bytes = 4 * LANES * TILE_VECTORS * elements * groups * (channels + all_filters)
    spilled = SPILLED if block_bytes > CACHE_BYTES else 1.0
    products = elements * channels * all_filters / 2 * PER_TILE_PRODUCT
    transforms = (channels * INPUT[m] + filters * OUTPUT[m]) * spilled
    return groups * (tiles * (products + transforms) + channels * filters * FILTER[m] / vectors)
