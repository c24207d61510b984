"""Unshared and tiled convolution, where a filter serves few positions and the weights outweigh the images.

    y[n,k,p]           = sum over c, r, s of weight[k,u,c,r,s] * x[n,c,h,w]             with the filter u that position p uses
    dweight[k,u,c,r,s] = sum over n, and the positions p that use filter u, of dy[k,p,n] * x[n,c,h,w]

Both go position by position, so that each weight is read or written once, as part of a whole filter that lies side by side in memory.
What the position reads is first copied to a patch, a row an image.  The reduce tile then sums over (c,r,s); for the weight gradient, the
gather tile over images as its taps, with lanes over (c,r,s).  The input gradient is in `unshared_input.py`.

Letters as everywhere: o p q an output position, t r s a tap; three axes, missing ones of size 1.
"""

from typing import Any, NamedTuple

import numpy as np

from minicnn.kernels.cpu.convolution.axes import ThreeAxes, three_axes
from minicnn.kernels.cpu.convolution.operands import Groups, Rows, Taps
from minicnn.kernels.cpu.convolution.tiles import FROM_OLD, FROM_ZERO, TILE_FILTERS, TILE_TAPS, TILE_VECTORS, reduce_tile
from minicnn.kernels.cpu.convolution.walks import weigh_rows
from minicnn.kernels.cpu.lanes.vector import LANES, fetch_to_write, lanes_between, load_where, splat, store
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.cpu.program.operands import Strided, array_in
from minicnn.kernels.cpu.program.program import CACHE_LINE
from minicnn.kernels.index import input_position, tap_range
from minicnn.kernels.machine_code.compile import kernel, step
from minicnn.kernels.machine_code.records import values

ZERO = np.float32(0)

position_of = kernel(input_position)
taps_inside = kernel(tap_range)

TOGETHER = 32  # images copied together: few enough pages of memory for the processor to know their addresses
NOWHERE = -(1 << 62)  # the source of a row of taps without one inside


@kernel
def copy_patches(patch, x, images, channels, axes, o, p, q, sources):
    """patch[n, (c,t,r,s)] = what tap (c,t,r,s) of position (o,p,q) reads in image n, zeros outside.

    A row of taps moves as vectors: what a store writes too much is overwritten by the next row, and after the last one rows have room.

    patch, x : Strided, by image
    sources : (any,) int64, scratch for one number a row of taps
    """
    depth, rows, columns = axes
    first_t, stop_t = taps_inside(o, depth.size, depth.taps, depth.stride, depth.dilation, depth.before)
    first_r, stop_r = taps_inside(p, rows.size, rows.taps, rows.stride, rows.dilation, rows.before)
    first_s, stop_s = taps_inside(q, columns.size, columns.taps, columns.stride, columns.dilation, columns.before)
    w = position_of(q, 0, columns.stride, columns.dilation, columns.before)
    lines = 0
    for c in range(channels):
        for t in range(depth.taps):
            d = position_of(o, t, depth.stride, depth.dilation, depth.before)
            for r in range(rows.taps):
                h = position_of(p, r, rows.stride, rows.dilation, rows.before)
                inside = first_t <= t < stop_t and first_r <= r < stop_r and first_s < stop_s
                sources[lines] = ((c * depth.size + d) * rows.size + h) * columns.size + w if inside else NOWHERE
                lines += 1
    S, step_w = columns.taps, columns.dilation
    for begin in range(0, images, TOGETHER):
        for line in range(lines):
            source, at = sources[line], patch.base + line * S
            for s in range(0, S, LANES):
                if source == NOWHERE:
                    for n in range(begin, min(begin + TOGETHER, images)):
                        store(patch.array, at + n * patch.step + s, splat(ZERO))
                elif step_w == 1:
                    lanes = lanes_between(first_s - s, stop_s - s)
                    for n in range(begin, min(begin + TOGETHER, images)):
                        store(patch.array, at + n * patch.step + s, load_where(x.array, x.base + n * x.step + source + s, lanes))
                else:
                    for n in range(begin, min(begin + TOGETHER, images)):
                        for i in range(s, min(s + LANES, S)):
                            own = x.base + n * x.step + source + i * step_w
                            patch.array[at + n * patch.step + i] = x.array[own] if first_s <= i < stop_s else ZERO


