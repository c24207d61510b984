"""A pass of a convolution, of any variant, and of a linear layer, which has no axes, as launches."""

from __future__ import annotations

from functools import lru_cache
from math import prod

import numpy as np

from minicnn.errors import ShapeError
from minicnn.geometry import REMEMBERED, shape_text
from minicnn.kernels.cpu.convolution.problem import BACKWARD_WEIGHT, FORWARD, Problem
from minicnn.kernels.cuda.combine import NO_FLOOR, append_combine
from minicnn.kernels.cuda.convolution.choice import GATHER, REDUCE, Choice, Work, choose
from minicnn.kernels.cuda.convolution.depthwise import append_depthwise_gather, append_depthwise_reduce
from minicnn.kernels.cuda.convolution.gather_tile import gather_kernel
from minicnn.kernels.cuda.convolution.reduce_tile import reduce_kernel
from minicnn.kernels.cuda.convolution.tables import BLOCK_FIELDS, gather_tables, position_groups, reduce_tables, weights_of
from minicnn.kernels.cuda.launches import Handle, Launches, append

MOST_NUMBERS = 2**31 - 1  # offsets in tables have 32 bits


def append_convolution(
    launches: Launches,
    problem: Problem,
    images: int,
    row: int,
    result: Handle,
    source: Handle,
    other: Handle,
    bias: Handle | None = None,
    rectify: bool = False,
) -> None:
    """Every element of the result is written.

    images, row : how many there are, and how many lie between a position and the next: as many or more, a multiple of 4
    result, source, other : flat float32, images innermost, that begin at a multiple of 16 bytes.
        FORWARD: y, x, weight.  BACKWARD_INPUT: dx, dy, weight.  BACKWARD_WEIGHT: dweight, dy, x.  Weights lie (K, *tile, C/G, *taps).
    bias : flat float32, (K, *tile), or, of BACKWARD_INPUT (the forward pass of a transposed convolution), (C,)
    rectify : max(0, result), NaN kept; not of BACKWARD_WEIGHT

    Raises
    ------
    ShapeError
        If an array has 2**31 elements or more.
    """
    check_offsets(problem, row)
    if images == 0 and problem.work != BACKWARD_WEIGHT:
        return  # of no images nothing is computed; the gradient of the weight is zeros
    by_channel = problem.channels == problem.groups == problem.filters
    if problem.work == BACKWARD_WEIGHT and by_channel:
        append_depthwise_reduce(launches, problem, images, row, result, source, other)
    elif by_channel:
        append_depthwise_gather(launches, problem, row, result, source, other, bias, rectify)
    elif problem.work == BACKWARD_WEIGHT:
        append_reduce(launches, problem, images, row, result, source, other, reduce_choice(problem, images))
    else:
        append_gather(launches, problem, row, result, source, other, bias, rectify, gather_choice(problem, row))


def append_gather(
    launches: Launches,
    problem: Problem,
    row: int,
    result: Handle,
    source: Handle,
    weight: Handle,
    bias: Handle | None,
    rectify: bool,
    choice: Choice,
) -> None:
    """The output, or the gradient of the input, by tiles of a given choice."""
    sizes, splits = choice
    weights, tables = weights_of(problem), gather_tables(problem, row, sizes.columns)
    channels, filters = problem.channels // problem.groups, problem.filters // problem.groups
    w_channel, w_filter, b_filter = weights.channel, weights.filter, prod(problem.tile)
    if problem.work != FORWARD:
        channels, filters, w_channel, w_filter, b_filter = filters, channels, w_filter, w_channel, 1
    target_shape, source_shape = problem.shapes
    y_channel, size, whole = prod(target_shape[1:]) * row, prod(target_shape) * row, splits == 1
    floor = 0.0 if rectify else NO_FLOOR
    parts = result if whole else launches.scratch(splits * size)
    # without a bias zeros, one for each filter that takes turns
    added = bias if whole and bias is not None else launches.table(np.zeros(prod(problem.tile), np.float32))
    append(
        launches,
        gather_kernel(sizes),
        len(tables.blocks) // BLOCK_FIELDS * -(-filters // sizes.filters) * problem.groups * splits,
        (parts, source, weight, added),
        tuple(map(launches.table, tables)),
        (prod(source_shape[1:]) * row, w_channel, w_filter, 0 if added is not bias else b_filter),
        (row, channels, filters, problem.groups, splits),
        (floor if whole else NO_FLOOR,),
    )
    append_combine(launches, result, parts, splits, size, bias, 0 if bias is None else y_channel, floor=floor)


