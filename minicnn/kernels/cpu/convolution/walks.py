"""Convolution of any kind as three walks over tables: output, input gradient, weight gradient.

The tables (`maps.py`) say what is read; the tiles (`tiles.py`) do the arithmetic.  Stride, dilation, padding, groups, tiling and
dimension live in the tables alone, so these loops are the same for all of them.
"""

from __future__ import annotations

import numpy as np

from minicnn.kernels.cpu.convolution.maps import RANGE_FIELDS, RUN_FIELDS
from minicnn.kernels.cpu.convolution.tiles import (
    FEW_FILTERS,
    FEW_VECTORS,
    FROM_BIAS,
    FROM_OLD,
    FROM_ZERO,
    TILE_FILTERS,
    TILE_TAPS,
    TILE_VECTORS,
    gather_tile,
    gather_tile_few_filters,
    gather_tile_few_of_both,
    gather_tile_few_vectors,
    reduce_tile,
    reduce_tile_few_filters,
)
from minicnn.kernels.cpu.lanes.vector import LANES, load, load_first, multiply_add, select, splat, store, store_first, total
from minicnn.kernels.cpu.program.atomics import floats_at, whole_array
from minicnn.kernels.cpu.program.program import ACCUMULATE, ARENA, FIRST, PART, PARTS, SLOT
from minicnn.kernels.machine_code.compile import kernel, step

NO_FLOOR = np.float32(-np.inf)
ZERO = np.float32(0)
CUT_RUNS, CUT_FILTERS, CUT_GROUPS = range(3)  # along what work is cut into parts


@kernel
def sum_taps(y, y_at, x, x_at, x_channel, lanes, weight, w_at, w_channel, table, first, stop, channels, begin, bias, b_at, floor):
    """y[lane] = max(floor, begin + sum over c, taps t of weight[c, t] * x[c, t, lane]) for one filter and lanes side by side.

    Eight sums wait for each other less than one would; the weight is loaded once for all of them.
    """
    start = bias[b_at] if begin == FROM_BIAS else ZERO
    lane = 0
    while lane < lanes:
        if lanes - lane >= 8 * LANES:
            sum0, sum1, sum2, sum3 = splat(start), splat(start), splat(start), splat(start)
            sum4, sum5, sum6, sum7 = splat(start), splat(start), splat(start), splat(start)
            if begin == FROM_OLD:
                own = y_at + lane
                sum0, sum1, sum2, sum3 = load(y, own), load(y, own + LANES), load(y, own + 2 * LANES), load(y, own + 3 * LANES)
                own += 4 * LANES
                sum4, sum5, sum6, sum7 = load(y, own), load(y, own + LANES), load(y, own + 2 * LANES), load(y, own + 3 * LANES)
            for c in range(channels):
                for t in range(first, stop):
                    w = splat(weight[w_at + c * w_channel + table[2 * t + 1]])
                    at = x_at + c * x_channel + table[2 * t] + lane
                    sum0 = multiply_add(w, load(x, at), sum0)
                    sum1 = multiply_add(w, load(x, at + LANES), sum1)
                    sum2 = multiply_add(w, load(x, at + 2 * LANES), sum2)
                    sum3 = multiply_add(w, load(x, at + 3 * LANES), sum3)
                    sum4 = multiply_add(w, load(x, at + 4 * LANES), sum4)
                    sum5 = multiply_add(w, load(x, at + 5 * LANES), sum5)
                    sum6 = multiply_add(w, load(x, at + 6 * LANES), sum6)
                    sum7 = multiply_add(w, load(x, at + 7 * LANES), sum7)
            own = y_at + lane
            store(y, own, at_least(floor, sum0))
            store(y, own + LANES, at_least(floor, sum1))
            store(y, own + 2 * LANES, at_least(floor, sum2))
            store(y, own + 3 * LANES, at_least(floor, sum3))
            store(y, own + 4 * LANES, at_least(floor, sum4))
            store(y, own + 5 * LANES, at_least(floor, sum5))
            store(y, own + 6 * LANES, at_least(floor, sum6))
            store(y, own + 7 * LANES, at_least(floor, sum7))
            lane += 8 * LANES
        else:
            sum0 = load_first(y, y_at + lane, lanes - lane) if begin == FROM_OLD else splat(start)
            for c in range(channels):
                for t in range(first, stop):
                    w = splat(weight[w_at + c * w_channel + table[2 * t + 1]])
                    sum0 = multiply_add(w, load(x, x_at + c * x_channel + table[2 * t] + lane), sum0)
            store_first(y, y_at + lane, at_least(floor, sum0), lanes - lane)
            lane += LANES


