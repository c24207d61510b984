"""The input gradient of unshared and tiled convolution, where a filter serves few positions and the weights outweigh the images.

    dx[n,c,h,w] += sum over k of weight[k,u,c,r,s] * dy[n,k,p]      for every position p, its filter u and tap (r, s) that reads (h, w)

Position by position, so that each weight is read once, as part of a whole filter that lies side by side in memory.  What the position
sends back, a number for each (c,r,s), is summed up in a patch and then added where the taps read.

Few images: the filters of a position are long rows, whose sum with dy as factors is the patch (`row_tile.py`).
Many images: they are the lanes; the gather tile takes (c,r,s) for its filters and filters for its taps.

Letters as in `unshared.py`.
"""

import numpy as np

from minicnn.kernels.cpu.convolution.axes import BEFORE, DILATION, OUT, SIZE, STRIDE, TAPS, TILE, three_axes
from minicnn.kernels.cpu.convolution.row_tile import add_rows
from minicnn.kernels.cpu.convolution.tiles import FROM_OLD, FROM_ZERO, TILE_VECTORS
from minicnn.kernels.cpu.convolution.walks import NO_FLOOR, gather_run
from minicnn.kernels.cpu.lanes.vector import LANES, load, load_first, splat, store, store_first
from minicnn.kernels.cpu.program.atomics import floats_at, whole_array
from minicnn.kernels.cpu.program.program import ARENA, COUNT, FIRST, PART, PARTS
from minicnn.kernels.index import input_position, tap_range
from minicnn.kernels.machine_code.compile import kernel, step

FILTER_BLOCK = 96  # filters whose gradients of one position, 64 images each, fill half of the first-level cache
ZERO = np.float32(0)

position_of = kernel(input_position)
taps_inside = kernel(tap_range)


@kernel
def add_patch_of_one(dx, dx_at, patch, patch_at, channels, depth, rows, columns, o, p, q):
    """dx[c,d,h,w] += patch[c,t,r,s] for every tap (t,r,s) of position (o,p,q) that reads inside, in one image."""
    first_t, stop_t = taps_inside(o, depth[SIZE], depth[TAPS], depth[STRIDE], depth[DILATION], depth[BEFORE])
    first_r, stop_r = taps_inside(p, rows[SIZE], rows[TAPS], rows[STRIDE], rows[DILATION], rows[BEFORE])
    first_s, stop_s = taps_inside(q, columns[SIZE], columns[TAPS], columns[STRIDE], columns[DILATION], columns[BEFORE])
    w = position_of(q, first_s, columns[STRIDE], columns[DILATION], columns[BEFORE])
    count, step_w = stop_s - first_s, columns[DILATION]
    for c in range(channels):
        for t in range(first_t, stop_t):
            d = position_of(o, t, depth[STRIDE], depth[DILATION], depth[BEFORE])
            for r in range(first_r, stop_r):
                h = position_of(p, r, rows[STRIDE], rows[DILATION], rows[BEFORE])
                at = dx_at + ((c * depth[SIZE] + d) * rows[SIZE] + h) * columns[SIZE] + w
                tap = patch_at + ((c * depth[TAPS] + t) * rows[TAPS] + r) * columns[TAPS] + first_s
                for i in range(count):
                    dx[at + i * step_w] += patch[tap + i]


