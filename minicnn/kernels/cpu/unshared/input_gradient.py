"""The input gradient of unshared and tiled convolution, where a filter serves few positions and the weights outweigh the images.

    dx[n,c,h,w] += sum over k of weight[k,u,c,r,s] * dy[n,k,p]      for every position p, its filter u and tap (r, s) that reads (h, w)

Position by position, so that each weight is read once, as part of a whole filter that lies side by side in memory.  What the position
sends back, a number for each (c,r,s), is summed up in a patch and then added where the taps read.

Few images: the filters of a position are long rows, whose sum with dy as factors is the patch (`row_tile.py`).
Many images: they are the lanes; the gather tile takes (c,r,s) for its filters and filters for its taps.

Letters as in `unshared.py`.
"""

from typing import Any, NamedTuple

import numpy as np

from minicnn.kernels.cpu.convolution.axes import ThreeAxes, three_axes
from minicnn.kernels.cpu.convolution.operands import Groups, Taps
from minicnn.kernels.cpu.convolution.row_tile import Factors, add_rows
from minicnn.kernels.cpu.convolution.tiles import FROM_OLD, FROM_ZERO, TILE_VECTORS
from minicnn.kernels.cpu.convolution.walks import weigh_rows
from minicnn.kernels.cpu.lanes.vector import LANES, load, load_first, splat, store, store_first
from minicnn.kernels.cpu.program.atomics import floats_at, whole_array
from minicnn.kernels.cpu.program.operands import Strided, array_in, share
from minicnn.kernels.cpu.unshared.unshared import Patches, patches_of_part
from minicnn.kernels.index import input_position, tap_range
from minicnn.kernels.machine_code.compile import kernel, step
from minicnn.kernels.machine_code.records import field_of, values

FILTER_BLOCK = 96  # filters whose gradients of one position, 64 images each, fill half of the first-level cache
ZERO = np.float32(0)

position_of = kernel(input_position)
taps_inside = kernel(tap_range)


@kernel
def add_patch_of_one(dx, dx_at, patch, patch_at, channels, axes, o, p, q):
    """dx[c,d,h,w] += patch[c,t,r,s] for every tap (t,r,s) of position (o,p,q) that reads inside, in one image."""
    depth, rows, columns = axes
    first_t, stop_t = taps_inside(o, depth.size, depth.taps, depth.stride, depth.dilation, depth.before)
    first_r, stop_r = taps_inside(p, rows.size, rows.taps, rows.stride, rows.dilation, rows.before)
    first_s, stop_s = taps_inside(q, columns.size, columns.taps, columns.stride, columns.dilation, columns.before)
    w = position_of(q, first_s, columns.stride, columns.dilation, columns.before)
    count, step_w = stop_s - first_s, columns.dilation
    for c in range(channels):
        for t in range(first_t, stop_t):
            d = position_of(o, t, depth.stride, depth.dilation, depth.before)
            for r in range(first_r, stop_r):
                h = position_of(p, r, rows.stride, rows.dilation, rows.before)
                at = dx_at + ((c * depth.size + d) * rows.size + h) * columns.size + w
                tap = patch_at + ((c * depth.taps + t) * rows.taps + r) * columns.taps + first_s
                for i in range(count):
                    dx[at + i * step_w] += patch[tap + i]


