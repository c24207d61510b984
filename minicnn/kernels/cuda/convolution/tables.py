"""The index map as tables for blocks of threads.

    block     FIRST STOP POSITION LANE LANES_STOP WEIGHT BIAS     FIRST:STOP of the taps; lanes from LANE on; offsets of weight and bias
    tap       X offset, weight offset                             relative to the position's and the block's
    position  Y offset, X offset
    set       FIRST COUNT WEIGHT                                  of the weight gradient: positions that share weights

Positions that read alike, with the same weights, are one group: a stretch of `positions`.  Its lanes are its positions times the images of
a row, images fastest: a thread block takes some of them and walks the group's taps.  Where images are few, one block serves many
positions; where every position has its own weights (unshared), a group is one position and only images are lanes.

Axes combine by addition.  Lists of the outermost axis are stored once, at their longest: a position that reads less takes their beginning.
Offsets count elements of arrays whose positions are `row` images apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache, reduce
from itertools import product
from math import prod
from typing import NamedTuple

import numpy as np

from minicnn.kernels.cpu.convolution.maps import Weights
from minicnn.kernels.cpu.convolution.problem import FORWARD, Problem
from minicnn.kernels.cuda.convolution.axis_reads import Array, AxisReads, backward_reads, forward_reads
from minicnn.kernels.cuda.launches import Shape, contiguous_strides
from minicnn.kernels.index import input_position, tile_position

FIRST, STOP, POSITION, LANE, LANES_STOP, WEIGHT, BIAS = range(7)
BLOCK_FIELDS = 8
SET_FIRST, SET_COUNT, SET_WEIGHT = range(3)
SET_FIELDS = 4
REMEMBERED_TABLES = 128  # the largest, of images 224x224, take some MB each


class Groups(NamedTuple):
    """The positions of an output, by what they read.

    first, stop, weights, biases, counts : of each group: its taps, the offsets of its weights and biases, its positions
    of_position, sources : of each position: its group, and the offset of what it reads first
    taps : flat, X and weight offset of each
    """

    first: Array
    stop: Array
    weights: Array
    biases: Array
    counts: Array
    of_position: Array
    sources: Array
    taps: Array


class GatherTables(NamedTuple):
    """Of `gather_tile`, flat."""

    blocks: Array
    taps: Array
    positions: Array


class ReduceTables(NamedTuple):
    """Of `reduce_tile`, flat."""

    sets: Array
    positions: Array
    reads: Array
    tap_weights: Array


def weights_of(problem: Problem) -> Weights:
    """Where the weights of a pass lie."""
    return Weights.of(problem.channels // problem.groups, [axis.taps for axis in problem.axes], problem.tile, problem.flip)


@lru_cache(REMEMBERED_TABLES)
def gather_tables(problem: Problem, row: int, lanes: int) -> GatherTables:
    """Tables of the output, or the gradient of the input, for blocks of so many lanes."""
    groups = position_groups(problem, row)
    totals = groups.counts * row
    block_counts = -(-totals // lanes)
    own = np.repeat(np.arange(len(totals)), block_counts)
    begin = (np.arange(len(own)) - np.repeat(_starts(block_counts), block_counts)) * lanes
    fields = (groups.first, groups.stop, _starts(groups.counts), begin, totals, groups.weights, groups.biases, np.zeros_like(totals))
    blocks = np.stack([field if field is begin else field[own] for field in fields], axis=1)
    # the longest sums first: what is left at the end of a grid is then short
    blocks = blocks[np.argsort((groups.first - groups.stop)[own], kind="stable")]
    order = np.argsort(groups.of_position, kind="stable")
    positions = np.stack([order * row, groups.sources[order]], axis=1)
    return GatherTables(_flat(blocks), groups.taps, _flat(positions))


@lru_cache(REMEMBERED_TABLES)
def position_groups(problem: Problem, row: int) -> Groups:
    """Which positions of the output, or of the gradient of the input, read alike."""
    weights, forward = weights_of(problem), problem.work == FORWARD
    reads = [(forward_reads if forward else backward_reads)(n, axis, weights) for n, axis in enumerate(problem.axes)]
    strides = contiguous_strides((*(axis.size if forward else axis.out for axis in problem.axes), row))[:-1]
    of_axes = [_axis_groups(each, bias) for each, bias in zip(reads, _axis_biases(problem, forward), strict=True)]
    rows, own = [each for each, _ in of_axes], [each for _, each in of_axes]
    taps, starts, lists = _tap_lists(reads, rows, strides)
    first = starts[_sums(lists)]
    return Groups(
        first,
        first + _products(each[:, 1] for each in rows),
        _sums(each[:, 2] for each in rows),
        _sums(each[:, 3] for each in rows),
        _products(np.bincount(each) for each in own),
        _sums(_radix(own, tuple(map(len, rows)))),
        _sums(each.sources * stride for each, stride in zip(reads, strides, strict=True)),
        taps,
    )


def _axis_groups(reads: AxisReads, biases: Array) -> tuple[Array, Array]:
    """The distinct (kind, count, weight, bias) of an axis, and which each position has."""
    rows, own = np.unique(np.stack([reads.kinds, reads.counts, reads.weights, biases], axis=1), axis=0, return_inverse=True)
    return rows, own.reshape(-1)


def _axis_biases(problem: Problem, forward: bool) -> list[Array]:
    """Per axis, the offset of each position's bias: one for each filter that takes turns."""
    if not forward:
        return [np.zeros(axis.size, np.int64) for axis in problem.axes]
    turns = [tile_position(np.arange(axis.out), tile) for axis, tile in zip(problem.axes, problem.tile, strict=True)]
    return _radix(turns, problem.tile)