@kernel
def backward_weight(dweight, dy, x, images, shard, sizes, axes, patch, accumulate, part, parts):
    """dweight (K, *tile, C/G, *taps), a tile position at a time, so that no two parts write the same filter.

    dweight, dy : Strided, by filter;  x, patch : Strided, by image;  sizes : Groups
    images : Taps, (n * patch.step, n) for each image
    """
    (groups, channels, filters), (depth, rows, columns) = sizes, axes
    size = channels * depth.taps * rows.taps * columns.taps
    pixels = depth.size * rows.size * columns.size
    tiles = depth.tile * rows.tile * columns.tile
    sources = np.empty(channels * depth.taps * rows.taps, np.int64)
    for tile in range(tiles * part // parts, tiles * (part + 1) // parts):
        own = dweight.base + tile * size
        first_o, first_p = tile // (rows.tile * columns.tile), tile // columns.tile % rows.tile
        first_q = tile % columns.tile
        if first_o >= depth.out or first_p >= rows.out or first_q >= columns.out:
            if not accumulate:  # a filter that no position uses
                for k in range(groups * filters):
                    for i in range(size):
                        dweight.array[own + k * dweight.step + i] = ZERO
            continue
        begin = FROM_OLD if accumulate else FROM_ZERO
        for o in range(first_o, depth.out, depth.tile):
            for p in range(first_p, rows.out, rows.tile):
                for q in range(first_q, columns.out, columns.tile):
                    position = (o * rows.out + p) * columns.out + q
                    for group in range(groups):
                        source = Strided(x.array, x.base + group * channels * pixels, x.step)
                        copy_patches(patch, source, images.stop - images.first, channels, axes, o, p, q, sources)
                        gradient = Strided(dy.array, dy.base + group * filters * dy.step + position * shard, dy.step)
                        target = own + group * filters * dweight.step
                        for i in range(0, size, TILE_VECTORS * LANES):
                            # while this strip is computed, the lines of the next are fetched: 104 to 85 ms for AlexNet's third layer
                            for k in range(filters):
                                for line in range(i + TILE_VECTORS * LANES, min(size, i + 2 * TILE_VECTORS * LANES), CACHE_LINE):
                                    fetch_to_write(dweight.array, target + k * dweight.step + line)
                            weigh_rows(
                                Strided(dweight.array, target + i, dweight.step),
                                Strided(patch.array, patch.base + i, 0),
                                gradient,
                                images,
                                filters,
                                min(size - i, TILE_VECTORS * LANES),
                                begin,
                            )
                    begin = FROM_OLD


@kernel
def forward_few(y, weight, bias, x, images, sizes, axes, patch, part, parts):
    """y (N, K, *out) of few images, position by position: dot products along the taps, so that every weight is read once, in its order.

    One image through AlexNet's third layer, each position with its own filters: 42 to 21 ms.

    y, x, patch : Strided, by image;  weight, bias : Strided, by filter, with a bias for each place in the tile, 1, or none
    sizes : Groups
    images : Taps, (n * patch.step, n * y.step) for each image
    """
    (groups, channels, filters), (depth, rows, columns) = sizes, axes
    pixels = depth.size * rows.size * columns.size
    size = channels * depth.taps * rows.taps * columns.taps
    positions = depth.out * rows.out * columns.out
    sources, count = np.empty(channels * depth.taps * rows.taps, np.int64), images.stop - images.first
    for position in range(positions * part // parts, positions * (part + 1) // parts):
        o, p, q = position // (rows.out * columns.out), position // columns.out % rows.out, position % columns.out
        tile = ((o % depth.tile) * rows.tile + p % rows.tile) * columns.tile + q % columns.tile
        for group in range(groups):
            source = Strided(x.array, x.base + group * channels * pixels, x.step)
            copy_patches(patch, source, count, channels, axes, o, p, q, sources)
            first = group * filters
            for k in range(first, first + filters, TILE_FILTERS):
                own = Strided(y.array, y.base + k * positions + position, positions)
                row = Rows(weight.array, weight.base + k * weight.step + tile * size, weight.step, 0)
                for n in range(images.first, images.stop, TILE_TAPS):
                    some = Taps(images.table, n, images.stop)
                    reduce_tile(own, row, Strided(patch.array, patch.base, 0), some, first + filters - k, 1, size, False)
        if bias.step > 0:
            for n in range(count):
                for k in range(groups * filters):
                    start = bias.array[bias.base + k * bias.step + (tile if bias.step > 1 else 0)]
                    y.array[y.base + n * y.step + k * positions + position] += start


# Steps.  Patches are each part's own, in the arena.


class Patches(NamedTuple):
    """Where patches of one position lie: in the arena, elements from part to part and from row to row; where the table holds the images."""

    place: Any
    pitch: int
    row: int
    taps: int


@kernel
def patches_of_part(memory, frame, patches):
    """This part's Patches: Strided."""
    return Strided(memory, frame.arena + patches.place + frame.part * patches.pitch, patches.row)


@step("w_filter dy dy_plane shard add dweight x x_image", groups=Groups, patches=Patches, axes=ThreeAxes, splits=True)
def unshared_call_backward_weight(memory, parameters, table, a, frame):
    """From and to a user's arrays: dweight and x are fields of the frame, dy lies in lanes."""
    m, images = whole_array(memory), Taps(whole_array(table), a.patches.taps, a.patches.taps + frame.count)
    backward_weight(
        Strided(array_in(frame, a.dweight), 0, a.w_filter),
        Strided(m, frame.arena + a.dy, a.dy_plane),
        Strided(array_in(frame, a.x), frame.first * a.x_image, a.x_image),
        images,
        a.shard,
        values(Groups, a.groups),
        three_axes(a.axes),
        patches_of_part(m, frame, a.patches),
        a.add != 0,
        frame.part,
        frame.parts,
    )


@step("y y_image w_filter biases x x_image", groups=Groups, patches=Patches, axes=ThreeAxes, splits=True)
def unshared_call_forward(memory, parameters, table, a, frame):
    """From and to a user's arrays, few images: y and x are fields of the frame; `biases` of a filter, 0 for none, at the beginning of memory."""
    m, images = whole_array(memory), Taps(whole_array(table), a.patches.taps, a.patches.taps + frame.count)
    forward_few(
        Strided(array_in(frame, a.y), frame.first * a.y_image, a.y_image),
        Strided(whole_array(parameters), 0, a.w_filter),
        Strided(m, 0, a.biases),
        Strided(array_in(frame, a.x), frame.first * a.x_image, a.x_image),
        images,
        values(Groups, a.groups),
        three_axes(a.axes),
        patches_of_part(m, frame, a.patches),
        frame.part,
        frame.parts,
    )


@step("dweight w_filter dy dy_plane x x_image shard", groups=Groups, patches=Patches, axes=ThreeAxes, splits=True)
def unshared_step_backward_weight(memory, parameters, table, a, frame):
    """In a plan: dweight in the slot, dy in lanes, x image by image (see `append_tiled_backward_weight`)."""
    m, images = whole_array(memory), Taps(whole_array(table), a.patches.taps, a.patches.taps + frame.count)
    backward_weight(
        Strided(m, frame.slot + a.dweight, a.w_filter),
        Strided(m, frame.arena + a.dy, a.dy_plane),
        Strided(m, frame.arena + a.x, a.x_image),
        images,
        a.shard,
        values(Groups, a.groups),
        three_axes(a.axes),
        patches_of_part(m, frame, a.patches),
        frame.accumulate != 0,
        frame.part,
        frame.parts,
    )
