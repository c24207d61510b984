"""Convolution of any kind as three walks over tables: output, input gradient, weight gradient.

The tables (`maps.py`) say what is read; the tiles (`tiles.py`) do the arithmetic.  Stride, dilation, padding, groups, tiling and
dimension live in the tables alone, so these loops are the same for all of them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from minicnn.kernels.cpu.convolution.ending import NO_FLOOR, Ending, at_least, ending_of, plain, scaled, way_to
from minicnn.kernels.cpu.convolution.maps import RANGE_FIELDS, RUN_FIELDS
from minicnn.kernels.cpu.convolution.operands import Filters, Left, Planes, Rows, Taps
from minicnn.kernels.cpu.convolution.tiles import (
    FEW_FILTERS,
    FEW_VECTORS,
    FROM_BIAS,
    FROM_OLD,
    FROM_ZERO,
    LONE_FILTERS,
    TILE_FILTERS,
    TILE_TAPS,
    TILE_VECTORS,
    gather_tile,
    gather_tile_few_filters,
    gather_tile_few_of_both,
    gather_tile_few_vectors,
    gather_tile_one_vector,
    reduce_tile,
    reduce_tile_few_filters,
)
from minicnn.kernels.cpu.lanes.vector import LANES, load, load_first, multiply_add, splat, store, store_first, total
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.cpu.program.operands import Operand, Strided, operand, share
from minicnn.kernels.machine_code.compile import kernel, step
from minicnn.kernels.machine_code.records import values

ZERO = np.float32(0)
ONE = np.int64(1)  # of which Numba does not compile a version of its own
CUT_RUNS, CUT_FILTERS, CUT_GROUPS = range(3)  # along what work is cut into parts
FROM_BIAS_IN_MEMORY = 3  # of a single call; else a bias lies with the parameters
SCALED = 4  # from zero; in place of a bias there are factors and shifts, in memory


@kernel
def sum_taps(y, x, weight, taps, channels, lanes, begin, bias, ending):
    """y[lane] = begin + sum over c, taps t of weight[c, t] * x[c, t, lane], after its `Ending`, for one filter and lanes side by side.

    Eight sums wait for each other less than one would; the weight is loaded once for all of them.
    """
    start = bias.array[bias.base] if begin == FROM_BIAS else ZERO
    lane = 0
    while lane < lanes:
        if lanes - lane >= 8 * LANES:
            sum0, sum1, sum2, sum3 = splat(start), splat(start), splat(start), splat(start)
            sum4, sum5, sum6, sum7 = splat(start), splat(start), splat(start), splat(start)
            if begin == FROM_OLD:
                own = y.base + lane
                sum0, sum1, sum2, sum3 = (
                    load(y.array, own),
                    load(y.array, own + LANES),
                    load(y.array, own + 2 * LANES),
                    load(y.array, own + 3 * LANES),
                )
                own += 4 * LANES
                sum4, sum5, sum6, sum7 = (
                    load(y.array, own),
                    load(y.array, own + LANES),
                    load(y.array, own + 2 * LANES),
                    load(y.array, own + 3 * LANES),
                )
            for c in range(channels):
                for t in range(taps.first, taps.stop):
                    w = splat(weight.array[weight.base + c * weight.channel + taps.table[2 * t + 1]])
                    at = x.base + c * x.step + taps.table[2 * t] + lane
                    sum0 = multiply_add(w, load(x.array, at), sum0)
                    sum1 = multiply_add(w, load(x.array, at + LANES), sum1)
                    sum2 = multiply_add(w, load(x.array, at + 2 * LANES), sum2)
                    sum3 = multiply_add(w, load(x.array, at + 3 * LANES), sum3)
                    sum4 = multiply_add(w, load(x.array, at + 4 * LANES), sum4)
                    sum5 = multiply_add(w, load(x.array, at + 5 * LANES), sum5)
                    sum6 = multiply_add(w, load(x.array, at + 6 * LANES), sum6)
                    sum7 = multiply_add(w, load(x.array, at + 7 * LANES), sum7)
            own = y.base + lane
            if ending.scaled:
                sum0, sum1, sum2, sum3 = scaled(sum0, ending), scaled(sum1, ending), scaled(sum2, ending), scaled(sum3, ending)
                sum4, sum5, sum6, sum7 = scaled(sum4, ending), scaled(sum5, ending), scaled(sum6, ending), scaled(sum7, ending)
            if ending.added != 0:
                more = own + ending.added
                sum0 += load(y.array, more)
                sum1 += load(y.array, more + LANES)
                sum2 += load(y.array, more + 2 * LANES)
                sum3 += load(y.array, more + 3 * LANES)
                sum4 += load(y.array, more + 4 * LANES)
                sum5 += load(y.array, more + 5 * LANES)
                sum6 += load(y.array, more + 6 * LANES)
                sum7 += load(y.array, more + 7 * LANES)
            store(y.array, own, at_least(ending.floor, sum0))
            store(y.array, own + LANES, at_least(ending.floor, sum1))
            store(y.array, own + 2 * LANES, at_least(ending.floor, sum2))
            store(y.array, own + 3 * LANES, at_least(ending.floor, sum3))
            store(y.array, own + 4 * LANES, at_least(ending.floor, sum4))
            store(y.array, own + 5 * LANES, at_least(ending.floor, sum5))
            store(y.array, own + 6 * LANES, at_least(ending.floor, sum6))
            store(y.array, own + 7 * LANES, at_least(ending.floor, sum7))
            lane += 8 * LANES
        else:
            sum0 = load_first(y.array, y.base + lane, lanes - lane) if begin == FROM_OLD else splat(start)
            for c in range(channels):
                for t in range(taps.first, taps.stop):
                    w = splat(weight.array[weight.base + c * weight.channel + taps.table[2 * t + 1]])
                    sum0 = multiply_add(w, load(x.array, x.base + c * x.step + taps.table[2 * t] + lane), sum0)
            if ending.scaled:
                sum0 = scaled(sum0, ending)
            if ending.added != 0:
                sum0 += load_first(y.array, y.base + lane + ending.added, lanes - lane)
            store_first(y.array, y.base + lane, at_least(ending.floor, sum0), lanes - lane)
            lane += LANES


@kernel(inline=True)
def gather_tiles(y, x, weight, taps, channels, left, begin, bias, ending):
    """All filters over the lanes of one tile, which are the first of `left.lanes`.

    A single vector has a tile of its own: 16 images through 4,096 rows of 9,216 weights, 11.6 and 8.6 ms.

    Part of its callers, for its groups take ten nanoseconds to hand over: 320 to 310 microseconds for LeNet's 64 images.
    """
    few_vectors = left.lanes <= FEW_VECTORS * LANES
    k = 0
    while k < left.filters:
        some = Left(left.filters - k, left.lanes, left.width)
        own = Planes(y.array, y.base + k * y.step, y.step, y.vector)
        weights = Filters(weight.array, weight.base + k * weight.step, weight.channel, weight.step)
        start, end = Strided(bias.array, bias.base + k * bias.step, bias.step), ending_of(ending, k, True)
        if left.lanes <= LANES:
            gather_tile_one_vector(own, x, weights, taps, channels, some, begin, start, end)
            k += LONE_FILTERS
            continue
        if few_vectors and some.filters <= FEW_FILTERS:
            gather_tile_few_of_both(own, x, weights, taps, channels, some, begin, start, end)
        elif few_vectors:
            gather_tile_few_vectors(own, x, weights, taps, channels, some, begin, start, end)
        elif some.filters <= FEW_FILTERS:
            gather_tile_few_filters(own, x, weights, taps, channels, some, begin, start, end)
        else:
            gather_tile(own, x, weights, taps, channels, some, begin, start, end)
        k += FEW_FILTERS if some.filters <= FEW_FILTERS else TILE_FILTERS


@kernel(inline=True)
def gather_run(y, x, weight, taps, channels, left, begin, bias, ending):
    """One run: all filters over all lanes, a register tile at a time; filters innermost, so that the inputs stay in L1.

    Of four vectors that a tile holds, three would take as long: they go as two and one.  48 images, a filter for every position, 16 filters 5x5
    of 6 channels 14x14: 130 and 104 microseconds.  Part of its callers, as `gather_tiles` is.
    """
    if left.filters == 1 and y.vector == LANES and x.vector == LANES:  # lanes side by side, and no filters to share what is loaded
        sum_taps(y, x, weight, taps, channels, left.lanes, begin, bias, ending)
        return
    v = 0
    while v * LANES < left.lanes:
        lanes = left.lanes - v * LANES
        if FEW_VECTORS * LANES < lanes <= (TILE_VECTORS - 1) * LANES:
            lanes = FEW_VECTORS * LANES
        some = Left(left.filters, lanes, left.width)
        target = Planes(y.array, y.base + v * y.vector, y.step, y.vector)
        source = Planes(x.array, x.base + v * x.vector, x.step, x.vector)
        gather_tiles(target, source, weight, taps, channels, some, begin, bias, ending)
        v += FEW_VECTORS if lanes <= FEW_VECTORS * LANES else TILE_VECTORS


@kernel
def weigh_rows(y, x, weight, taps, filters, lanes, begin):
    """y[k, :lanes] = (y[k] +) sum over taps t of weight[k, t] * x[t, :lanes]: a run of one channel whose vectors lie side by side.

    y, x : Strided, filters of y `y.step` apart;  weight : Strided, filters `weight.step` apart
    """
    gather_run(
        Planes(y.array, y.base, y.step, LANES),
        Planes(x.array, x.base, 0, LANES),
        Filters(weight.array, weight.base, 0, weight.step),
        taps,
        ONE,
        Left(filters, lanes, LANES),
        begin,
        Strided(weight.array, 0, 0),
        plain(weight.array),
    )


class GatherSizes(NamedTuple):
    """What there is to gather, and in which blocks.

    runs, run_count, taps : where the table holds the runs, how many, and the taps
    groups, channels, filters : `channels` and `filters` are those of one group
    w_group : elements from one group's weights to the next's
    filter_block : filters that pass over all runs before the next do
    channel_block, run_block : wide layers go so many channels at a time over so many runs, so that the weights in use stay in cache;
        the partial sums wait in y
    cut : along what the work is cut into parts: the runs, the filters or the groups
    """

    runs: int
    run_count: int
    taps: int
    groups: int
    channels: int
    filters: int
    w_group: int
    filter_block: int
    channel_block: int
    run_block: int
    cut: int


@kernel
def gather(y, x, weight, bias, table, sizes, start, ending, part, parts):
    """All runs of a convolution, group by group; or one of `parts` parts of them.  Sums begin with `start`, as the tile has it."""
    filters, channels, run_count = sizes.filters, sizes.channels, sizes.run_count
    first_group, stop_group, first_run, stop_run, first_filter = 0, sizes.groups, 0, run_count, 0
    if sizes.cut == CUT_GROUPS:
        first_group, stop_group = sizes.groups * part // parts, sizes.groups * (part + 1) // parts
    elif sizes.cut == CUT_FILTERS or run_count < parts:
        tiles = (filters + TILE_FILTERS - 1) // TILE_FILTERS
        first_filter = min(filters, tiles * part // parts * TILE_FILTERS)
        filters = min(filters, tiles * (part + 1) // parts * TILE_FILTERS) - first_filter
    else:
        first_run, stop_run = run_count * part // parts, run_count * (part + 1) // parts
    for group in range(first_group, stop_group):
        y_group = y.base + (group * sizes.filters + first_filter) * y.step
        x_group = x.base + group * channels * x.step
        w_group = weight.base + group * sizes.w_group + first_filter * weight.step
        first = group * sizes.filters + first_filter
        b_group = bias.base + first * bias.step
        for k in range(0, filters, sizes.filter_block):
            some_filters = min(sizes.filter_block, filters - k)
            for block in range(first_run, stop_run, sizes.run_block):
                for c in range(0, max(channels, 1), sizes.channel_block):
                    last = c + sizes.channel_block >= channels
                    end = ending_of(ending, first + k, last)
                    for run in range(block, min(block + sizes.run_block, stop_run)):
                        at = sizes.runs + run * RUN_FIELDS
                        gather_run(
                            Planes(y.array, y_group + k * y.step + table[at], y.step, table[at + 7]),
                            Planes(x.array, x_group + table[at + 1] + c * x.step, x.step, table[at + 8]),
                            Filters(
                                weight.array,
                                w_group + k * weight.step + table[at + 5] + c * weight.channel,
                                weight.channel,
                                weight.step,
                            ),
                            Taps(table, sizes.taps + table[at + 3], sizes.taps + table[at + 4]),
                            min(sizes.channel_block, channels - c),
                            Left(some_filters, table[at + 2], table[at + 9]),
                            FROM_OLD if c > 0 else start,
                            Strided(bias.array, b_group + k * bias.step + table[at + 6], bias.step),
                            end,
                        )


@kernel
def reduce(dweight, dy, x, table, lists, groups, channels, filters, accumulate, part, parts):
    """The weight gradient: for every group of taps, every range of rows, every tile of taps x filters; or a part of the taps.

    `lists` is where the table holds a list of (entries, entry count, ranges, range count), `groups` the groups of the convolution.
    """
    for group in range(groups):
        w_group = dweight.base + group * filters * dweight.step
        for number in range(table[lists]):
            at = lists + 1 + 4 * number
            entries, entry_count, ranges, range_count = table[at], table[at + 1], table[at + 2], table[at + 3]
            blocks = (entry_count + TILE_TAPS - 1) // TILE_TAPS
            first_entry = blocks * part // parts * TILE_TAPS
            stop_entry = min(entry_count, blocks * (part + 1) // parts * TILE_TAPS)
            for n in range(range_count):
                row = ranges + n * RANGE_FIELDS
                y_at = dy.base + group * filters * dy.step + table[row + 1]
                source = Strided(x.array, x.base + group * channels * x.step + table[row], table[row + 4])
                add = accumulate or n > 0
                for entry in range(first_entry, stop_entry, TILE_TAPS):
                    some = Taps(table, entries + entry, entries + entry_count)
                    k = 0
                    while k < filters:
                        own = Strided(dweight.array, w_group + k * dweight.step, dweight.step)
                        gradient = Rows(dy.array, y_at + k * dy.step, dy.step, table[row + 5])
                        if filters - k <= FEW_FILTERS:
                            reduce_tile_few_filters(own, gradient, source, some, filters - k, table[row + 2], table[row + 3], add)
                            k += FEW_FILTERS
                        else:
                            reduce_tile(own, gradient, source, some, filters - k, table[row + 2], table[row + 3], add)
                            k += TILE_FILTERS


@kernel
def sum_pixels(dbias, dy, first, stop, rows, row_count, table, accumulate):
    """The bias gradient of some filters: each one's output gradient summed over rows of lanes.  A row is (offset, lanes, bias offset)."""
    for k in range(first, stop):
        own = dbias.base + k * dbias.step
        if not accumulate:
            for n in range(row_count):
                dbias.array[own + table[rows + 3 * n + 2]] = ZERO
        for n in range(row_count):
            at = dy.base + k * dy.step + table[rows + 3 * n]
            sum0 = splat(ZERO)
            sum1 = splat(ZERO)
            lanes = table[rows + 3 * n + 1]
            lane = 0
            while lane + 2 * LANES <= lanes:
                sum0 += load(dy.array, at + lane)
                sum1 += load(dy.array, at + lane + LANES)
                lane += 2 * LANES
            while lane < lanes:
                sum0 += load_first(dy.array, at + lane, lanes - lane)
                lane += LANES
            dbias.array[own + table[rows + 3 * n + 2]] += total(sum0 + sum1)