@kernel
def backward_input_few(dx, dy, images, weight, sizes, axes, patch, part, parts):
    """dx (N, C, *in) of few images: what one of the parts of all positions sends back.

    Positions of one filter of the tile follow one another, so that its weights are still near for the second.  One image through AlexNet's
    third layer, each position with its own filters, on one thread: 88 to 20 ms.

    dx, dy, patch : Strided, by image;  weight : Strided, by filter;  sizes : Groups
    """
    (groups, channels, filters), (depth, rows, columns) = sizes, axes
    pixels = depth.size * rows.size * columns.size
    size = channels * depth.taps * rows.taps * columns.taps
    positions = depth.out * rows.out * columns.out
    for i in range(0, images * dx.step):
        dx.array[dx.base + i] = ZERO
    number = 0
    for tile in range(depth.tile * rows.tile * columns.tile):
        for o in range(tile // (rows.tile * columns.tile), depth.out, depth.tile):
            for p in range(tile // columns.tile % rows.tile, rows.out, rows.tile):
                for q in range(tile % columns.tile, columns.out, columns.tile):
                    number += 1
                    if not positions * part // parts < number <= positions * (part + 1) // parts:
                        continue
                    position = (o * rows.out + p) * columns.out + q
                    for group in range(groups):
                        for i in range(0, images * patch.step):
                            patch.array[patch.base + i] = ZERO
                        own = Strided(weight.array, group * filters * weight.step + tile * size, weight.step)
                        factors = Factors(dy.array, dy.base + group * filters * positions + position, positions, dy.step)
                        add_rows(patch, images, own, filters, size, factors)
                        target = dx.base + group * channels * pixels
                        for n in range(images):
                            place, row = target + n * dx.step, patch.base + n * patch.step
                            add_patch_of_one(dx.array, place, patch.array, row, channels, axes, o, p, q)


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
def add_patch(dx, shard, lanes, sums, sums_at, channels, axes, o, p, q):
    """dx[c,d,h,w] += sums[c,t,r,s] for every tap (t,r,s) of position (o,p,q) that reads inside."""
    depth, rows, columns = axes
    first_t, stop_t = taps_inside(o, depth.size, depth.taps, depth.stride, depth.dilation, depth.before)
    first_r, stop_r = taps_inside(p, rows.size, rows.taps, rows.stride, rows.dilation, rows.before)
    first_s, stop_s = taps_inside(q, columns.size, columns.taps, columns.stride, columns.dilation, columns.before)
    for c in range(channels):
        for t in range(first_t, stop_t):
            d = position_of(o, t, depth.stride, depth.dilation, depth.before)
            for r in range(first_r, stop_r):
                h = position_of(p, r, rows.stride, rows.dilation, rows.before)
                for s in range(first_s, stop_s):
                    w = position_of(q, s, columns.stride, columns.dilation, columns.before)
                    at = dx.base + c * dx.step + ((d * rows.size + h) * columns.size + w) * shard
                    tap = sums_at + (((c * depth.taps + t) * rows.taps + r) * columns.taps + s) * lanes
                    for n in range(0, lanes, LANES):
                        store(dx.array, at + n, load(dx.array, at + n) + load(sums, tap + n))


@kernel
def pack(packed, x, rows, size):
    """packed[row, :size] = x[row, :size], both Strided.  Numbers beyond, up to a whole vector, are written too."""
    whole = size // LANES * LANES
    for row in range(rows):
        target, source = packed.base + row * packed.step, x.base + row * x.step
        for i in range(0, whole, LANES):
            store(packed.array, target + i, load(x.array, source + i))
        if whole < size:
            store(packed.array, target + whole, load_first(x.array, source + whole, size - whole))


class Scratch(NamedTuple):
    """A part's own memory.

    block : channels whose weights of one position are packed together, FILTER_BLOCK filters at a time
    packed, pitch : place of packed weights, elements from row to row
    gradients, sums : places of packed output gradients and of a patch
    taps : where the table holds (k * shard, k * pitch) for each filter of a block
    """

    block: int
    packed: Any
    pitch: int
    gradients: int
    sums: int
    taps: int


@kernel
def backward_input(dx, dy, shard, weight, sizes, axes, scratch, at, table, part, parts):
    """dx (C, *in), position by position, some channels and lanes of it a part.

    Weights and output gradients of a position lie far apart, on a page of memory each; so they are first packed together.

    dx, dy : Strided, by channel and by filter, in the same memory;  weight : Strided, by filter;  sizes : Groups
    scratch, at : Scratch, and where it begins
    """
    (groups, channels, filters), (depth, rows, columns) = sizes, axes
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
    taps_each = depth.taps * rows.taps * columns.taps
    pixels = depth.size * rows.size * columns.size
    if lanes <= 0 or first_c == stop_c:
        return
    for c in range(first_c, stop_c):
        for pixel in range(pixels):
            for n in range(0, lanes, LANES):
                store(dx.array, dx.base + c * dx.step + pixel * shard + first_n + n, splat(ZERO))
    packed = Strided(dx.array, at, scratch.pitch)
    gradients, sums = Strided(dx.array, at + scratch.gradients, shard), Strided(dx.array, at + scratch.sums, lanes)
    for o in range(depth.out):
        for p in range(rows.out):
            for q in range(columns.out):
                tile = ((o % depth.tile) * rows.tile + p % rows.tile) * columns.tile + q % columns.tile
                position = (o * rows.out + p) * columns.out + q
                c, packed_group = first_c, -1
                while c < stop_c:
                    group = c // channels
                    some = min(scratch.block, stop_c - c, (group + 1) * channels - c)
                    size = some * taps_each
                    own = weight.base + group * filters * weight.step + (tile * channels + c - group * channels) * taps_each
                    if group != packed_group:
                        source = dy.base + group * filters * dy.step + position * shard + first_n
                        pack(gradients, Strided(dy.array, source, dy.step), filters, lanes)
                        packed_group = group
                    for k in range(0, filters, FILTER_BLOCK):
                        count = min(FILTER_BLOCK, filters - k)
                        pack(packed, Strided(weight.array, own + k * weight.step, weight.step), count, size)
                        weigh_rows(
                            sums,
                            Strided(dx.array, gradients.base + k * shard, 0),
                            Strided(dx.array, packed.base, 1),
                            Taps(table, scratch.taps, scratch.taps + count),
                            size,
                            lanes,
                            FROM_OLD if k > 0 else FROM_ZERO,
                        )
                    target = Strided(dx.array, dx.base + c * dx.step + first_n, dx.step)
                    add_patch(target, shard, lanes, dx.array, sums.base, some, axes, o, p, q)
                    c += some


# Steps.


@step("sums sums_size dx_image dy dy_image w_filter", groups=Groups, patches=Patches, axes=ThreeAxes, splits=True)
def unshared_call_backward_input(memory, parameters, table, a, frame):
    """From a user's array, few images: each part's own sum (arena), for `add_up_step` to add; dy is a field of the frame."""
    m = whole_array(memory)
    backward_input_few(
        Strided(m, frame.arena + a.sums + frame.part * a.sums_size, a.dx_image),
        Strided(array_in(frame, a.dy), frame.first * a.dy_image, a.dy_image),
        frame.count,
        Strided(whole_array(parameters), 0, a.w_filter),
        values(Groups, a.groups),
        three_axes(a.axes),
        patches_of_part(m, frame, a.patches),
        frame.part,
        frame.parts,
    )


@step("y y_image x x_size count", splits=True)
def add_up_step(memory, parameters, table, a, frame):
    """y, a field of the frame, from `count` stretches of x (arena)."""
    y = whole_array(floats_at(field_of(frame, a.y) + 4 * frame.first * a.y_image))
    first, stop = share(frame.count * a.y_image, frame)
    add_up(y, first, stop, whole_array(memory), frame.arena + a.x, a.x_size, a.count)


@step("dx dx_plane dy dy_plane shard weight w_filter part_size", groups=Groups, scratch=Scratch, axes=ThreeAxes, splits=True)
def unshared_step_backward_input(memory, parameters, table, a, frame):
    """dx from dy (arena), with `part_size` elements of scratch for each part."""
    m, scratch = whole_array(memory), values(Scratch, a.scratch)
    backward_input(
        Strided(m, frame.arena + a.dx, a.dx_plane),
        Strided(m, frame.arena + a.dy, a.dy_plane),
        a.shard,
        Strided(whole_array(parameters), a.weight, a.w_filter),
        values(Groups, a.groups),
        three_axes(a.axes),
        scratch,
        frame.arena + scratch.packed + frame.part * a.part_size,
        whole_array(table),
        frame.part,
        frame.parts,
    )
