"""The fully connected layer on a user's float32 arrays: a lane is an image, and large weights are read once for all images.

For few images a lane is a feature instead, on the arrays where they lie: the outputs are dot products, the gradient of x adds up rows of
weights (1 x 4096 to 4096, two threads: 2.3 instead of 9.7 ms and 4.4 instead of 11).  The latter also where the weights are small.
"""

from __future__ import annotations

import numpy as np

from minicnn.kernels.cpu.convolution.linear import linear_backward_weight, transpose
from minicnn.kernels.cpu.convolution.lowering import append_bias_gradient, append_linear_backward_input, append_linear_forward
from minicnn.kernels.cpu.convolution.tiles import FROM_ZERO, TILE_FILTERS, TILE_TAPS, TILE_VECTORS, reduce_tile
from minicnn.kernels.cpu.convolution.walks import NO_FLOOR, gather_run
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.kernels.cpu.pointwise.activation_call import ARRAY_PARTS, array
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.cpu.program.call import MANY, WHOLE, Stage, call
from minicnn.kernels.cpu.program.program import ACCUMULATE, ARENA, CACHE_LINE, PART, PARTS, SLOT, Place
from minicnn.kernels.machine_code.compile import StepKernel, kernel, step

LARGE = 1 << 16  # weights beyond which all images go together: 256 KiB, a good part of a second-level cache
FEW_IMAGES = 8
STRIP = TILE_VECTORS * LANES


def _shards(weight: np.ndarray) -> str:
    return WHOLE if weight.size > LARGE else MANY


def forward(y: np.ndarray, x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None) -> None:
    """y (N, K) from x (N, F), weight (K, F) and bias (K,)."""

    def build(stage: Stage) -> None:
        stage.multiply_adds = weight.size
        value = stage.load(0, x.shape[1:])
        stage.cut()
        result = stage.new(y.shape[1:])
        append_linear_forward(stage.program, result, value, 0, None if bias is None else 0, bias_in_memory=True)
        stage.cut()
        stage.store(1, result)
        stage.cut()

    if weight.size and len(x) <= FEW_IMAGES:
        given = np.zeros(len(weight), np.float32) if bias is None else bias
        _call_in_place(dot_part, [n * size for n in range(len(x)) for size in (x.shape[1], len(weight))], [y, x, given], weight)
    elif weight.size:
        call(("linear", weight.shape, bias is not None), build, len(x), [x, y], weight=weight, bias=bias, shards=_shards(weight))
    else:
        y[...] = 0 if bias is None else bias


def backward_input(dx: np.ndarray, dy: np.ndarray, weight: np.ndarray) -> None:
    """dx (N, F) from dy (N, K) and weight (K, F)."""

    def build(stage: Stage) -> None:
        stage.multiply_adds = weight.size
        gradient = stage.load(0, dy.shape[1:])
        stage.cut()
        result = stage.new(dx.shape[1:])
        append_linear_backward_input(stage.program, result, gradient, 0)
        stage.cut()
        stage.store(1, result)
        stage.cut()

    if weight.size and weight.shape[1] >= LANES and (len(dy) <= FEW_IMAGES or weight.size <= LARGE):
        filters, features = weight.shape
        _call_in_place(add_rows_part, [number for k in range(filters) for number in (k * features, k)], [dx, dy, weight], weight)
    elif weight.size:
        call(("linear backward input", weight.shape), build, len(dy), [dy, dx], weight=weight, shards=_shards(weight))
    else:
        dx[...] = 0


