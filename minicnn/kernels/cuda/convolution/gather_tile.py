"""The tile that nearly all convolution goes through on a device: filters x lanes of outputs, each the sum over taps of weight * input.

    y[filter, lane] = max(floor, bias[filter] + sum over channels c, taps t of weight[filter, c, t] * x[c, t, lane])

Arrays lie images innermost, (channel, *position, image): four images are one 16-byte load whatever the tap, the stride or the dilation.
A lane is an image of an output position.  Forward, input gradient and linear differ in their tables (`tables.py`), not in the kernel.

Who does what: a thread block computes FILTERS x LANES outputs, a thread ROWS x COLUMNS of them in registers.  The sum advances by DEPTH
(channel, tap) pairs a step: weights and inputs of a step are copied into shared memory while those of the step before are multiplied
(STAGES buffers, one barrier a step).  Every sum is one thread's, in the order of the tap list: the same bits on every device.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numba import cuda, float32

from minicnn.kernels.cuda.compile import Kernel
from minicnn.kernels.cuda.convolution.sizes import TileSizes, make_own_place
from minicnn.kernels.cuda.convolution.tables import BIAS, BLOCK_FIELDS, FIRST, LANE, LANES_STOP, POSITION, STOP, WEIGHT
from minicnn.kernels.cuda.vector import ALIGNMENT, copies_commit, copy1, copy4, make_copies_wait, make_outer_products, place, store_floored

# Numba adds int32 in 64 bits; a cast back halves the instructions.  Unsigned indices count from the front, without a test of their sign.
i32, u32 = np.int32, np.uint32


@lru_cache
def gather_kernel(sizes: TileSizes) -> Kernel:
    """The kernel for one size of tile."""
    FILTERS, LANES, ROWS, COLUMNS, DEPTH, STAGES, _ = sizes
    THREADS, SUMS = sizes.threads, ROWS * COLUMNS
    ROW_GAP, COLUMN_GAP = sizes.row_gap, sizes.column_gap
    A_STRIDE = FILTERS + 4  # weights that threads write together then lie in different banks
    A_STAGE, B_STAGE = DEPTH * A_STRIDE, DEPTH * LANES
    A_SIZE, B_SIZE = STAGES * A_STAGE, STAGES * B_STAGE
    QUADS = LANES // 4  # 16-byte pieces of a row of inputs
    X_ROWS = THREADS // QUADS  # rows of inputs that the threads copy at a time
    X_COPIES = DEPTH // X_ROWS
    W_FILTERS = THREADS // DEPTH  # filters whose weights they copy at a time
    W_COPIES = FILTERS // W_FILTERS
    AHEAD = STAGES - 1
    own_place = make_own_place(sizes)
    copies_wait = make_copies_wait(STAGES - 2)
    outer_products = make_outer_products(DEPTH, ROWS, COLUMNS, ROW_GAP, COLUMN_GAP, A_STRIDE, LANES)

    def gather_tile(
        y, x, weight, bias, blocks, taps, positions, x_channel, w_channel, w_filter, b_filter, row, channels, filters, groups, splits, floor
    ):
        """One block: a row of `blocks`, filters from filter_begin on, of one group and one split.

        y, x, weight, bias : float32, flat
        blocks, taps, positions : from `tables.py`
        *_channel, *_filter : elements from one to the next; b_filter is 0, and the bias zeros, where there is no bias
        row : images of a position, with those that only fill it up to a multiple of 4
        channels, filters : of a group
        splits : parts of every sum, which lie one after the other in y, without bias; 1 for whole sums
        floor : 0 with relu, else -infinity
        """
        a = cuda.shared.array(A_SIZE, float32, alignment=ALIGNMENT)  # weights, (stage, entry, filter)
        b = cuda.shared.array(B_SIZE, float32, alignment=ALIGNMENT)  # inputs, (stage, entry, lane)
        sums = cuda.local.array(SUMS, float32)
        for n in range(SUMS):
            sums[n] = np.float32(0)
        thread = cuda.threadIdx.x

        # filters fastest: blocks that run side by side read the same inputs
        filter_blocks = i32((filters + FILTERS - 1) // FILTERS)
        block_count = i32(len(blocks) // BLOCK_FIELDS)
        turn = i32(cuda.blockIdx.x // filter_blocks)
        filter_begin = i32((cuda.blockIdx.x - turn * filter_blocks) * FILTERS)
        part = i32(turn // block_count)
        block = i32((turn - part * block_count) * BLOCK_FIELDS)
        w_group = max(filters * w_filter, channels * w_channel)  # of all filters and channels, those that lie farther apart
        group = i32(part // splits)
        split = i32(part - group * splits)
        first = blocks[block + FIRST]
        position = blocks[block + POSITION]
        lane_begin = blocks[block + LANE]
        lane_stop = blocks[block + LANES_STOP]

        # what this thread copies: four lanes of the inputs of entries x_row, x_row + X_ROWS, ...; an entry's weights of several filters
        quad = thread & (QUADS - 1)
        x_row = thread // QUADS
        lane = lane_begin + quad * 4
        x_valid = i32(1) if lane < lane_stop else i32(0)
        lane = min(lane, lane_stop - 4)
        at = lane // row
        x_from = place(x, group * channels * x_channel + positions[2 * (position + at) + 1] + lane - at * row)
        w_row = thread & (DEPTH - 1)
        w_first = thread // DEPTH
        w_from = place(weight, group * w_group + blocks[block + WEIGHT] + (filter_begin + w_first) * w_filter)
        w_filters = i32(filters - filter_begin - w_first)
        w_jump = i32(W_FILTERS * w_filter)

        # this split's part of the sum
        tap_count = max(blocks[block + STOP] - first, 1)
        entries = (blocks[block + STOP] - first) * channels
        all_steps = (entries + DEPTH - 1) // DEPTH
        step = i32(split * all_steps // splits)
        stop = i32((split + 1) * all_steps // splits)
        ready = i32(step + AHEAD)  # the first step at which something has been copied
        last = i32(stop + AHEAD)

        # where in (channel, tap) each copy is: no division in the loop, for an entry is DEPTH further each step
        channel_jump = i32(DEPTH // tap_count)
        tap_jump = i32(DEPTH - channel_jump * tap_count)
        row_channel_jump = i32(X_ROWS // tap_count)
        row_tap_jump = i32(X_ROWS - row_channel_jump * tap_count)
        tap_stop = i32(first + tap_count)
        tap_back = i32(tap_count)
        x_left = i32(entries - step * DEPTH - x_row)
        x_channel_now = i32((step * DEPTH + x_row) // tap_count)
        x_tap = i32(first + step * DEPTH + x_row - x_channel_now * tap_count)
        w_left = i32(entries - step * DEPTH - w_row)
        w_channel_now = i32((step * DEPTH + w_row) // tap_count)
        w_tap = i32(first + step * DEPTH + w_row - w_channel_now * tap_count)

        row_place, column_place = own_place(thread)
        a_copy = i32(w_row * A_STRIDE + w_first)
        b_copy = i32(x_row * LANES + quad * 4)
        a_read = i32(row_place * 4)
        b_read = i32(column_place * 4)
        a_turn = i32(a_read + A_SIZE)
        stage = i32(0)

        while step < last:
            if step >= ready:
                copies_wait()
                cuda.syncthreads()
            if step < stop:
                entry, channel, left = x_tap, x_channel_now, x_left
                for j in range(X_COPIES):
                    offset = i32(taps[u32(2 * entry)] + channel * x_channel)
                    copy4(b, i32(b_copy + j * X_ROWS * LANES), x_from, offset, x_valid if left > 0 else i32(0))
                    if X_COPIES > 1:
                        left = i32(left - X_ROWS)
                        entry = i32(entry + row_tap_jump)
                        channel = i32(channel + row_channel_jump)
                        if entry >= tap_stop:
                            entry = i32(entry - tap_back)
                            channel = i32(channel + 1)
                offset = i32(taps[u32(2 * w_tap + 1)] + w_channel_now * w_channel)
                w_valid = i32(1) if w_left > 0 else i32(0)
                for j in range(W_COPIES):
                    copy1(a, i32(a_copy + j * W_FILTERS), w_from, offset, w_valid if w_filters > j * W_FILTERS else i32(0))
                    offset = i32(offset + w_jump)
                x_left = i32(x_left - DEPTH)
                w_left = i32(w_left - DEPTH)
                x_tap = i32(x_tap + tap_jump)
                w_tap = i32(w_tap + tap_jump)
                x_channel_now = i32(x_channel_now + channel_jump)
                w_channel_now = i32(w_channel_now + channel_jump)
                if x_tap >= tap_stop:
                    x_tap = i32(x_tap - tap_back)
                    x_channel_now = i32(x_channel_now + 1)
                if w_tap >= tap_stop:
                    w_tap = i32(w_tap - tap_back)
                    w_channel_now = i32(w_channel_now + 1)
                stage = i32(stage + 1)
                a_copy = i32(a_copy + A_STAGE)
                b_copy = i32(b_copy + B_STAGE)
                if stage == STAGES:
                    stage = i32(0)
                    a_copy = i32(a_copy - A_SIZE)
                    b_copy = i32(b_copy - B_SIZE)
            copies_commit()
            if step >= ready:
                outer_products(sums, a, a_read, b, b_read)
                a_read = i32(a_read + A_STAGE)
                b_read = i32(b_read + B_STAGE)
                if a_read == a_turn:
                    a_read = i32(a_read - A_SIZE)
                    b_read = i32(b_read - B_SIZE)
            step = i32(step + 1)

        y_channel = i32(len(positions) // 2 * row)
        y_at = group * filters * y_channel + split * groups * filters * y_channel
        bias_at = group * filters * b_filter + blocks[block + BIAS]
        for half in range(COLUMNS // 4):
            out = lane_begin + column_place * 4 + half * COLUMN_GAP
            if out < lane_stop:
                at = out // row
                y_place = y_at + positions[2 * (position + at)] + out - at * row
                for i in range(ROWS):
                    filter = filter_begin + row_place * 4 + i // 4 * ROW_GAP + i % 4  # noqa: A001
                    if filter < filters:
                        start = bias[bias_at + filter * b_filter]
                        n = i * COLUMNS + half * 4
                        one, two, three, four = sums[n] + start, sums[n + 1] + start, sums[n + 2] + start, sums[n + 3] + start
                        store_floored(y, y_place + filter * y_channel, one, two, three, four, floor)

    return Kernel(gather_tile, threads=sizes.threads, blocks=sizes.resident)