@kernel
def backward_input_few(
    dx,
    dx_at,
    dx_image,
    dy,
    dy_image,
    images,
    weight,
    w_filter,
    groups,
    channels,
    filters,
    depth,
    rows,
    columns,
    patch,
    patch_at,
    patch_row,
    part,
    parts,
):
    """dx (N, C, *in) of few images: what one of the parts of all positions sends back.

    Positions of one filter of the tile follow one another, so that its weights are still near for the second.  One image through AlexNet's
    third layer, each position with its own filters, on one thread: 88 to 20 ms.

    channels, filters : those of one group
    patch : room for a patch of one group for each image, rows `patch_row` apart
    """
    pixels = depth[SIZE] * rows[SIZE] * columns[SIZE]
    size = channels * depth[TAPS] * rows[TAPS] * columns[TAPS]
    positions = depth[OUT] * rows[OUT] * columns[OUT]
    for i in range(0, images * dx_image):
        dx[dx_at + i] = ZERO
    number = 0
    for tile in range(depth[TILE] * rows[TILE] * columns[TILE]):
        for o in range(tile // (rows[TILE] * columns[TILE]), depth[OUT], depth[TILE]):
            for p in range(tile // columns[TILE] % rows[TILE], rows[OUT], rows[TILE]):
                for q in range(tile % columns[TILE], columns[OUT], columns[TILE]):
                    number += 1
                    if not positions * part // parts < number <= positions * (part + 1) // parts:
                        continue
                    position = (o * rows[OUT] + p) * columns[OUT] + q
                    for group in range(groups):
                        for i in range(0, images * patch_row):
                            patch[patch_at + i] = ZERO
                        add_rows(
                            patch,
                            patch_at,
                            patch_row,
                            images,
                            weight,
                            group * filters * w_filter + tile * size,
                            w_filter,
                            filters,
                            size,
                            dy,
                            group * filters * positions + position,
                            positions,
                            dy_image,
                        )
                        own = dx_at + group * channels * pixels
                        for n in range(images):
                            add_patch_of_one(
                                dx, own + n * dx_image, patch, patch_at + n * patch_row, channels, depth, rows, columns, o, p, q
                            )


@kernel
def add_up(y, first, stop, x, x_at, pitch, count):
    """y[i] = the sum of `count` stretches of x, `pitch` apart, for first <= i < stop."""
    for i in range(first, stop, LANES):
        value = load(x, x_at + i)
        for n in range(1, count):
            value += load(x, x_at + n * pitch + i)
        if stop - i >= LANES:
            store(y, i, value)
        else:
            store_first(y, i, value, stop - i)


@kernel
def add_patch(dx, dx_at, dx_plane, shard, lanes, sums, sums_at, channels, depth, rows, columns, o, p, q):
    """dx[c,d,h,w] += sums[c,t,r,s] for every tap (t,r,s) of position (o,p,q) that reads inside."""
    first_t, stop_t = taps_inside(o, depth[SIZE], depth[TAPS], depth[STRIDE], depth[DILATION], depth[BEFORE])
    first_r, stop_r = taps_inside(p, rows[SIZE], rows[TAPS], rows[STRIDE], rows[DILATION], rows[BEFORE])
    first_s, stop_s = taps_inside(q, columns[SIZE], columns[TAPS], columns[STRIDE], columns[DILATION], columns[BEFORE])
    for c in range(channels):
        for t in range(first_t, stop_t):
            d = position_of(o, t, depth[STRIDE], depth[DILATION], depth[BEFORE])
            for r in range(first_r, stop_r):
                h = position_of(p, r, rows[STRIDE], rows[DILATION], rows[BEFORE])
                for s in range(first_s, stop_s):
                    w = position_of(q, s, columns[STRIDE], columns[DILATION], columns[BEFORE])
                    at = dx_at + c * dx_plane + ((d * rows[SIZE] + h) * columns[SIZE] + w) * shard
                    tap = sums_at + (((c * depth[TAPS] + t) * rows[TAPS] + r) * columns[TAPS] + s) * lanes
                    for n in range(0, lanes, LANES):
                        store(dx, at + n, load(dx, at + n) + load(sums, tap + n))


@kernel
def pack(packed, packed_at, pitch, x, x_at, x_row, rows, size):
    """packed[row, :size] = x[row, :size]; rows lie `pitch` and `x_row` apart.  Numbers beyond, up to a whole vector, are written too."""
    whole = size // LANES * LANES
    for row in range(rows):
        for i in range(0, whole, LANES):
            store(packed, packed_at + row * pitch + i, load(x, x_at + row * x_row + i))
        if whole < size:
            store(packed, packed_at + row * pitch + whole, load_first(x, x_at + row * x_row + whole, size - whole))


@kernel
def backward_input(
    dx,
    dx_at,
    dx_plane,
    dy,
    dy_at,
    dy_plane,
    shard,
    weight,
    w_at,
    w_filter,
    groups,
    channels,
    filters,
    depth,
    rows,
    columns,
    block,
    packed_at,
    pitch,
    gradients_at,
    sums_at,
    table,
    taps,
    part,
    parts,
):
    """dx (C, *in), position by position, some channels and lanes of it a part.

    Weights and output gradients of a position lie far apart, on a page of memory each; so they are first packed together.

    channels, filters : those of one group
    block : channels whose weights of one position are packed together, FILTER_BLOCK filters at a time
    taps : where the table holds (k * shard, k * pitch) for each filter of a block
    """
    all_channels = groups * channels
    by_channel = min(all_channels, parts)
    while parts % by_channel:
        by_channel -= 1
    by_lane = parts // by_channel
    first_c, stop_c = all_channels * (part // by_lane) // by_channel, all_channels * (part // by_lane + 1) // by_channel
    vectors = shard // LANES
    width = max(1, min(TILE_VECTORS, vectors // 2))  # vectors that stay together: a tile's, if that leaves two pieces
    pieces = (vectors + width - 1) // width
    first_n = pieces * (part % by_lane) // by_lane * width * LANES
    lanes = min(shard, pieces * (part % by_lane + 1) // by_lane * width * LANES) - first_n
    taps_each = depth[TAPS] * rows[TAPS] * columns[TAPS]
    pixels = depth[SIZE] * rows[SIZE] * columns[SIZE]
    if lanes <= 0 or first_c == stop_c:
        return
    for c in range(first_c, stop_c):
        for pixel in range(pixels):
            for n in range(0, lanes, LANES):
                store(dx, dx_at + c * dx_plane + pixel * shard + first_n + n, splat(ZERO))
    for o in range(depth[OUT]):
        for p in range(rows[OUT]):
            for q in range(columns[OUT]):
                tile = ((o % depth[TILE]) * rows[TILE] + p % rows[TILE]) * columns[TILE] + q % columns[TILE]
                position = (o * rows[OUT] + p) * columns[OUT] + q
                c, packed_group = first_c, -1
                while c < stop_c:
                    group = c // channels
                    some = min(block, stop_c - c, (group + 1) * channels - c)
                    size = some * taps_each
                    own = w_at + group * filters * w_filter + (tile * channels + c - group * channels) * taps_each
                    if group != packed_group:
                        pack(
                            dx,
                            gradients_at,
                            shard,
                            dy,
                            dy_at + group * filters * dy_plane + position * shard + first_n,
                            dy_plane,
                            filters,
                            lanes,
                        )
                        packed_group = group
                    for k in range(0, filters, FILTER_BLOCK):
                        pack(dx, packed_at, pitch, weight, own + k * w_filter, w_filter, min(FILTER_BLOCK, filters - k), size)
                        gather_run(
                            dx,
                            sums_at,
                            lanes,
                            LANES,
                            dx,
                            gradients_at + k * shard,
                            0,
                            LANES,
                            lanes,
                            LANES,
                            dx,
                            packed_at,
                            0,
                            1,
                            table,
                            taps,
                            taps + min(FILTER_BLOCK, filters - k),
                            1,
                            size,
                            FROM_OLD if k > 0 else FROM_ZERO,
                            dx,
                            0,
                            0,
                            NO_FLOOR,
                        )
                    add_patch(dx, dx_at + c * dx_plane + first_n, dx_plane, shard, lanes, dx, sums_at, some, depth, rows, columns, o, p, q)
                    c += some


# Steps.


@step(splits=True)
def unshared_call_backward_input(memory, parameters, table, a, frame):
    """From a user's array, few images: each part's own sum, for `add_up_step` to add.

    a: sums, elements from part to part, elements of dx of an image, field of dy, its image, filter of weights, groups, channels and filters
    of a group, patches, elements from part to part, row of a patch, three axes.
    """
    m, arena, part = whole_array(memory), frame[ARENA], frame[PART]
    depth, rows, columns = three_axes(a, 12)
    dy = whole_array(floats_at(frame[a[3]] + 4 * frame[FIRST] * a[4]))
    backward_input_few(
        m,
        arena + a[0] + part * a[1],
        a[2],
        dy,
        a[4],
        frame[COUNT],
        whole_array(parameters),
        a[5],
        a[6],
        a[7],
        a[8],
        depth,
        rows,
        columns,
        m,
        arena + a[9] + part * a[10],
        a[11],
        part,
        frame[PARTS],
    )


@step(splits=True)
def add_up_step(memory, parameters, table, a, frame):
    """a: field of y, its image, stretches, elements from one to the next, their number."""
    y = whole_array(floats_at(frame[a[0]] + 4 * frame[FIRST] * a[1]))
    numbers = frame[COUNT] * a[1]
    add_up(
        y,
        numbers * frame[PART] // frame[PARTS],
        numbers * (frame[PART] + 1) // frame[PARTS],
        whole_array(memory),
        frame[ARENA] + a[2],
        a[3],
        a[4],
    )


@step(splits=True)
def unshared_step_backward_input(memory, parameters, table, a, frame):
    """a: dx, its plane, dy, its plane, shard, weight, its filter, groups, channels and filters of a group, block, packed weights, pitch,
    packed gradients, sums, elements from part to part, taps."""
    m, arena = whole_array(memory), frame[ARENA]
    depth, rows, columns = three_axes(a, 17)
    scratch = arena + a[11] + frame[PART] * a[15]
    backward_input(
        m,
        arena + a[0],
        a[1],
        m,
        arena + a[2],
        a[3],
        a[4],
        whole_array(parameters),
        a[5],
        a[6],
        a[7],
        a[8],
        a[9],
        depth,
        rows,
        columns,
        a[10],
        scratch,
        a[12],
        scratch + a[13],
        scratch + a[14],
        whole_array(table),
        a[16],
        frame[PART],
        frame[PARTS],
    )
