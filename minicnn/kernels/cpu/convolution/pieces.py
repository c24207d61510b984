"""Convolutions on a user's arrays that are better computed as several others: what these are, and where their results belong.

Each way is a generator of pieces.  Whoever asks for the next one has computed the last, so that it can be put in its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod
from types import EllipsisType
from typing import NamedTuple

import numpy as np

from minicnn.kernels.cpu.convolution.blocks import input_blocks, long_axes, output_blocks, positions_of_turn
from minicnn.kernels.cpu.convolution.exchange import exchange_step
from minicnn.kernels.cpu.convolution.operands import Groups
from minicnn.kernels.cpu.convolution.problem import BACKWARD_INPUT, BACKWARD_WEIGHT, FORWARD, Axes, Problem
from minicnn.kernels.cpu.convolution.remainders import combinations, reads_everything
from minicnn.kernels.cpu.program.call import WHOLE, Stage, call

Index = tuple[slice | int, ...] | EllipsisType


class Piece(NamedTuple):
    """A convolution with its arrays: the result, what it is computed from (the weight, or for its gradient x, comes second), and the bias."""

    problem: Problem
    result: np.ndarray
    source: np.ndarray
    other: np.ndarray
    bias: np.ndarray | None = None


class Stretch(NamedTuple):
    """Some positions of a convolution, and where their input, output and filter lie in the whole."""

    axes: Axes
    tile: tuple[int, ...]
    input: Index
    output: Index
    filter: Index


def axes_to_cut(problem: Problem) -> list[int]:
    """The axes with too many positions for a table."""
    return long_axes(problem.shapes[0][1:], problem.axes, problem.tile)


def in_blocks(whole: Piece) -> Iterator[Piece]:
    """A long axis in blocks, whose gradients of the weight add up."""
    problem = whole.problem
    n = axes_to_cut(problem)[0]
    axis, tile = problem.axes[n], problem.tile[n]

    def index(where: slice) -> Index:
        return (slice(None),) * (n + 2) + (where,)

    blocks = input_blocks(axis, tile) if problem.work == BACKWARD_INPUT else output_blocks(axis, tile)
    stretches = (
        Stretch((*problem.axes[:n], block.axis, *problem.axes[n + 1 :]), problem.tile, index(block.input), index(block.output), ...)
        for block in blocks
    )
    return _stretches(whole, stretches, adding=problem.work == BACKWARD_WEIGHT)


def by_filter(whole: Piece) -> Iterator[Piece]:
    """The positions of each filter of a tile together; input positions may belong to several."""
    problem, both, ones = whole.problem, (slice(None), slice(None)), (1,) * len(whole.problem.axes)

    def stretches() -> Iterator[Stretch]:
        for place in product(*(range(each) for each in problem.tile)):
            blocks = [positions_of_turn(axis, each, n) for axis, each, n in zip(problem.axes, problem.tile, place, strict=True)]
            read, written = (*both, *(block.input for block in blocks)), (*both, *(block.output for block in blocks))
            yield Stretch(tuple(block.axis for block in blocks), ones, read, written, (slice(None), *place))

    return _stretches(whole, stretches(), adding=problem.work == BACKWARD_INPUT)


def _stretches(whole: Piece, stretches: Iterator[Stretch], adding: bool) -> Iterator[Piece]:
    """A piece a stretch; its result is added where stretches share places, else it is what stays there."""
    problem, result, source, other, bias = whole
    if adding:
        result[...] = 0
    for each in stretches:
        own = problem._replace(axes=each.axes, tile=each.tile)
        target, first, second = {
            FORWARD: (each.output, each.input, each.filter),
            BACKWARD_INPUT: (each.input, each.output, each.filter),
            BACKWARD_WEIGHT: (each.filter, each.output, each.input),
        }[problem.work]
        # one bias a filter, or one for each filter of the tile
        biases = bias if bias is None or bias.ndim == 1 else np.ascontiguousarray(bias[each.filter])
        part = np.empty(result[target].shape, result.dtype)
        if prod((*own.x_shape, *own.y_shape)) or (biases is not None and biases.ndim > 1):
            yield Piece(own, part, np.ascontiguousarray(source[first]), np.ascontiguousarray(other[second]), biases)
        else:  # nothing to read
            part[...] = 0 if biases is None else biases.reshape(-1, *(1,) * len(own.axes))
        if adding:
            result[target] += part
        else:
            result[target] = part


def back_as_forward(whole: Piece) -> Iterator[Piece]:
    """dx as a convolution of dy with stride 1: filters and channels change places."""
    problem, dx, dy, weight, bias = whole
    taps = [axis.taps for axis in problem.axes]
    yield Piece(problem.as_forward(), dx, dy, exchanged(weight, problem.groups, [np.arange(prod(taps)).reshape(taps)]), bias)


def by_remainder(whole: Piece) -> Iterator[Piece]:
    """dx as convolutions of dy with stride 1, one for all remainders that have equally many taps along each axis."""
    problem, dx, dy, weight, bias = whole
    axes, groups = problem.axes, problem.groups
    channels, both = problem.channels // groups, (slice(None), slice(None))
    every = dx.reshape(len(dx), groups, channels, *dx.shape[2:])
    if not all(map(reads_everything, axes)):
        dx[...] = 0 if bias is None else bias.reshape(-1, *(1,) * len(axes))
    for some in combinations(axes, problem.flip):
        sets = len(some.taps)
        filters = exchanged(weight, groups, some.taps)
        biases = None if bias is None else np.repeat(bias.reshape(groups, 1, channels), sets, axis=1).ravel()
        gradient = np.ascontiguousarray(dy[(*both, *some.input)])
        own = problem._replace(work=FORWARD, axes=some.axes, flip=True, channels=problem.filters, filters=len(filters))
        part = np.empty((len(dx), *own.y_shape), dx.dtype)
        for n in range(len(dx)):
            yield Piece(own, part[n : n + 1], gradient[n : n + 1], filters, biases)
        parts = part.reshape(len(dx), groups, sets, channels, *part.shape[2:])
        for n, (source, target) in enumerate(zip(some.sources, some.targets, strict=True)):
            every[(*both, slice(None), *target)] = parts[:, :, n][(*both, slice(None), *source)]


def exchanged(weight: np.ndarray, groups: int, sets: Sequence[np.ndarray]) -> np.ndarray:
    """(K, C/G, *taps) as (G set C/G, K/G, *taps of the set): for each set of taps all channels, as filters over those of dy.

    weight : C-contiguous float32; between K and C/G there may be a tile of one filter
    sets : alike in shape, each tap by its number in the window
    """
    axes = sets[0].ndim
    filters, channels, window = len(weight) // groups, weight.shape[-1 - axes], prod(weight.shape[-axes:])
    places = np.array(sets, np.int64)
    result = np.empty((groups * len(sets) * channels, filters, *sets[0].shape), weight.dtype)
    own, some = Groups(groups, channels, filters), sets[0].size
    whole = len(sets) == 1 and np.array_equal(places.ravel(), range(window))

    def build(stage: Stage) -> None:
        stage.program.step(exchange_step, groups=own, taps=window, sets=len(sets), some=some, whole=whole)
        stage.cut()

    call(("exchange", own, window, len(sets), some, whole), build, 1, [result, places], weight=weight, shards=WHOLE)
    return result
