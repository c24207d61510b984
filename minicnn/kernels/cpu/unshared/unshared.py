"""Unshared and tiled convolution, where a filter serves few positions and the weights outweigh the images.

    y[n,k,p]           = sum over c, r, s of weight[k,u,c,r,s] * x[n,c,h,w]             with the filter u that position p uses
    dweight[k,u,c,r,s] = sum over n, and the positions p that use filter u, of dy[k,p,n] * x[n,c,h,w]

Both go position by position, so that each weight is read or written once, as part of a whole filter that lies side by side in memory.
What the position reads is first copied to a patch, a row an image.  The reduce tile then sums over (c,r,s); for the weight gradient, the
gather tile over images as its taps, with lanes over (c,r,s).  The input gradient is in `unshared_input.py`.

Letters as everywhere: o p q an output position, t r s a tap; three axes, missing ones of size 1.
"""

import numpy as np

from minicnn.kernels.cpu.convolution.axes import BEFORE, DILATION, OUT, SIZE, STRIDE, TAPS, TILE, three_axes
from minicnn.kernels.cpu.convolution.tiles import FROM_OLD, FROM_ZERO, TILE_FILTERS, TILE_TAPS, TILE_VECTORS, reduce_tile
from minicnn.kernels.cpu.convolution.walks import NO_FLOOR, gather_run
from minicnn.kernels.cpu.lanes.vector import LANES, fetch_to_write, lanes_between, load_where, splat, store
from minicnn.kernels.cpu.program.atomics import floats_at, whole_array
from minicnn.kernels.cpu.program.program import ACCUMULATE, ARENA, CACHE_LINE, COUNT, FIRST, PART, PARTS, SLOT
from minicnn.kernels.index import input_position, tap_range
from minicnn.kernels.machine_code.compile import kernel, step

ZERO = np.float32(0)

position_of = kernel(input_position)
taps_inside = kernel(tap_range)

TOGETHER = 32  # images copied together: few enough pages of memory for the processor to know their addresses
NOWHERE = -(1 << 62)  # the source of a row of taps without one inside


@kernel
def copy_patches(a, a_at, a_row, x, x_at, x_image, images, channels, depth, rows, columns, o, p, q, sources):
    """a[n, (c,t,r,s)] = what tap (c,t,r,s) of position (o,p,q) reads in image n, zeros outside.

    A row of taps moves as vectors: what a store writes too much is overwritten by the next row, and after the last one rows have room.

    sources : (any,) int64, scratch for one number a row of taps
    """
    first_t, stop_t = taps_inside(o, depth[SIZE], depth[TAPS], depth[STRIDE], depth[DILATION], depth[BEFORE])
    first_r, stop_r = taps_inside(p, rows[SIZE], rows[TAPS], rows[STRIDE], rows[DILATION], rows[BEFORE])
    first_s, stop_s = taps_inside(q, columns[SIZE], columns[TAPS], columns[STRIDE], columns[DILATION], columns[BEFORE])
    w = position_of(q, 0, columns[STRIDE], columns[DILATION], columns[BEFORE])
    lines = 0
    for c in range(channels):
        for t in range(depth[TAPS]):
            d = position_of(o, t, depth[STRIDE], depth[DILATION], depth[BEFORE])
            for r in range(rows[TAPS]):
                h = position_of(p, r, rows[STRIDE], rows[DILATION], rows[BEFORE])
                inside = first_t <= t < stop_t and first_r <= r < stop_r and first_s < stop_s
                sources[lines] = ((c * depth[SIZE] + d) * rows[SIZE] + h) * columns[SIZE] + w if inside else NOWHERE
                lines += 1
    S, step_w = columns[TAPS], columns[DILATION]
    for begin in range(0, images, TOGETHER):
        for line in range(lines):
            source, at = sources[line], a_at + line * S
            for s in range(0, S, LANES):
                if source == NOWHERE:
                    for n in range(begin, min(begin + TOGETHER, images)):
                        store(a, at + n * a_row + s, splat(ZERO))
                elif step_w == 1:
                    lanes = lanes_between(first_s - s, stop_s - s)
                    for n in range(begin, min(begin + TOGETHER, images)):
                        store(a, at + n * a_row + s, load_where(x, x_at + n * x_image + source + s, lanes))
                else:
                    for n in range(begin, min(begin + TOGETHER, images)):
                        for i in range(s, min(s + LANES, S)):
                            a[at + n * a_row + i] = x[x_at + n * x_image + source + i * step_w] if first_s <= i < stop_s else ZERO