def append_reduce(
    launches: Launches, problem: Problem, images: int, row: int, dweight: Handle, dy: Handle, x: Handle, choice: Choice
) -> None:
    """The gradient of the weight by tiles of a given choice; without images, zeros."""
    sizes, splits = choice if images else choice._replace(splits=0)
    weights, tables = weights_of(problem), reduce_tables(problem, row)
    channels, filters = problem.channels // problem.groups, problem.filters // problem.groups
    size = problem.filters * weights.filter
    parts = dweight if splits == 1 else launches.scratch(splits * size)
    blocks = -(-filters // sizes.filters) * -(-channels * problem.taps // sizes.columns)
    append(
        launches,
        reduce_kernel(sizes),
        blocks * prod(problem.tile) * problem.groups * splits,
        (parts, dy, x),
        tuple(map(launches.table, tables)),
        (weights.filter, weights.channel, prod(problem.x_shape[1:]) * row),
        (images, row, channels, filters, problem.groups, splits),
    )
    append_combine(launches, dweight, parts, splits, size)


@lru_cache(REMEMBERED)
def gather_choice(problem: Problem, row: int) -> Choice:
    """Sums are cut where filters are shared: else there are blocks enough, and their biases differ."""
    channels, filters = (problem.channels, problem.filters) if problem.work == FORWARD else (problem.filters, problem.channels)
    groups = position_groups(problem, row)
    entries = (groups.stop - groups.first) * (channels // problem.groups)
    works = []
    for sizes, _ in GATHER:
        own = -(-groups.counts * row // sizes.columns)
        steps = float((own * -(-entries // sizes.depth)).sum() / max(1, own.sum()))
        blocks = int(own.sum()) * -(-(filters // problem.groups) // sizes.filters) * problem.groups
        works.append(Work(blocks, steps, prod(problem.shapes[0]) * row, problem.shared))
    return choose(GATHER, works)


@lru_cache(REMEMBERED)
def reduce_choice(problem: Problem, images: int) -> Choice:
    """Sums are cut until there are blocks enough for all processors."""
    channels, filters, sets = problem.channels // problem.groups, problem.filters // problem.groups, prod(problem.tile)
    lanes = prod(problem.y_shape[1:]) * images / sets
    works = []
    for sizes, _ in REDUCE:
        blocks = -(-filters // sizes.filters) * -(-channels * problem.taps // sizes.columns) * sets * problem.groups
        works.append(Work(blocks, -(-lanes // sizes.depth), problem.filters * sets * channels * problem.taps, True))
    return choose(REDUCE, works)


def check_offsets(problem: Problem, row: int) -> None:
    """A ShapeError if 32 bits cannot count the elements of each array."""
    weight_shape = (problem.filters, *problem.tile, problem.channels // problem.groups, *(axis.taps for axis in problem.axes))
    for name, shape, advice in (
        ("x", (*problem.x_shape, row), "use fewer images at a time"),
        ("y", (*problem.y_shape, row), "use fewer images at a time"),
        ("weight", weight_shape, "use fewer filters"),
        ("the table of reads", (problem.taps, *problem.y_shape[1:]), "use a smaller filter, or device='cpu'"),
    ):
        if prod(shape) > MOST_NUMBERS:
            raise ShapeError(
                f"convolution on a device: {name} has {prod(shape)} elements, but offsets there count at most {MOST_NUMBERS}"
                f"\n  {name}  {shape_text(shape)}\n  {advice}"
            )
