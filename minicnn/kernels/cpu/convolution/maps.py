"""The index map as tables: for every variant of convolution, which inputs and weights an output is the sum of.

    forward          output p  reads  input i = p*stride + r*dilation - pad   through tap r
    backward input   input  i  reads  output p with p*stride + r*dilation - pad = i

Positions with the same pattern of reads (all of the inside, say, or all of the top row) share one list of taps.  Positions of a row with
the same pattern form a *run*: the register tile walks along it.  Along each axis the pattern is found alone; axes combine by addition.

    run   Y X LANES FIRST STOP W B Y_STEP X_STEP WIDTH     (offsets in elements; FIRST:STOP are entries of the tap list; steps from
          one vector of lanes to the next; lanes of a vector beyond WIDTH are left alone)
    tap   X offset, weight offset

    range (weight gradient)   X Y ROWS LANES X_ROW Y_ROW
    entry (weight gradient)   X offset, weight offset
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

from minicnn.geometry import Axis
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.kernels.cpu.program.feature_map import FeatureMap
from minicnn.kernels.index import input_position

RUN_FIELDS = 10
RANGE_FIELDS = 6

Read = tuple[int, int]  # (source position, weight offset)


def reversed_axes(axes: Sequence[Axis]) -> tuple[Axis, ...]:
    """Axes of the convolution that leads from dy to dx where the stride is 1: what lay before the first tap now lies after the last."""
    return tuple(
        axis._replace(size=axis.out, before=axis.extent - 1 - axis.before, after=max(0, axis.size + axis.before - axis.out), out=axis.size)
        for axis in axes
    )


class Weights(NamedTuple):
    """Strides of a weight array (K, *tile, C/G, *taps), in elements."""

    filter: int
    channel: int
    tile: tuple[int, ...]  # per axis
    tap: tuple[int, ...]  # per axis
    tiles: tuple[int, ...]  # filters that take turns, per axis; 1 is ordinary convolution
    flip: bool

    @classmethod
    def of(cls, channels: int, taps: Sequence[int], tiles: Sequence[int] | None = None, flip: bool = False) -> Weights:
        """Strides of a C-contiguous weight array."""
        tiles = tuple(tiles) if tiles else (1,) * len(taps)
        sizes = [*tiles, channels, *taps]
        strides = [1] * len(sizes)
        for n in reversed(range(len(sizes) - 1)):
            strides[n] = strides[n + 1] * sizes[n + 1]
        axes = len(taps)
        return cls(strides[0] * sizes[0], strides[axes], tuple(strides[:axes]), tuple(strides[axes + 1 :]), tiles, flip)

    def offset(self, axis: int, p: int, r: int, taps: int) -> int:
        """Weight offset along one axis of tap `r` of output position `p`."""
        return p % self.tiles[axis] * self.tile[axis] + (taps - 1 - r if self.flip else r) * self.tap[axis]


class Pattern(NamedTuple):
    """Positions of one axis that read alike: entries relative to each position's own base."""

    reads: tuple[Read, ...]  # (source, weight), relative to the base
    positions: list[tuple[int, int, int]]  # (target, base source, base weight)


def forward_reads(n: int, axis: Axis, weights: Weights, halo: tuple[int, int]) -> list[list[Read]]:
    """For each output position of axis number `n`, the inputs it reads; pixels of the halo count as inputs."""
    low, high = -halo[0], axis.size + halo[1]
    reads = []
    for p in range(axis.out):
        sources = [(input_position(p, r, axis.stride, axis.dilation, axis.before), r) for r in range(axis.taps)]
        reads.append([(i, weights.offset(n, p, r, axis.taps)) for i, r in sources if low <= i < high])
    return reads


