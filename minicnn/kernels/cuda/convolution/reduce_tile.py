"""The weight gradient's tile: filters x (channel, tap) entries, each the sum over positions and images of dy * x.

    dweight[filter, c, t] = sum over positions p, images n of dy[filter, p, n] * x[c, reads[t, p], n]

`reads[t, p]` is where output position p finds tap t, or -1 where the tap reads padding: the index map itself, one row a tap.  A lane is
an image of a position; only true images are lanes, for what fills a row up to a multiple of 4 may be anything.

A thread block adds up one part of the lanes for FILTERS x ENTRIES weights, as `gather_tile.py` describes; the parts lie side by side and
`combine` adds them in their order.  How many there are follows from the shapes alone: no atomics, the same bits on every device.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numba import cuda, float32, int32

from minicnn.kernels.cuda.compile import Kernel
from minicnn.kernels.cuda.convolution.sizes import TileSizes, make_own_place
from minicnn.kernels.cuda.convolution.tables import SET_COUNT, SET_FIELDS, SET_FIRST, SET_WEIGHT
from minicnn.kernels.cuda.vector import ALIGNMENT, copies_commit, copy1, make_copies_wait, make_outer_products, place

i32, u32 = np.int32, np.uint32  # see gather_tile.py


@lru_cache
def reduce_kernel(sizes: TileSizes) -> Kernel:
    """The kernel for one size of tile."""
    FILTERS, ENTRIES, ROWS, COLUMNS, DEPTH, STAGES, _ = sizes
    SUMS = ROWS * COLUMNS
    ROW_GAP, COLUMN_GAP = sizes.row_gap, sizes.column_gap
    A_STRIDE, B_STRIDE = FILTERS + 4, ENTRIES + 4
    A_STAGE, B_STAGE = DEPTH * A_STRIDE, DEPTH * B_STRIDE
    A_SIZE, B_SIZE = STAGES * A_STAGE, STAGES * B_STAGE
    AT_ONCE = sizes.threads // DEPTH  # filters, or entries, that the threads copy at a time
    A_COPIES, B_COPIES = FILTERS // AT_ONCE, ENTRIES // AT_ONCE
    AHEAD = STAGES - 1
    own_place = make_own_place(sizes)
    copies_wait = make_copies_wait(STAGES - 2)
    outer_products = make_outer_products(DEPTH, ROWS, COLUMNS, ROW_GAP, COLUMN_GAP, A_STRIDE, B_STRIDE)

    def reduce_tile(
        dweight, dy, x, sets, positions, reads, tap_weights, w_filter, w_channel, x_channel, images, row, channels, filters, groups, splits
    ):
        """One block: one split of one set's lanes, filters and entries from *_begin on, of one group.

        dweight, dy, x : float32, flat
        sets, positions, reads, tap_weights : from `tables.py`
        *_channel, w_filter : elements from one to the next
        images, row : true ones, and those from one position to the next
        channels, filters : of a group
        splits : parts of every sum, which lie one after the other in dweight
        """
        a = cuda.shared.array(A_SIZE, float32, alignment=ALIGNMENT)  # dy, (stage, lane, filter)
        b = cuda.shared.array(B_SIZE, float32, alignment=ALIGNMENT)  # x, (stage, lane, entry)
        sums = cuda.local.array(SUMS, float32)
        read_rows = cuda.local.array(B_COPIES, int32)  # per entry that this thread copies: its row of `reads`
        x_channels = cuda.local.array(B_COPIES, int32)  # and its channel's offset
        for n in range(SUMS):
            sums[n] = np.float32(0)
        thread = cuda.threadIdx.x

        # filters fastest, then entries: blocks that run side by side read the same lanes
        taps, position_count = i32(len(tap_weights)), i32(len(positions))
        dy_filter = i32(position_count * row)
        entries = channels * taps
        filter_blocks = i32((filters + FILTERS - 1) // FILTERS)
        entry_blocks = i32((entries + ENTRIES - 1) // ENTRIES)
        turn = i32(cuda.blockIdx.x // filter_blocks)
        filter_begin = i32((cuda.blockIdx.x - turn * filter_blocks) * FILTERS)
        part = i32(turn // entry_blocks)
        entry_begin = i32((turn - part * entry_blocks) * ENTRIES)
        own = i32(part // splits)
        split = i32(part - own * splits)
        own_set = i32(own // groups)
        group = i32(own - own_set * groups)
        own_set = i32(own_set * SET_FIELDS)
        first = sets[own_set + SET_FIRST]
        lanes = sets[own_set + SET_COUNT] * images

        # what this thread copies: one lane of several filters' dy, and of several entries' x
        at_row = thread & (DEPTH - 1)
        at_first = thread // DEPTH
        for j in range(B_COPIES):  # surplus entries repeat the last and are not written
            entry = min(entry_begin + at_first + j * AT_ONCE, entries - 1)
            channel = entry // taps
            read_rows[j] = i32((entry - channel * taps) * position_count)
            x_channels[j] = i32(channel * x_channel)
        dy_from = place(dy, (group * filters + filter_begin + at_first) * dy_filter)
        dy_jump = i32(AT_ONCE * dy_filter)
        dy_filters = i32(filters - filter_begin - at_first)
        x_from = place(x, group * channels * x_channel)

        # this split's part of the lanes
        all_steps = (lanes + DEPTH - 1) // DEPTH
        step = i32(split * all_steps // splits)
        stop = i32((split + 1) * all_steps // splits)
        ready = i32(step + AHEAD)
        last = i32(stop + AHEAD)
        lane = i32(step * DEPTH + at_row)
        index = i32(first + lane // images)  # into `positions`
        image = i32(lane - lane // images * images)
        left = i32(lanes - lane)
        index_jump = i32(DEPTH // images)
        image_jump = i32(DEPTH - index_jump * images)

        row_place, column_place = own_place(thread)
        a_copy = i32(at_row * A_STRIDE + at_first)
        b_copy = i32(at_row * B_STRIDE + at_first)
        a_read = i32(row_place * 4)
        b_read = i32(column_place * 4)
        a_turn = i32(a_read + A_SIZE)
        stage = i32(0)

        while step < last:
            if step >= ready:
                copies_wait()
                cuda.syncthreads()
            if step < stop:
                valid = i32(1) if left > 0 else i32(0)
                position = i32(positions[u32(index if left > 0 else first)])
                offset = i32(position * row + image)
                for j in range(A_COPIES):
                    copy1(a, i32(a_copy + j * AT_ONCE), dy_from, offset, valid if dy_filters > j * AT_ONCE else i32(0))
                    offset = i32(offset + dy_jump)
                for j in range(B_COPIES):
                    read = i32(reads[u32(read_rows[j] + position)])
                    copy1(b, i32(b_copy + j * AT_ONCE), x_from, i32(x_channels[j] + read + image), valid if read >= 0 else i32(0))
                left = i32(left - DEPTH)
                index = i32(index + index_jump)
                image = i32(image + image_jump)
                if image >= images:
                    image = i32(image - images)
                    index = i32(index + 1)
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

        w_at = (split * groups + group) * filters * w_filter + sets[own_set + SET_WEIGHT]
        for j in range(COLUMNS):
            entry = entry_begin + column_place * 4 + j // 4 * COLUMN_GAP + j % 4
            if entry < entries:
                channel = entry // taps
                entry_at = w_at + channel * w_channel + tap_weights[entry - channel * taps]
                for i in range(ROWS):
                    filter = filter_begin + row_place * 4 + i // 4 * ROW_GAP + i % 4  # noqa: A001
                    if filter < filters:
                        dweight[entry_at + filter * w_filter] = sums[i * COLUMNS + j]

    return Kernel(reduce_tile, threads=sizes.threads, blocks=sizes.resident)