# Steps.  Places are in the arena (activations), in the slot (gradients) or in the parameters; runs, taps and lists in the table.


class Gather(NamedTuple):
    """A convolution as steps are told of it.

    begin : whether there is no bias (FROM_ZERO), or where it lies: with the parameters (FROM_BIAS) or, for a single call, in memory; or
        SCALED: `bias` is where in memory pairs of a factor and a shift lie
    added : where in the arena that which is added lies, as y does; or NOTHING
    rectify : whether relu follows
    """

    y: Operand
    x: Operand
    weight: Any
    w_channel: int
    w_filter: int
    bias: Any
    b_filter: int
    begin: int
    added: Any
    rectify: int
    sizes: GatherSizes


@kernel
def gather_weighing(memory, parameters, a, added):
    """Weights, bias, what sums begin with and their Ending, from a Gather; `added` as an Ending has it."""
    bias = memory if a.begin == FROM_BIAS_IN_MEMORY else parameters
    start = FROM_BIAS if a.begin == FROM_BIAS or a.begin == FROM_BIAS_IN_MEMORY else FROM_ZERO
    ending = Ending(memory, a.bias, 2, a.begin == SCALED, added, ZERO if a.rectify != 0 else NO_FLOOR)
    return Filters(parameters, a.weight, a.w_channel, a.w_filter), Strided(bias, a.bias, a.b_filter), start, ending