def backward_reads(n: int, axis: Axis, weights: Weights) -> list[list[Read]]:
    """For each input position of axis number `n`, the outputs that read it."""
    reads: list[list[Read]] = [[] for _ in range(axis.size)]
    for r in range(axis.taps):
        for p in range(axis.out):
            i = input_position(p, r, axis.stride, axis.dilation, axis.before)
            if 0 <= i < axis.size:
                reads[i].append((p, weights.offset(n, p, r, axis.taps)))
    return reads


def patterns(reads: list[list[Read]]) -> list[Pattern]:
    """Sort positions by what they read, relative to their first read."""
    found: dict[tuple[Read, ...], Pattern] = {}
    for target, own in enumerate(reads):
        base_source, base_weight = own[0] if own else (0, 0)
        key = tuple((source - base_source, weight - base_weight) for source, weight in own)
        found.setdefault(key, Pattern(key, [])).positions.append((target, base_source, base_weight))
    return list(found.values())


class GatherTables(NamedTuple):
    """Runs and taps of one gather, `taps` counted from the beginning of this table."""

    runs: list[tuple[int, ...]]
    taps: list[Read]


def gather_tables(
    reads: Sequence[list[list[Read]]], target: FeatureMap, source: FeatureMap, biases: Sequence[Sequence[int]] | None = None
) -> GatherTables:
    """Combine the axes' reads into runs.

    Parameters
    ----------
    reads : one list per axis
        From `forward_reads` or `backward_reads`.
    target, source : FeatureMap
        What is written and what is read.
    biases : per axis, the bias offset of each target position; None if it is the same everywhere
    """
    *outer_axes, last_axis = [patterns(each) for each in reads]
    y_strides, x_strides = target.strides, source.strides
    runs: list[tuple[int, ...]] = []
    taps: list[Read] = []
    known: dict[tuple[Read, ...], tuple[int, int]] = {}
    for combination in product(*outer_axes, last_axis):
        entries = tuple(
            (sum(s * stride for (s, _), stride in zip(each, x_strides, strict=True)), sum(w for _, w in each))
            for each in product(*(pattern.reads for pattern in combination))
        )
        if entries not in known:
            known[entries] = (len(taps), len(taps) + len(entries))
            taps.extend(entries)
        first, stop = known[entries]
        *outer, last = combination
        stretches = list(_progressions(last.positions, biases[-1] if biases else None))  # the same in every row
        for positions in product(*(pattern.positions for pattern in outer)):
            y = target.interior + sum(t * stride for (t, _, _), stride in zip(positions, y_strides, strict=False))
            x = source.interior + sum(s * stride for (_, s, _), stride in zip(positions, x_strides, strict=False))
            w = sum(weight for _, _, weight in positions)
            b = sum(bias[t] for (t, _, _), bias in zip(positions, biases, strict=False)) if biases else 0
            for (t, s, weight), count, y_step, x_step in stretches:
                b_last = biases[-1][t] if biases else 0
                begin = (y + t * y_strides[-1], x + s * x_strides[-1])
                for y_at, x_at, lanes, y_vector, x_vector, width in _vector_runs(*begin, count, y_step, x_step, target.shard):
                    runs.append((y_at, x_at, lanes, first, stop, w + weight, b + b_last, y_vector, x_vector, width))
    runs.sort()
    return GatherTables(runs, taps)


def _progressions(positions: list[tuple[int, int, int]], bias: Sequence[int] | None):
    """Split positions into stretches in which target and source both advance by a constant step and weight and bias stay.

    Yields (first position, count, target step, source step).
    """
    by_weight: dict[tuple[int, int], list[tuple[int, int, int]]] = {}
    for position in positions:
        by_weight.setdefault((position[2], bias[position[0]] if bias else 0), []).append(position)
    for group in by_weight.values():
        begin = 0
        while begin < len(group):
            end = begin + 1
            step = (1, 1)
            if end < len(group):
                step = (group[end][0] - group[begin][0], group[end][1] - group[begin][1])
                while end < len(group) and (group[end][0] - group[end - 1][0], group[end][1] - group[end - 1][1]) == step:
                    end += 1
            yield group[begin], end - begin, *step
            begin = end