@kernel
def backward_weight(
    dweight,
    w_at,
    w_filter,
    dy,
    dy_at,
    dy_plane,
    x,
    x_at,
    x_image,
    images,
    shard,
    groups,
    channels,
    filters,
    depth,
    rows,
    columns,
    patch,
    patch_at,
    patch_row,
    table,
    taps,
    accumulate,
    part,
    parts,
):
    """dweight (K, *tile, C/G, *taps), a tile position at a time, so that no two parts write the same filter.

    channels, filters : those of one group
    taps : where the table holds (n * patch_row, n) for each image
    """
    size = channels * depth[TAPS] * rows[TAPS] * columns[TAPS]
    pixels = depth[SIZE] * rows[SIZE] * columns[SIZE]
    tiles = depth[TILE] * rows[TILE] * columns[TILE]
    sources = np.empty(channels * depth[TAPS] * rows[TAPS], np.int64)
    for tile in range(tiles * part // parts, tiles * (part + 1) // parts):
        own = w_at + tile * size
        first_o, first_p = tile // (rows[TILE] * columns[TILE]), tile // columns[TILE] % rows[TILE]
        first_q = tile % columns[TILE]
        if first_o >= depth[OUT] or first_p >= rows[OUT] or first_q >= columns[OUT]:
            if not accumulate:  # a filter that no position uses
                for k in range(groups * filters):
                    for i in range(size):
                        dweight[own + k * w_filter + i] = ZERO
            continue
        begin = FROM_OLD if accumulate else FROM_ZERO
        for o in range(first_o, depth[OUT], depth[TILE]):
            for p in range(first_p, rows[OUT], rows[TILE]):
                for q in range(first_q, columns[OUT], columns[TILE]):
                    position = (o * rows[OUT] + p) * columns[OUT] + q
                    for group in range(groups):
                        copy_patches(
                            patch,
                            patch_at,
                            patch_row,
                            x,
                            x_at + group * channels * pixels,
                            x_image,
                            images,
                            channels,
                            depth,
                            rows,
                            columns,
                            o,
                            p,
                            q,
                            sources,
                        )
                        target = own + group * filters * w_filter
                        for i in range(0, size, TILE_VECTORS * LANES):
                            # while this strip is computed, the lines of the next are fetched: 104 to 85 ms for AlexNet's third layer
                            for k in range(filters):
                                for line in range(i + TILE_VECTORS * LANES, min(size, i + 2 * TILE_VECTORS * LANES), CACHE_LINE):
                                    fetch_to_write(dweight, target + k * w_filter + line)
                            gather_run(
                                dweight,
                                target + i,
                                w_filter,
                                LANES,
                                patch,
                                patch_at + i,
                                0,
                                LANES,
                                min(size - i, TILE_VECTORS * LANES),
                                LANES,
                                dy,
                                dy_at + group * filters * dy_plane + position * shard,
                                0,
                                dy_plane,
                                table,
                                taps,
                                taps + images,
                                1,
                                filters,
                                begin,
                                dy,
                                0,
                                0,
                                NO_FLOOR,
                            )
                    begin = FROM_OLD


@kernel
def forward_few(
    y,
    y_image,
    weight,
    w_filter,
    bias,
    b_filter,
    with_bias,
    x,
    x_image,
    images,
    groups,
    channels,
    filters,
    depth,
    rows,
    columns,
    patch,
    patch_at,
    patch_row,
    table,
    taps,
    part,
    parts,
):
    """y (N, K, *out) of few images, position by position: dot products along the taps, so that every weight is read once, in its order.

    One image through AlexNet's third layer, each position with its own filters: 42 to 21 ms.

    channels, filters : those of one group
    b_filter : biases of a filter, one for each place in the tile, or 1
    patch : room for a patch of one group for each image, rows `patch_row` apart
    taps : where the table holds (n * patch_row, n * y_image) for each image
    """
    pixels = depth[SIZE] * rows[SIZE] * columns[SIZE]
    size = channels * depth[TAPS] * rows[TAPS] * columns[TAPS]
    positions = depth[OUT] * rows[OUT] * columns[OUT]
    sources = np.empty(channels * depth[TAPS] * rows[TAPS], np.int64)
    for position in range(positions * part // parts, positions * (part + 1) // parts):
        o, p, q = position // (rows[OUT] * columns[OUT]), position // columns[OUT] % rows[OUT], position % columns[OUT]
        tile = ((o % depth[TILE]) * rows[TILE] + p % rows[TILE]) * columns[TILE] + q % columns[TILE]
        for group in range(groups):
            copy_patches(
                patch, patch_at, patch_row, x, group * channels * pixels, x_image, images, channels, depth, rows, columns, o, p, q, sources
            )
            first = group * filters
            for k in range(first, first + filters, TILE_FILTERS):
                for n in range(0, images, TILE_TAPS):
                    reduce_tile(
                        y,
                        k * positions + position,
                        positions,
                        weight,
                        k * w_filter + tile * size,
                        w_filter,
                        0,
                        patch,
                        patch_at,
                        0,
                        table,
                        taps + n,
                        images - n,
                        1,
                        size,
                        first + filters - k,
                        False,
                    )
        if with_bias:
            for n in range(images):
                for k in range(groups * filters):
                    y[n * y_image + k * positions + position] += bias[k * b_filter + (tile if b_filter > 1 else 0)]


# Steps.  Arguments end with the three axes.


@step(splits=True)
def unshared_call_backward_weight(memory, parameters, table, a, frame):
    """From and to a user's arrays: dweight and x lie where the frame's fields say, dy in lanes.

    a: field of dweight, its filter, dy, its plane, field of x, its image, shard, groups, channels and filters of a group, patches, elements
    from part to part, row of a patch, taps, whether to add.
    """
    m, arena = whole_array(memory), frame[ARENA]
    depth, rows, columns = three_axes(a, 15)
    x = whole_array(floats_at(frame[a[4]]))
    dweight = whole_array(floats_at(frame[a[0]]))
    backward_weight(
        dweight,
        0,
        a[1],
        m,
        arena + a[2],
        a[3],
        x,
        frame[FIRST] * a[5],
        a[5],
        frame[COUNT],
        a[6],
        a[7],
        a[8],
        a[9],
        depth,
        rows,
        columns,
        m,
        arena + a[10] + frame[PART] * a[11],
        a[12],
        whole_array(table),
        a[13],
        a[14] != 0,
        frame[PART],
        frame[PARTS],
    )


@step(splits=True)
def unshared_call_forward(memory, parameters, table, a, frame):
    """From and to a user's arrays, few images.

    a: field of y, its image, its filter of weights, biases of a filter (0: none), field of x, its image, groups, channels and filters of a
    group, patches, elements from part to part, row of a patch, taps, three axes.
    """
    m = whole_array(memory)
    depth, rows, columns = three_axes(a, 13)
    y = whole_array(floats_at(frame[a[0]] + 4 * frame[FIRST] * a[1]))
    x = whole_array(floats_at(frame[a[4]] + 4 * frame[FIRST] * a[5]))
    forward_few(
        y,
        a[1],
        whole_array(parameters),
        a[2],
        m,
        a[3],
        a[3] > 0,
        x,
        a[5],
        frame[COUNT],
        a[6],
        a[7],
        a[8],
        depth,
        rows,
        columns,
        m,
        frame[ARENA] + a[9] + frame[PART] * a[10],
        a[11],
        whole_array(table),
        a[12],
        frame[PART],
        frame[PARTS],
    )


@step(splits=True)
def unshared_step_backward_weight(memory, parameters, table, a, frame):
    """In a plan: dweight in the slot, dy in lanes, x image by image (see `append_unshared_backward_weight`).

    a: dweight, its filter, dy, its plane, x, its image, and the rest as above.
    """
    m, arena = whole_array(memory), frame[ARENA]
    depth, rows, columns = three_axes(a, 15)
    backward_weight(
        m,
        frame[SLOT] + a[0],
        a[1],
        m,
        arena + a[2],
        a[3],
        m,
        arena + a[4],
        a[5],
        frame[COUNT],
        a[6],
        a[7],
        a[8],
        a[9],
        depth,
        rows,
        columns,
        m,
        arena + a[10] + frame[PART] * a[11],
        a[12],
        whole_array(table),
        a[13],
        frame[ACCUMULATE] != 0,
        frame[PART],
        frame[PARTS],
    )