@kernel
def at_least(floor, value):
    """The larger of both; NaN stays."""
    low = splat(floor)
    return select(value < low, low, value)


@kernel
def gather_run(
    y,
    y_base,
    y_filter,
    y_vector,
    x,
    x_base,
    x_channel,
    x_vector,
    lanes,
    width,
    weight,
    w_base,
    w_channel,
    w_filter,
    table,
    first,
    stop,
    channels,
    filters,
    begin,
    bias,
    b_base,
    b_filter,
    floor,
):
    """One run: all filters over `lanes` lanes, a register tile at a time; filters innermost, so that the inputs stay in L1."""
    v = 0
    if filters == 1 and y_vector == LANES and x_vector == LANES:  # lanes side by side, and no filters to share what is loaded
        sum_taps(
            y, y_base, x, x_base, x_channel, lanes, weight, w_base, w_channel, table, first, stop, channels, begin, bias, b_base, floor
        )
        return
    while v * LANES < lanes:
        left = lanes - v * LANES
        y_at = y_base + v * y_vector
        x_at = x_base + v * x_vector
        few_vectors = left <= FEW_VECTORS * LANES
        k = 0
        while k < filters:
            few_filters = filters - k <= FEW_FILTERS
            if few_vectors:
                if few_filters:
                    gather_tile_few_of_both(
                        y,
                        y_at + k * y_filter,
                        y_filter,
                        y_vector,
                        x,
                        x_at,
                        x_channel,
                        x_vector,
                        weight,
                        w_base + k * w_filter,
                        w_channel,
                        w_filter,
                        table,
                        first,
                        stop,
                        channels,
                        filters - k,
                        left,
                        width,
                        begin,
                        bias,
                        b_base + k * b_filter,
                        b_filter,
                        floor,
                    )
                else:
                    gather_tile_few_vectors(
                        y,
                        y_at + k * y_filter,
                        y_filter,
                        y_vector,
                        x,
                        x_at,
                        x_channel,
                        x_vector,
                        weight,
                        w_base + k * w_filter,
                        w_channel,
                        w_filter,
                        table,
                        first,
                        stop,
                        channels,
                        filters - k,
                        left,
                        width,
                        begin,
                        bias,
                        b_base + k * b_filter,
                        b_filter,
                        floor,
                    )
            elif few_filters:
                gather_tile_few_filters(
                    y,
                    y_at + k * y_filter,
                    y_filter,
                    y_vector,
                    x,
                    x_at,
                    x_channel,
                    x_vector,
                    weight,
                    w_base + k * w_filter,
                    w_channel,
                    w_filter,
                    table,
                    first,
                    stop,
                    channels,
                    filters - k,
                    left,
                    width,
                    begin,
                    bias,
                    b_base + k * b_filter,
                    b_filter,
                    floor,
                )
            else:
                gather_tile(
                    y,
                    y_at + k * y_filter,
                    y_filter,
                    y_vector,
                    x,
                    x_at,
                    x_channel,
                    x_vector,
                    weight,
                    w_base + k * w_filter,
                    w_channel,
                    w_filter,
                    table,
                    first,
                    stop,
                    channels,
                    filters - k,
                    left,
                    width,
                    begin,
                    bias,
                    b_base + k * b_filter,
                    b_filter,
                    floor,
                )
            k += FEW_FILTERS if few_filters else TILE_FILTERS
        v += FEW_VECTORS if few_vectors else TILE_VECTORS


