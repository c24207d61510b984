"""A user's own convolution as steps: its table of reads goes through the same register tiles as every other.

Blocks of channels (`variant_tables.py`) that begin side by side in memory form runs, as in `maps.py`.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from itertools import groupby
from math import prod
from typing import NamedTuple

import numpy as np

from minicnn.kernels.cpu.convolution.gather import Weighing, append_gather
from minicnn.kernels.cpu.convolution.lowering import GRADIENT_BYTES
from minicnn.kernels.cpu.convolution.maps import GatherTables
from minicnn.kernels.cpu.convolution.variant_tables import Blocks, Rows, channel_blocks, rows_of, weight_blocks
from minicnn.kernels.cpu.convolution.walks import convolution_backward_weight
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.kernels.cpu.program.call import MANY, WHOLE
from minicnn.kernels.cpu.program.operands import Parameter
from minicnn.kernels.cpu.program.program import Program
from minicnn.kernels.index_table import Reads

FEW_USES = 16  # of a weight per image, below which the weights outweigh the images


class Tables(NamedTuple):
    """What the three passes walk: for each its rows, its blocks, and a name under which its programs are kept."""

    key: Hashable
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    forward: tuple[Rows, Blocks]
    backward_input: tuple[Rows, Blocks]
    backward_weight: tuple[Rows, Blocks]
    shards: str  # all images together where the weights outweigh them


def find_tables(key: Hashable, reads: Reads, input_shape: tuple[int, ...], output_shape: tuple[int, ...], weights: int) -> Tables:
    """Find the structure of a table of reads."""
    value = rows_of(reads.output, reads.input, reads.weight, prod(output_shape))
    gradient = rows_of(reads.input, reads.output, reads.weight, prod(input_shape))
    of_weight = rows_of(reads.weight, reads.output, reads.input, weights)
    return Tables(
        key,
        input_shape,
        output_shape,
        (value, channel_blocks(value, output_shape[0])),
        (gradient, channel_blocks(gradient, input_shape[0])),
        (of_weight, weight_blocks(of_weight, prod(output_shape[1:]))),
        WHOLE if len(reads.weight) < FEW_USES * weights else MANY,
    )


def append_variant(
    program: Program,
    y: Activation,
    x: Activation,
    walk: tuple[Rows, Blocks],
    weight: int,
    bias: Parameter | None = None,
    rectify: bool = False,
) -> None:
    """The value or the input gradient: one step for all blocks of one size and weight step.

    walk : one of those of Tables
    weight : where they begin in the parameters
    """
    rows, blocks = walk
    shard, pixels = y.map.shard, y.map.pixels
    channel, pixel = np.divmod(blocks.target, pixels)
    order = np.lexsort((pixel, blocks.second, blocks.pattern, channel, blocks.step, blocks.size))
    columns = [each[order].tolist() for each in (blocks.size, blocks.step, channel, blocks.pattern, blocks.second, pixel, blocks.first)]
    for (count, step), some in groupby(zip(*columns, strict=True), key=lambda block: block[:2]):
        runs: list[tuple[int, ...]] = []
        taps: list[tuple[int, int]] = []
        known: dict[int, tuple[int, int]] = {}
        for (k, pattern, own), alike in groupby(some, key=lambda block: block[2:5]):
            if pattern not in known:
                found = rows.reads(pattern)
                known[pattern] = (len(taps), len(taps) + len(found))
                taps.extend((source * shard, to) for source, to in found.tolist())
            for (p, source), length, steps in _progressions([block[5:] for block in alike]):
                y_at, x_at = (k * pixels + p) * shard, source * shard
                if steps == (1, 1) or length == 1:  # neighbours in both: one run of vectors
                    runs.append((y_at, x_at, length * shard, *known[pattern], own, k, LANES, LANES, LANES))
                    continue
                for lane in range(0, shard, LANES):
                    runs.append(
                        (
                            y_at + lane,
                            x_at + lane,
                            length * LANES,
                            *known[pattern],
                            own,
                            k,
                            steps[0] * shard,
                            steps[1] * shard,
                            min(LANES, shard - lane),
                        )
                    )
        runs.sort()
        weighing = Weighing(weight, 0, step, bias=bias, b_filter=1, rectify=rectify)
        append_gather(program, GatherTables(runs, taps), y, x, (1, 1, count), weighing)


def append_variant_backward_weight(program: Program, dweight: int, dy: Activation, x: Activation, walk: tuple[Rows, Blocks]) -> None:
    """The weight gradient, from `dweight` on in the slot.

    Blocks of one size and weight step make a step; those that meet the same outputs share their ranges.
    """
    rows, blocks = walk
    shard = dy.map.shard
    order = np.lexsort((blocks.second, blocks.first, blocks.pattern, blocks.step, blocks.size))
    columns = [each[order].tolist() for each in (blocks.size, blocks.step, blocks.pattern, blocks.first, blocks.second, blocks.target)]
    for (count, step), some in groupby(zip(*columns, strict=True), key=lambda block: block[:2]):
        listed: list[int] = []
        ranges: dict[int, list[tuple[int, ...]]] = {}
        for (pattern, output), alike in groupby(some, key=lambda block: block[2:4]):
            if pattern not in ranges:
                ranges[pattern] = list(_ranges(rows.reads(pattern), shard, GRADIENT_BYTES // (4 * count * shard)))
            entries = [(source * shard, weight) for *_, source, weight in alike]
            own = [(x_at, y_at + output * shard, *rest) for x_at, y_at, *rest in ranges[pattern]]
            listed += [
                program.constant([n for entry in entries for n in entry]) // 2,
                len(entries),
                program.constant([n for each in own for n in each]),
                len(own),
            ]
        program.step(
            convolution_backward_weight,
            dweight=dweight,
            w_filter=step,
            dy=dy.place,
            dy_filter=dy.map.plane,
            x=x.place,
            x_channel=x.map.plane,
            lists=program.constant([len(listed) // 4, *listed]),
            groups=1,
            channels=1,
            filters=count,
        )


def _ranges(pairs: np.ndarray, shard: int, pixels_at_once: int) -> Iterator[tuple[int, ...]]:
    """Pairs (output, input) as ranges of rows: stretches of neighbours in both, equally long ones a constant way apart."""
    begins = np.concatenate([[0], np.flatnonzero(np.any(np.diff(pairs, axis=0) != 1, axis=1)) + 1])
    lengths = np.diff(np.append(begins, len(pairs)))
    stretches = zip(lengths.tolist(), pairs[begins].tolist(), strict=True)
    for length, some in groupby(stretches, key=lambda stretch: stretch[0]):
        for (output, source), count, steps in _progressions([tuple(begin) for _, begin in some]):
            y_row, x_row = steps
            at_once = max(1, pixels_at_once // length)
            for row in range(0, count, at_once):
                yield (
                    (source + row * x_row) * shard,
                    (output + row * y_row) * shard,
                    min(at_once, count - row),
                    length * shard,
                    x_row * shard,
                    y_row * shard,
                )


def _progressions(points: list[tuple[int, int]]) -> Iterator[tuple[tuple[int, int], int, tuple[int, int]]]:
    """Split points into stretches in which both numbers rise by constant steps: (first point, count, steps)."""
    begin = 0
    while begin < len(points):
        end, steps = begin + 1, (1, 1)
        if end < len(points):
            steps = (points[end][0] - points[begin][0], points[end][1] - points[begin][1])
            while end < len(points) and (points[end][0] - points[end - 1][0], points[end][1] - points[end - 1][1]) == steps:
                end += 1
        yield points[begin], end - begin, steps
        begin = end