def backward_weight(dweight: np.ndarray, dy: np.ndarray, x: np.ndarray) -> None:
    """dweight (K, F) from dy (N, K) and x (N, F)."""
    (filters, features) = dweight.shape

    def build(stage: Stage) -> None:
        stage.multiply_adds = dweight.size
        gradient, value = stage.load(0, dy.shape[1:]), stage.load(1, x.shape[1:])
        stage.cut()
        row = -(-features // CACHE_LINE) * CACHE_LINE
        by_feature = Place(stage.program.buffer(row * stage.shard))
        stage.program.step(transpose_part, by_feature, row, value.place, features, stage.shard)
        stage.cut()
        images = stage.program.constant([number for n in range(stage.shard) for number in (n * row, n)])
        stage.program.step(backward_weight_part, gradient.place, by_feature, row, features, filters, stage.shard, images // 2)
        stage.cut()

    if dweight.size:
        call(("linear backward weight", dweight.shape), build, len(x), [dy, x], gradient=dweight, shards=_shards(dweight))


def backward_bias(dbias: np.ndarray, dy: np.ndarray) -> None:
    """dbias (K,) from dy (N, K)."""

    def build(stage: Stage) -> None:
        gradient = stage.load(0, dy.shape[1:])
        stage.cut()
        append_bias_gradient(stage.program, 0, gradient)
        stage.cut(1)

    if dbias.size:
        call(("linear backward bias", dbias.shape), build, len(dy), [dy], gradient=dbias)


def _call_in_place(kernel: StepKernel, entries: list[int], arrays: list[np.ndarray], weight: np.ndarray) -> None:
    images, shape = len(arrays[0]), weight.shape

    def build(stage: Stage) -> None:
        stage.multiply_adds = images * weight.size  # all arrays are one "image" of the call
        stage.program.step(kernel, images, *shape, stage.program.constant(entries) // 2)
        stage.cut(ARRAY_PARTS)

    call((kernel.name, images, shape), build, min(images, 1), arrays, weight=weight)


@kernel
def dot_products(y, x, weight, bias, images, first, stop, filters, features, table, entries):
    """y[n,k] = bias[k] + sum over f of weight[k,f] * x[n,f] for first <= k < stop: six rows of weights against four images at a time."""
    whole = features // LANES * LANES
    for k in range(first, stop, TILE_FILTERS):
        for n in range(0, images, TILE_TAPS):
            reduce_tile(y, k, 1, weight, k * features, features, 0, x, 0, 0, table, entries + n, images - n, 1, whole, stop - k, False)
        for j in range(k, min(k + TILE_FILTERS, stop)):
            for n in range(images):
                summed = y[n * filters + j] + bias[j]
                for f in range(whole, features):
                    summed += weight[j * features + f] * x[n * features + f]
                y[n * filters + j] = summed


@step
def dot_part(memory, parameters, table, a, frame):
    """Writes y; reads x, bias, and the parameters.  Arguments: images, filters, features, offsets of images.  A part is some filters."""
    tiles = (a[1] + TILE_FILTERS - 1) // TILE_FILTERS
    first, stop = tiles * frame[PART] // frame[PARTS] * TILE_FILTERS, min(a[1], tiles * (frame[PART] + 1) // frame[PARTS] * TILE_FILTERS)
    dot_products(
        array(frame, 0), array(frame, 1), whole_array(parameters), array(frame, 2), a[0], first, stop, a[1], a[2], whole_array(table), a[3]
    )


@step
def add_rows_part(memory, parameters, table, a, frame):
    """Writes dx; reads dy, weight.  Arguments: images, filters, features, offsets of weights.  A part is some strips of features."""
    dx, dy, weight, t, features = array(frame, 0), array(frame, 1), array(frame, 2), whole_array(table), a[2]
    whole = features // LANES * LANES
    strips = (features + STRIP - 1) // STRIP
    begin, stop = strips * frame[PART] // frame[PARTS] * STRIP, strips * (frame[PART] + 1) // frame[PARTS] * STRIP
    if stop > begin:
        gather_run(
            dx,
            begin,
            features,
            LANES,
            weight,
            begin,
            0,
            LANES,
            min(whole, stop) - begin,
            LANES,
            dy,
            0,
            0,
            a[1],
            t,
            a[3],
            a[3] + a[1],
            1,
            a[0],
            FROM_ZERO,
            dy,
            0,
            0,
            NO_FLOOR,
        )
        if stop > whole:  # the rest as a vector that ends with the row
            last = features - LANES
            gather_run(
                dx,
                last,
                features,
                LANES,
                weight,
                last,
                0,
                LANES,
                LANES,
                LANES,
                dy,
                0,
                0,
                a[1],
                t,
                a[3],
                a[3] + a[1],
                1,
                a[0],
                FROM_ZERO,
                dy,
                0,
                0,
                NO_FLOOR,
            )


@step
def transpose_part(memory, parameters, table, a, frame):
    """a: transposed x, its row, x, features, shard.  A part is some of the features."""
    m, arena = whole_array(memory), frame[ARENA]
    squares = (a[3] + LANES - 1) // LANES
    first, stop = squares * frame[PART] // frame[PARTS] * LANES, min(a[3], squares * (frame[PART] + 1) // frame[PARTS] * LANES)
    if stop > first:
        transpose(m, arena + a[0] + first, a[1], m, arena + a[2] + first * a[4], stop - first, a[4])


@step
def backward_weight_part(memory, parameters, table, a, frame):
    """a: dy, transposed x, its row, features, filters, shard, images as taps.  A part is some of the filters."""
    m, arena = whole_array(memory), frame[ARENA]
    tiles = (a[4] + TILE_FILTERS - 1) // TILE_FILTERS
    first, stop = tiles * frame[PART] // frame[PARTS] * TILE_FILTERS, min(a[4], tiles * (frame[PART] + 1) // frame[PARTS] * TILE_FILTERS)
    if stop > first:
        linear_backward_weight(
            m,
            frame[SLOT] + first * a[3],
            m,
            arena + a[0] + first * a[5],
            m,
            arena + a[1],
            a[2],
            a[3],
            stop - first,
            a[5],
            whole_array(table),
            a[6],
            frame[ACCUMULATE] != 0,
        )
