"""For shards too small to fill a vector: the arranged copy that convolutions read, and the linear layer as dot products.

With one image a lane cannot be an image.  Convolution lets lanes run over columns instead, the linear layer over features.  Other steps
go on as they are: a vector of theirs then holds one real number and its neighbours, which are computed again in their turn.
"""

import numpy as np

from minicnn.kernels.compile import kernel, step
from minicnn.kernels.cpu.atomics import whole_array
from minicnn.kernels.cpu.plane_transfer import copy_numbers
from minicnn.kernels.cpu.program import ARENA, PART, PARTS
from minicnn.kernels.cpu.tiles import TILE_FILTERS, TILE_TAPS, reduce_tile

ZERO = np.float32(0)


@kernel
def arrange(m, y_at, x_at, first, stop, shard, sizes, before, widths, columns, stride):
    """y[c, d, h, w % stride, w // stride, n] = x[c, d, h, w - before, n]: x between its padding, which is left as it is.

    sizes : depth, rows, columns of x;  widths : depth and rows of y;  columns : those of one remainder
    """
    depth, rows, width = sizes
    pitch = columns * stride * shard
    for c in range(first, stop):
        for d in range(depth):
            for h in range(rows):
                source = x_at + ((c * depth + d) * rows + h) * width * shard
                target = y_at + ((c * widths[0] + d + before[0]) * widths[1] + h + before[1]) * pitch
                if stride == 1:
                    copy_numbers(m, target + before[2] * shard, m, source, width * shard)
                    continue
                for remainder in range(stride):
                    # the first column of this remainder that lies inside
                    first = (max(0, before[2] - remainder) + stride - 1) // stride
                    count = (before[2] + width - remainder + stride - 1) // stride - first
                    at = target + (remainder * columns + first) * shard
                    pixel = source + (first * stride + remainder - before[2]) * shard
                    for n in range(shard):
                        for i in range(count):
                            m[at + i * shard + n] = m[pixel + i * stride * shard + n]


@kernel
def linear_dot(y, y_at, shard, weight, w_at, x, x_at, features, first, stop, table, images, bias, b_at, with_bias, rectify):
    """y[k, n] = bias[k] + sum over f of weight[k, f] * x[n, f]: six rows of weights against up to four images at a time.

    For one image the time is that of reading the weights, each of them once.
    """
    for k in range(first, stop, TILE_FILTERS):
        for n in range(0, shard, TILE_TAPS):
            reduce_tile(y, y_at + k * shard, shard, weight, w_at + k * features, features, 0, x, x_at, 0, table, images + n, shard - n, 1,
                        features, stop - k, False)
        for j in range(k, min(k + TILE_FILTERS, stop)):
            own = bias[b_at + j] if with_bias else ZERO
            for n in range(shard):
                value = y[y_at + j * shard + n] + own
                y[y_at + j * shard + n] = ZERO if rectify and value < ZERO else value


# Steps.  Offsets are into the arena; weights and bias are parameters, or, for a single call, the bias lies in memory.

@step(splits=True)
def arrange_step(memory, parameters, table, a, frame):
    """a: y, x, channels, shard, three sizes, three paddings, two widths, columns, stride."""
    m, arena, part, parts = whole_array(memory), frame[ARENA], frame[PART], frame[PARTS]
    arrange(m, arena + a[0], arena + a[1], a[2] * part // parts, a[2] * (part + 1) // parts, a[3], (a[4], a[5], a[6]), (a[7], a[8], a[9]),
            (a[10], a[11]), a[12], a[13])


@step(splits=True)
def linear_dot_step(memory, parameters, table, a, frame):
    """a: y, shard, weight, x by feature, features, filters, table of images, with bias, bias, rectify, bias in memory."""
    m, w, arena, part, parts = whole_array(memory), whole_array(parameters), frame[ARENA], frame[PART], frame[PARTS]
    tiles = (a[5] + TILE_FILTERS - 1) // TILE_FILTERS
    first, stop = tiles * part // parts * TILE_FILTERS, min(a[5], tiles * (part + 1) // parts * TILE_FILTERS)
    bias = m if a[10] != 0 else w
    linear_dot(m, arena + a[0], a[1], w, a[2], m, arena + a[3], a[4], first, stop, whole_array(table), a[6], bias, a[8], a[7] != 0,
               a[9] != 0)