def _vector_runs(y: int, x: int, count: int, y_step: int, x_step: int, shard: int):
    """One run of vectors where pixels lie side by side in both maps, else one run per vector of a pixel."""
    if (y_step == 1 and x_step == 1) or count == 1:
        yield y, x, count * shard, LANES, LANES, LANES
        return
    for lane in range(0, shard, LANES):
        yield y + lane, x + lane, count * LANES, y_step * shard, x_step * shard, min(LANES, shard - lane)


class ReduceGroup(NamedTuple):
    """Taps of the weight gradient that read over the same output positions."""

    entries: list[Read]  # (x offset, weight offset), one per tap and channel
    ranges: list[tuple[int, ...]]  # the output positions


def reduce_groups(
    axes: Sequence[Axis], weights: Weights, channels: int, x: FeatureMap, dy: FeatureMap, rows_at_once: int
) -> list[ReduceGroup]:
    """The weight gradient's tables: which inputs meet which output gradients under each tap.

    `rows_at_once` bounds the rows of one range, so that its output gradients stay in cache while all taps pass over them.
    """
    halo = x.halo
    per_axis = []
    for n, axis in enumerate(axes):
        low, high = -halo[n][0], axis.size + halo[n][1]
        found = []
        for tile in range(weights.tiles[n]):
            for r in range(axis.taps):
                valid = [
                    p
                    for p in range(tile, axis.out, weights.tiles[n])
                    if low <= input_position(p, r, axis.stride, axis.dilation, axis.before) < high
                ]
                if valid:
                    i = input_position(valid[0], r, axis.stride, axis.dilation, axis.before)
                    found.append((valid[0], len(valid), i, weights.offset(n, tile, r, axis.taps)))
        per_axis.append(found)
    groups: dict[tuple[tuple[int, int], ...], list[Read]] = {}
    for combination in product(*per_axis):
        where = tuple((p, count) for p, count, _, _ in combination)
        x_offset = sum(i * stride for (_, _, i, _), stride in zip(combination, x.strides, strict=True))
        w_offset = sum(w for _, _, _, w in combination)
        groups.setdefault(where, []).append((x_offset, w_offset))
    result = []
    for where, taps in groups.items():
        entries = [(x_offset + c * x.plane, w_offset + c * weights.channel) for c in range(channels) for x_offset, w_offset in taps]
        result.append(ReduceGroup(entries, list(_ranges(where, axes, weights, x, dy, rows_at_once))))
    return result


def _ranges(where, axes, weights, x, dy, rows_at_once):
    """Output positions `where` as ranges of rows of contiguous lanes (x offsets relative to the first position's input)."""
    x_steps = [axis.stride * tiles * stride for axis, tiles, stride in zip(axes, weights.tiles, x.strides, strict=True)]
    y_steps = [tiles * stride for tiles, stride in zip(weights.tiles, dy.strides, strict=True)]
    y_begin = dy.interior + sum(p * stride for (p, _), stride in zip(where, dy.strides, strict=True))
    counts = [count for _, count in where]
    shard = x.shard
    if x_steps[-1] == shard and y_steps[-1] == shard:  # neighbours in both maps: a row of pixels is one stretch of lanes
        lanes = counts.pop() * shard
        x_steps.pop()
        y_steps.pop()
    else:
        lanes = shard
    rows = counts.pop() if counts else 1
    x_row = x_steps.pop() if x_steps else 0
    y_row = y_steps.pop() if y_steps else 0
    for outer in product(*(range(count) for count in counts)):
        x_at = x.interior + sum(p * step for p, step in zip(outer, x_steps, strict=True))
        y_at = y_begin + sum(p * step for p, step in zip(outer, y_steps, strict=True))
        for row in range(0, rows, rows_at_once):
            yield x_at + row * x_row, y_at + row * y_row, min(rows_at_once, rows - row), lanes, x_row, y_row