@kernel
def gather(
    y,
    y_base,
    y_filter,
    x,
    x_base,
    x_channel,
    weight,
    w_channel,
    w_filter,
    table,
    runs,
    run_count,
    taps,
    groups,
    channels,
    filters,
    channel_block,
    run_block,
    with_bias,
    bias,
    b_base,
    b_filter,
    floor,
    w_base,
    w_step,
    filter_block,
    cut,
    part,
    parts,
):
    """All runs of a convolution, group by group; or one of `parts` parts of them, cut along the runs, the filters or the groups.

    `channels` and `filters` are those of one group; `filter_block` of them pass over all runs before the next.  Wide layers go
    `channel_block` channels at a time over `run_block` runs, so that the weights in use stay in cache; the partial sums wait in y.
    `w_step` is the way from one group's weights to the next's.
    """
    all_filters = filters
    first_group, stop_group, first_run, stop_run, first_filter = 0, groups, 0, run_count, 0
    if cut == CUT_GROUPS:
        first_group, stop_group = groups * part // parts, groups * (part + 1) // parts
    elif cut == CUT_FILTERS or run_count < parts:
        tiles = (filters + TILE_FILTERS - 1) // TILE_FILTERS
        first_filter = min(filters, tiles * part // parts * TILE_FILTERS)
        filters = min(filters, tiles * (part + 1) // parts * TILE_FILTERS) - first_filter
    else:
        first_run, stop_run = run_count * part // parts, run_count * (part + 1) // parts
    for group in range(first_group, stop_group):
        y_group = y_base + (group * all_filters + first_filter) * y_filter
        x_group = x_base + group * channels * x_channel
        w_group = w_base + group * w_step + first_filter * w_filter
        b_group = b_base + (group * all_filters + first_filter) * b_filter
        for k in range(0, filters, filter_block):
            some_filters = min(filter_block, filters - k)
            for block in range(first_run, stop_run, run_block):
                for c in range(0, max(channels, 1), channel_block):
                    some_channels = min(channel_block, channels - c)
                    last = c + channel_block >= channels
                    begin = FROM_OLD if c > 0 else (FROM_BIAS if with_bias else FROM_ZERO)
                    for run in range(block, min(block + run_block, stop_run)):
                        at = runs + run * RUN_FIELDS
                        gather_run(
                            y,
                            y_group + k * y_filter + table[at],
                            y_filter,
                            table[at + 7],
                            x,
                            x_group + table[at + 1] + c * x_channel,
                            x_channel,
                            table[at + 8],
                            table[at + 2],
                            table[at + 9],
                            weight,
                            w_group + k * w_filter + table[at + 5] + c * w_channel,
                            w_channel,
                            w_filter,
                            table,
                            taps + table[at + 3],
                            taps + table[at + 4],
                            some_channels,
                            some_filters,
                            begin,
                            bias,
                            b_group + k * b_filter + table[at + 6],
                            b_filter,
                            floor if last else NO_FLOOR,
                        )


@kernel
def reduce(
    dweight,
    w_base,
    w_filter,
    dy,
    y_base,
    y_filter,
    x,
    x_base,
    x_channel,
    table,
    groups,
    group_count,
    channels,
    filters,
    accumulate,
    part,
    parts,
):
    """The weight gradient: for every group of taps, every range of rows, every tile of taps x filters; or a part of the taps.

    `groups` is a list in the table of (entries, entry count, ranges, range count), `group_count` the groups of the convolution.
    """
    listed = table[groups]
    for group in range(group_count):
        x_group = x_base + group * channels * x_channel
        y_group = y_base + group * filters * y_filter
        w_group = w_base + group * filters * w_filter
        for number in range(listed):
            at = groups + 1 + 4 * number
            entries, entry_count, ranges, range_count = table[at], table[at + 1], table[at + 2], table[at + 3]
            blocks = (entry_count + TILE_TAPS - 1) // TILE_TAPS
            first_entry = blocks * part // parts * TILE_TAPS
            stop_entry = min(entry_count, blocks * (part + 1) // parts * TILE_TAPS)
            for n in range(range_count):
                row = ranges + n * RANGE_FIELDS
                add = accumulate or n > 0
                for entry in range(first_entry, stop_entry, TILE_TAPS):
                    k = 0
                    while k < filters:
                        if filters - k <= FEW_FILTERS:
                            reduce_tile_few_filters(
                                dweight,
                                w_group + k * w_filter,
                                w_filter,
                                dy,
                                y_group + table[row + 1] + k * y_filter,
                                y_filter,
                                table[row + 5],
                                x,
                                x_group + table[row],
                                table[row + 4],
                                table,
                                entries + entry,
                                entry_count - entry,
                                table[row + 2],
                                table[row + 3],
                                filters - k,
                                add,
                            )
                            k += FEW_FILTERS
                        else:
                            reduce_tile(
                                dweight,
                                w_group + k * w_filter,
                                w_filter,
                                dy,
                                y_group + table[row + 1] + k * y_filter,
                                y_filter,
                                table[row + 5],
                                x,
                                x_group + table[row],
                                table[row + 4],
                                table,
                                entries + entry,
                                entry_count - entry,
                                table[row + 2],
                                table[row + 3],
                                filters - k,
                                add,
                            )
                            k += TILE_FILTERS


@kernel
def sum_pixels(dbias, b_base, b_filter, dy, y_base, y_filter, filters, rows, row_count, table, accumulate):
    """The bias gradient: each filter's output gradient summed over rows of lanes.  A row is (offset, lanes, bias offset)."""
    for k in range(filters):
        if not accumulate:
            for n in range(row_count):
                dbias[b_base + k * b_filter + table[rows + 3 * n + 2]] = ZERO
        for n in range(row_count):
            at = y_base + k * y_filter + table[rows + 3 * n]
            sum0 = splat(ZERO)
            sum1 = splat(ZERO)
            lanes = table[rows + 3 * n + 1]
            lane = 0
            while lane + 2 * LANES <= lanes:
                sum0 += load(dy, at + lane)
                sum1 += load(dy, at + lane + LANES)
                lane += 2 * LANES
            if lane < lanes:
                sum0 += load(dy, at + lane)
            dbias[b_base + k * b_filter + table[rows + 3 * n + 2]] += total(sum0 + sum1)


# Steps.  An argument is an offset into the arena (activations), into the slot (gradients), into the parameters or into the table.


@step(splits=True)
def convolution_forward(memory, parameters, table, a, frame):
    """y from x and weight, bias (parameters); y and x lie in the arena, or are an image of a user's arrays."""
    m, w, t = whole_array(memory), whole_array(parameters), whole_array(table)
    arena = frame[ARENA]
    # the bias lies with the parameters, or, for a single call, in memory
    bias = m if a[20] != 0 else w
    y, y_at = (whole_array(floats_at(frame[a[23]])), frame[FIRST] * a[25]) if a[23] != 0 else (m, arena + a[17])
    x, x_at = (whole_array(floats_at(frame[a[24]])), frame[FIRST] * a[26]) if a[24] != 0 else (m, arena + a[18])
    gather(
        y,
        y_at,
        a[0],
        x,
        x_at,
        a[1],
        w,
        a[2],
        a[3],
        t,
        a[4],
        a[5],
        a[6],
        a[7],
        a[8],
        a[9],
        a[10],
        a[11],
        a[12] != 0,
        bias,
        a[13],
        a[14],
        ZERO if a[15] != 0 else NO_FLOOR,
        a[16],
        a[19],
        a[21],
        a[22],
        frame[PART],
        frame[PARTS],
    )


@step(splits=True)
def convolution_backward_weight(memory, parameters, table, a, frame):
    """dweight (slot) from dy, x (arena)."""
    m, t = whole_array(memory), whole_array(table)
    arena = frame[ARENA]
    reduce(
        m,
        frame[SLOT] + a[0],
        a[1],
        m,
        arena + a[8],
        a[2],
        m,
        arena + a[9],
        a[3],
        t,
        a[4],
        a[5],
        a[6],
        a[7],
        frame[ACCUMULATE] != 0,
        frame[PART],
        frame[PARTS],
    )


@step
def convolution_backward_bias(memory, parameters, table, a, frame):
    """dbias (slot) from dy (arena)."""
    m, t = whole_array(memory), whole_array(table)
    sum_pixels(m, frame[SLOT] + a[0], a[1], m, frame[ARENA] + a[6], a[2], a[3], a[4], a[5], t, frame[ACCUMULATE] != 0)
