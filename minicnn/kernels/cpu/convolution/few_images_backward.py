"""The input gradient of a strided convolution for a shard that does not fill a vector: lanes run over columns and images together.

Tap r of output position p reads input position i = p*stride + r*dilation - before.  With i + before = q*stride + c and r*dilation =
e*stride + c, which has the same remainder c,

    dx[i] = sum over those taps of weight[r] * dy[q - e]

so that neighbours of one remainder read neighbours of dy.  dy is copied once between its padding; every remainder is a run of its own,
whose taps have its remainder; at last positions are put between each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import NamedTuple

from minicnn.geometry import Axis
from minicnn.kernels.cpu.convolution.few_images_lowering import (
    FILTER_BYTES,
    Arrangement,
    append_arranged,
    cut_of,
    line_of,
    stretches,
    three_axes,
)
from minicnn.kernels.cpu.convolution.gather import Weighing, append_gather
from minicnn.kernels.cpu.convolution.interleave import Origins, interleave_step
from minicnn.kernels.cpu.convolution.maps import GatherTables, Read, Weights
from minicnn.kernels.cpu.convolution.problem import Operands, Problem
from minicnn.kernels.cpu.convolution.tiles import TILE_FILTERS, TILE_VECTORS
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.kernels.cpu.program.feature_map import FeatureMap
from minicnn.kernels.cpu.program.program import Program

MOVED = 2.0  # vectors of multiply-adds in the time in which a pixel is put in its place


class Remainder(NamedTuple):
    """Input positions of an axis with one remainder: first and number of their q, and (tap, e) of the taps that read them."""

    first: int
    number: int
    taps: tuple[tuple[int, int], ...]


class SplitAxis(NamedTuple):
    """An axis by remainders, those that there are.

    read : the convolution with stride 1 whose positions are all q, from the smallest, and whose tap `reach - e` reads q - e
    places : for each input position, which remainder it has, and which of its positions it is
    """

    remainders: tuple[Remainder, ...]
    read: Axis
    low: int
    reach: int
    places: tuple[tuple[int, int], ...]

    @property
    def longest(self) -> int:
        """Positions of the remainder that has most."""
        return max(each.number for each in self.remainders)


def split_axis(axis: Axis, before: int = 0, after: int = 0) -> SplitAxis:
    """By remainders; dy may lie in a halo of so many zeros."""
    positions = [divmod(i + axis.before, axis.stride) for i in range(axis.size)]  # (q, remainder)
    present = sorted({c for _, c in positions})
    taps = [(r, *divmod(r * axis.dilation, axis.stride)) for r in range(axis.taps)]
    remainders = []
    for c in present:
        own = [q for q, each in positions if each == c]
        remainders.append(Remainder(own[0], len(own), tuple((r, e) for r, e, each in taps if each == c)))
    reach, low, high = taps[-1][1], positions[0][0], positions[-1][0]
    read = Axis(axis.out + before + after, reach + 1, 1, 1, reach - low - before, 0, high - low + 1)
    places = tuple((present.index(c), q - remainders[present.index(c)].first) for q, c in positions)
    return SplitAxis(tuple(remainders), read, low, reach, places)


def goes_by_remainder(axes: Sequence[Axis], filters: int, shard: int) -> bool:
    """Whether that takes less than lanes that are images, some of them empty."""
    split = [split_axis(axis) for axis in three_axes(axes)]
    lie = _lie(split, shard)
    lanes = split[1].longest * lie.row
    runs = sum(
        prod(len(each.taps) for each in some) * some[0].number * -(-lanes // LANES) for some in product(*(s.remainders for s in split))
    )
    pixels, vectors = prod(axis.size for axis in axes), -(-shard // LANES)
    reads = prod(axis.out * axis.taps for axis in axes) * vectors
    return filters * runs + MOVED * pixels * vectors < filters * reads


def _lie(split: Sequence[SplitAxis], shard: int) -> Arrangement:
    depth, rows, columns = (line_of(axis.read) for axis in split)
    return Arrangement((depth, rows, columns), True, shard)


def append_few_images_backward(program: Program, dx: Activation, dy: Activation, problem: Problem, operands: Operands) -> None:
    """dx from dy; or y of a transposed convolution from x, with a bias, and then relu if `rectify`."""
    groups = problem.groups
    shard, channels, filters = dx.map.shard, problem.channels // groups, problem.filters // groups
    axes = three_axes(problem.axes)
    halo = ((0, 0),) * (3 - len(problem.axes)) + tuple(dy.map.halo)
    split = [split_axis(axis, *around) for axis, around in zip(axes, halo, strict=True)]
    lie, reads = _lie(split, shard), tuple(each.read for each in split)
    weights = Weights.of(channels, [axis.taps for axis in axes], flip=problem.flip)

    plane = split[1].longest * lie.row  # of a remainder, and a depth
    apart = split[0].longest * plane  # from one remainder to the next
    taps: list[Read] = []
    runs: list[tuple[int, ...]] = []
    for number, some in enumerate(product(*(each.remainders for each in split))):
        first = len(taps)
        for tap in product(*(each.taps for each in some)):
            place = [each.reach - e for each, (_, e) in zip(split, tap, strict=True)]
            own = sum(weights.offset(n, 0, r, axis.taps) for n, ((r, _), axis) in enumerate(zip(tap, axes, strict=True)))
            taps.append((lie.offset(reads, place), own))
        depth, rows, columns = (each.first - axis.low for each, axis in zip(some, split, strict=True))
        lanes = (some[1].number - 1) * lie.row + some[2].number * shard
        for d in range(some[0].number):
            y_at, x_at = number * apart + d * plane, (depth + d) * lie.depth + rows * lie.row + columns * shard
            most = TILE_VECTORS * LANES if channels > 1 else lanes
            runs += [
                (y_at + lane, x_at + lane, count, first, len(taps), 0, 0, LANES, LANES, LANES)
                for lane, count in stretches(lanes, most, overlap=False)
            ]
    count = prod(len(each.remainders) for each in split)
    result = FeatureMap(problem.channels, (count * apart // shard,), shard)
    computed = Activation(program.buffer(result.size), result)
    filter_bytes = 4 * filters * max(1, len(taps))
    block = max(TILE_FILTERS, FILTER_BYTES // filter_bytes // TILE_FILTERS * TILE_FILTERS)
    source = append_arranged(program, dy, reads, lie)
    weighing = Weighing(operands.weight, weights.filter, weights.channel, filters * weights.filter, operands.bias, 1, operands.rectify)
    cut = cut_of(channels, len(runs), filter_bytes * channels, 4 * filters * lie.channel)
    append_gather(program, GatherTables(runs, taps), computed, source, (groups, filters, channels), weighing, block, cut)
    steps = (
        (len(split[1].remainders) * len(split[2].remainders) * apart, plane),
        (len(split[2].remainders) * apart, lie.row),
        (apart, shard),
    )
    origins = (
        Origins(axis.size, program.constant([c * remainder + q * position for c, q in each.places]))
        for axis, each, (remainder, position) in zip(axes, split, steps, strict=True)
    )
    depth_origins, row_origins, column_origins = origins
    program.step(
        interleave_step,
        y=dx.operand,
        x=computed.operand,
        channels=problem.channels,
        shard=shard,
        depth=depth_origins,
        rows=row_origins,
        columns=column_origins,
    )