def _tap_lists(reads: list[AxisReads], groups: list[Array], strides: Shape) -> tuple[Array, Array, list[Array]]:
    """All lists of taps, where each begins, and per axis which each of its groups has a part of."""
    stretches, own = [], []
    for n, (each, rows) in enumerate(zip(reads, groups, strict=True)):
        lengths = rows[:, 1] if n else np.array([len(steps) for steps in each.steps])[rows[:, 0]]
        pairs, ids = np.unique(np.stack([rows[:, 0], lengths], axis=1), axis=0, return_inverse=True)
        stretches.append([each.steps[kind][:count] for kind, count in pairs])
        own.append(ids.reshape(-1))
    lists = []
    for combination in product(*stretches):
        x = _sums(steps[:, 0] * stride for steps, stride in zip(combination, strides, strict=True))
        lists.append(np.stack([x, _sums(steps[:, 1] for steps in combination)], axis=1))
    first = _starts(np.array([len(each) for each in lists]))
    return _flat(np.concatenate([*lists, np.zeros((1, 2), np.int64)])), first, _radix(own, tuple(map(len, stretches)))


@lru_cache(REMEMBERED_TABLES)
def reduce_tables(problem: Problem, row: int) -> ReduceTables:
    """Tables of the gradient of the weight."""
    axes, tile, weights = problem.axes, problem.tile, weights_of(problem)
    reads, inside = np.zeros((1, 1), np.int64), np.ones((1, 1), bool)
    for axis, stride in zip(axes, contiguous_strides((*(axis.size for axis in axes), row))[:-1], strict=True):
        i = input_position(np.arange(axis.out), np.arange(axis.taps)[:, None], axis.stride, axis.dilation, axis.before)
        reads = (reads[:, None, :, None] + (i * stride)[None, :, None, :]).reshape(len(reads) * axis.taps, -1)
        inside = (inside[:, None, :, None] & ((i >= 0) & (i < axis.size))[None, :, None, :]).reshape(reads.shape)
    sets, positions = position_sets(tuple(axis.out for axis in axes), tile, weights.tile)
    taps: list[Array] = [np.arange(axis.taps) for axis in axes]
    tap_weights = _sums(weights.offset(n, 0, each, len(each)) for n, each in enumerate(taps))
    return ReduceTables(sets, positions, _flat(np.where(inside, reads, -1)), _flat(tap_weights))


@lru_cache(REMEMBERED_TABLES)
def position_sets(sizes: tuple[int, ...], tile: tuple[int, ...], weight_steps: tuple[int, ...] | None = None) -> tuple[Array, Array]:
    """Sets, and positions in their order; steps from the weights of a filter to those of the filter whose turn is next, per axis."""
    turns = _sums(_radix([tile_position(np.arange(size), each) for size, each in zip(sizes, tile, strict=True)], tile))
    counts = np.bincount(turns, minlength=prod(tile))
    offsets = _sums(np.arange(each) * step for each, step in zip(tile, weight_steps or (0,) * len(tile), strict=True))
    sets = np.stack([_starts(counts), counts, offsets, np.zeros_like(counts)], axis=1)
    return _flat(sets), _flat(np.argsort(turns, kind="stable"))


def _sums(arrays: Iterable[Array]) -> Array:
    """The sums of all combinations of one number from each, the last array's fastest."""
    return reduce(lambda sums, each: np.add.outer(sums, each).ravel(), arrays, np.zeros(1, np.int64))


def _products(arrays: Iterable[Array]) -> Array:
    return reduce(lambda products, each: np.multiply.outer(products, each).ravel(), arrays, np.ones(1, np.int64))


def _radix(digits: list[Array], sizes: Shape) -> list[Array]:
    """Digits times their places' values: `_sums` of them numbers all combinations."""
    return [each * place for each, place in zip(digits, contiguous_strides(sizes), strict=True)]


def _starts(counts: Array) -> Array:
    """Where stretches of such lengths begin."""
    return np.cumsum(counts) - counts


def _flat(array: Array) -> Array:
    return np.ascontiguousarray(array, np.int32).ravel()