@step(gather=Gather, splits=True)
def convolution_forward(memory, parameters, table, a, frame):
    """y from x and weight, bias (parameters); y and x lie in the arena, or are an image of a user's arrays."""
    m, own = whole_array(memory), a.gather
    y, x, sizes = operand(m, frame, own.y), operand(m, frame, own.x), values(GatherSizes, own.sizes)
    weight, bias, start, ending = gather_weighing(m, whole_array(parameters), own, way_to(own.added, own.y.place))
    gather(y, x, weight, bias, whole_array(table), sizes, start, ending, frame.part, frame.parts)


@step("dweight w_filter dy dy_filter x x_channel lists groups channels filters", splits=True)
def convolution_backward_weight(memory, parameters, table, a, frame):
    """dweight (slot) from dy, x (arena)."""
    m = whole_array(memory)
    reduce(
        Strided(m, frame.slot + a.dweight, a.w_filter),
        Strided(m, frame.arena + a.dy, a.dy_filter),
        Strided(m, frame.arena + a.x, a.x_channel),
        whole_array(table),
        a.lists,
        a.groups,
        a.channels,
        a.filters,
        frame.accumulate != 0,
        frame.part,
        frame.parts,
    )


@step("dbias b_filter dy dy_filter filters rows row_count", splits=True)
def convolution_backward_bias(memory, parameters, table, a, frame):
    """dbias (slot) from dy (arena)."""
    m = whole_array(memory)
    dbias, dy = Strided(m, frame.slot + a.dbias, a.b_filter), Strided(m, frame.arena + a.dy, a.dy_filter)
    first, stop = share(a.filters, frame)
    sum_pixels(dbias, dy, first, stop, a.rows, a.row_count, whole_array(table), frame.accumulate != 0)
