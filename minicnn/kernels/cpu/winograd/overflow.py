"""Where Winograd's sums leave the finite numbers: the tiles of a block once more, tap by tap.

The transforms add and subtract the inputs of a tile.  An infinite pixel, NaN, or numbers near the largest that float32 holds would spread
over all pixels of the tile, as NaN.  Whoever computes tiles adds their pixels up, 16 additions beside thousands; if the sum is not finite,
what follows here writes them anew, and each is the sum that the convolution's own loop gives.
"""

from minicnn.kernels.cpu.lanes.vector import LANES, load, multiply_add, select, splat, store, total
from minicnn.kernels.machine_code.compile import kernel


@kernel
def is_finite(pixels):
    """Whether no lane is NaN or infinite, nor all together are too much."""
    summed = total(pixels)
    return summed - summed == 0


@kernel
def write_pixel(y, y_at, x, x_at, x_plane, weight, w_at, w_channel, channels, flip, sizes, shard, h, w, start, floor):
    """One pixel of one filter for a vector of images; (h, w) is where its first tap reads, and taps outside are left out."""
    value = splat(start)
    for c in range(channels):
        for r in range(3):
            for s in range(3):
                if 0 <= h + r < sizes[0] and 0 <= w + s < sizes[1]:
                    tap = 8 - 3 * r - s if flip else 3 * r + s
                    at = x_at + c * x_plane + ((h + r) * sizes[1] + w + s) * shard
                    value = multiply_add(load(x, at), weight[w_at + c * w_channel + tap], value)
    store(y, y_at, select(value < floor, splat(floor), value))


@kernel
def write_tile(y, y_at, x, x_at, x_plane, weight, w_at, w_channel, channels, flip, sizes, before, out, shard, p, q, edge, start, floor):
    """The pixels of one filter and tile that lie inside, for a vector of images; the tile begins at pixel (p, q)."""
    for i in range(p, min(p + edge, out[0])):
        for j in range(q, min(q + edge, out[1])):
            write_pixel(
                y,
                y_at + (i * out[1] + j) * shard,
                x,
                x_at,
                x_plane,
                weight,
                w_at,
                w_channel,
                channels,
                flip,
                sizes,
                shard,
                i - before[0],
                j - before[1],
                start,
                floor,
            )


@kernel
def write_rows(m, y_at, y_row, x_at, x_channel, weight, w_at, w_channel, channels, flip, table, offsets, side, start, floor, s_at):
    """y[i, edge*tile + j] of one filter for a vector of tiles, from sorted pixels; see `winograd_few.transform_inputs` for the offsets."""
    edge = side - 2
    for i in range(edge):
        for j in range(edge):
            value = splat(start)
            for c in range(channels):
                for r in range(3):
                    for s in range(3):
                        tap = 8 - 3 * r - s if flip else 3 * r + s
                        value = multiply_add(
                            load(m, x_at + c * x_channel + table[offsets + (i + r) * side + j + s]),
                            weight[w_at + c * w_channel + tap],
                            value,
                        )
            store(m, s_at, select(value < floor, splat(floor), value))
            for lane in range(LANES):
                m[y_at + i * y_row + lane * edge + j] = m[s_at + lane]
