"""Winograd's filters: G g G^T of every filter and channel, once for all tiles; see `winograd.py`."""

import numpy as np

from minicnn.kernels.cpu.convolution.tiles import TILE_FILTERS
from minicnn.kernels.cpu.lanes.shuffle import transpose_square
from minicnn.kernels.cpu.lanes.vector import LANES, load, load_first, store, store_first
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.cpu.program.program import PART, PARTS
from minicnn.kernels.machine_code.compile import kernel, step

_f = np.float32
ZERO, MINUS, HALF = _f(0), _f(-1), _f(0.5)
QUARTER, SIXTH, TWELFTH, TWENTY_FOURTH = _f(1 / 4), _f(1 / 6), _f(1 / 12), _f(1 / 24)
TURNED_ROWS = max(9, LANES)  # of a square, of which nine are taps


@kernel
def filter_to_four(g0, g1, g2):
    """G g for m = 2."""
    outer, inner = (g0 + g2) * HALF, g1 * HALF
    return g0, outer + inner, outer - inner, g2


@kernel
def filter_to_six(g0, g1, g2):
    """G g for m = 4."""
    outer, inner = (g0 + g2) * SIXTH, g1 * SIXTH
    wide, narrow = g0 * TWENTY_FOURTH + g2 * SIXTH, g1 * TWELFTH
    return g0 * QUARTER, (outer + inner) * MINUS, inner - outer, wide + narrow, wide - narrow, g2


@kernel
def transform_filters(u, u_at, weight, w_at, w_filter, w_channel, channels, first, stop, filters, all_filters, side, flip, scratch, s_at):
    """u[i, j, k, c] = (G g[k,c] G^T)[i, j] for the tiles of `product` first <= tile < stop, laid out for it; `side` is m + 2.

    w_filter, w_channel : from one filter to the next, from one channel to the next
    filters, all_filters : how many there are, and those of whole tiles; the ones too many are zeros
    scratch : a square of LANES x LANES, TURNED_ROWS vectors, 3*side vectors
    """
    plane = all_filters * channels
    turned = s_at + LANES * LANES
    half = turned + TURNED_ROWS * LANES
    for tile in range(first, stop):
        k = tile * TILE_FILTERS
        breadth = min(TILE_FILTERS, all_filters - k)
        numbers = breadth * channels
        for i in range(0, numbers, LANES):
            left = numbers - i
            # filters of a channel as rows; turned, a row is a tap and a lane a filter of a channel
            for lane in range(LANES):
                c, j = (i + lane) // breadth, (i + lane) % breadth
                taps = 9 if lane < left and k + j < filters else 0
                if LANES > 8:
                    store(scratch, s_at + lane * LANES, load_first(weight, w_at + (k + j) * w_filter + c * w_channel, taps))
                else:
                    for r in range(9):
                        scratch[turned + r * LANES + lane] = weight[w_at + (k + j) * w_filter + c * w_channel + r] if taps else ZERO
            if LANES > 8:
                transpose_square(scratch, turned, LANES, scratch, s_at, LANES)
            for s in range(3):
                tap, down = (turned + (8 - s) * LANES, -3 * LANES) if flip else (turned + s * LANES, 3 * LANES)
                g0, g1, g2 = load(scratch, tap), load(scratch, tap + down), load(scratch, tap + 2 * down)
                if side == 4:
                    t0, t1, t2, t3 = filter_to_four(g0, g1, g2)
                else:
                    t0, t1, t2, t3, t4, t5 = filter_to_six(g0, g1, g2)
                    store(scratch, half + (4 * 3 + s) * LANES, t4)
                    store(scratch, half + (5 * 3 + s) * LANES, t5)
                store(scratch, half + s * LANES, t0)
                store(scratch, half + (3 + s) * LANES, t1)
                store(scratch, half + (2 * 3 + s) * LANES, t2)
                store(scratch, half + (3 * 3 + s) * LANES, t3)
            for j in range(side):
                at = half + 3 * j * LANES
                target = u_at + j * side * plane + k * channels + i
                h0, h1, h2 = load(scratch, at), load(scratch, at + LANES), load(scratch, at + 2 * LANES)
                if side == 4:
                    t0, t1, t2, t3 = filter_to_four(h0, h1, h2)
                else:
                    t0, t1, t2, t3, t4, t5 = filter_to_six(h0, h1, h2)
                    store_first(u, target + 4 * plane, t4, left)
                    store_first(u, target + 5 * plane, t5, left)
                store_first(u, target, t0, left)
                store_first(u, target + plane, t1, left)
                store_first(u, target + 2 * plane, t2, left)
                store_first(u, target + 3 * plane, t3, left)


# A step.


@step(splits=True)
def winograd_filters_step(memory, parameters, table, a, frame):
    """Once for all shards, so that all places are in memory, none in an arena.

    a: u, weight, from filter to filter, from channel to channel, from group to group, groups, channels and filters of a group, those of
    whole tiles, side, flip, scratch, elements of it from part to part.
    """
    m = whole_array(memory)
    tiles = (a[8] + TILE_FILTERS - 1) // TILE_FILTERS
    first, stop = tiles * frame[PART] // frame[PARTS], tiles * (frame[PART] + 1) // frame[PARTS]
    for group in range(a[5]):
        transform_filters(
            m,
            a[0] + group * a[9] * a[9] * a[8] * a[6],
            whole_array(parameters),
            a[1] + group * a[4],
            a[2],
            a[3],
            a[6],
            first,
            stop,
            a[7],
            a[8],
            a[9],
            a[10] != 0,
            m,
            a[11] + frame[PART] * a[12],
        )
