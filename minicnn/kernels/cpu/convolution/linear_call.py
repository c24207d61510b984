"""The fully connected layer on a user's float32 arrays: a lane is an image, and large weights are read once for all images.

For few images a lane is a feature instead, on the arrays where they lie: the outputs are dot products, the gradient of x adds up rows of
weights (1 x 4096 to 4096, two threads: 2.3 instead of 9.7 ms and 4.4 instead of 11).  The latter also where the weights are small.
"""

from __future__ import annotations

import numpy as np

from minicnn.kernels.cpu.convolution.linear import transpose
from minicnn.kernels.cpu.convolution.lowering import append_bias_gradient, append_linear_backward_input, append_linear_forward
from minicnn.kernels.cpu.convolution.operands import Rows, Taps
from minicnn.kernels.cpu.convolution.tiles import FROM_OLD, FROM_ZERO, TILE_FILTERS, TILE_TAPS, TILE_VECTORS, reduce_tile
from minicnn.kernels.cpu.convolution.walks import weigh_rows
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.kernels.cpu.pointwise.activation_call import ARRAY_PARTS
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.cpu.program.call import BIAS, MANY, WHOLE, Stage, call
from minicnn.kernels.cpu.program.operands import Strided, array_of, share
from minicnn.kernels.cpu.program.program import CACHE_LINE, Place
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
        append_linear_forward(stage.program, result, value, 0, None if bias is None else BIAS)
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
        stage.program.step(transpose_part, y=by_feature, y_row=row, x=value.place, features=features, shard=stage.shard)
        stage.cut()
        images = stage.program.constant([number for n in range(stage.shard) for number in (n * row, n)])
        stage.program.step(
            backward_weight_part,
            dy=gradient.place,
            x=by_feature,
            features=features,
            filters=filters,
            shard=stage.shard,
            images=images // 2,
        )
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
        filters, features = shape
        table = stage.program.constant(entries) // 2
        stage.program.step(kernel, images=images, filters=filters, features=features, entries=table)
        stage.cut(ARRAY_PARTS)

    call((kernel.name, images, shape), build, min(images, 1), arrays, weight=weight)


@kernel
def dot_products(y, x, weight, bias, images, first, stop):
    """y[n,k] = bias[k] + sum over f of weight[k,f] * x[n,f] for first <= k < stop: six rows of weights against four images at a time.

    y, x : Strided, by image;  weight : Strided, by filter;  images : Taps
    """
    features = weight.step
    whole = features // LANES * LANES
    for k in range(first, stop, TILE_FILTERS):
        own, rows = Strided(y.array, k, 1), Rows(weight.array, weight.base + k * features, features, 0)
        for n in range(images.first, images.stop, TILE_TAPS):
            reduce_tile(own, rows, Strided(x.array, 0, 0), Taps(images.table, n, images.stop), stop - k, 1, whole, False)
        for j in range(k, min(k + TILE_FILTERS, stop)):
            for n in range(images.stop - images.first):
                summed = y.array[n * y.step + j] + bias[j]
                for f in range(whole, features):
                    summed += weight.array[weight.base + j * features + f] * x.array[n * features + f]
                y.array[n * y.step + j] = summed


@step("images filters features entries")
def dot_part(memory, parameters, table, a, frame):
    """Arrays: y, x, bias; weights are parameters, `entries` the images.  A part is some filters."""
    tiles = (a.filters + TILE_FILTERS - 1) // TILE_FILTERS
    first, stop = share(tiles, frame)
    dot_products(
        Strided(array_of(frame, 0), 0, a.filters),
        Strided(array_of(frame, 1), 0, a.features),
        Strided(whole_array(parameters), 0, a.features),
        array_of(frame, 2),
        Taps(whole_array(table), a.entries, a.entries + a.images),
        first * TILE_FILTERS,
        min(a.filters, stop * TILE_FILTERS),
    )


@step("images filters features entries")
def add_rows_part(memory, parameters, table, a, frame):
    """Arrays: dx, dy, weight; `entries` are the filters.  A part is some strips of features."""
    dx, dy, weight, features = array_of(frame, 0), Strided(array_of(frame, 1), 0, a.filters), array_of(frame, 2), a.features
    filters = Taps(whole_array(table), a.entries, a.entries + a.filters)
    whole = features // LANES * LANES
    begin, stop = share((features + STRIP - 1) // STRIP, frame)
    begin, stop = begin * STRIP, stop * STRIP
    if stop > begin:
        lanes = min(whole, stop) - begin
        weigh_rows(Strided(dx, begin, features), Strided(weight, begin, 0), dy, filters, a.images, lanes, FROM_ZERO)
        if stop > whole:  # the rest as a vector that ends with the row
            last = features - LANES
            weigh_rows(Strided(dx, last, features), Strided(weight, last, 0), dy, filters, a.images, LANES, FROM_ZERO)


@step("y y_row x features shard")
def transpose_part(memory, parameters, table, a, frame):
    """y, x with its features side by side, from x (arena).  A part is some of the features."""
    m = whole_array(memory)
    first, stop = share((a.features + LANES - 1) // LANES, frame)
    first, stop = first * LANES, min(a.features, stop * LANES)
    if stop > first:
        transpose(m, frame.arena + a.y + first, a.y_row, m, frame.arena + a.x + first * a.shard, stop - first, a.shard)


@step("dy x features filters shard images")
def backward_weight_part(memory, parameters, table, a, frame):
    """The slot from dy and x with its features side by side (arena); `images` are taps.  A part is some of the filters."""
    m = whole_array(memory)
    first, stop = share((a.filters + TILE_FILTERS - 1) // TILE_FILTERS, frame)
    first, stop = first * TILE_FILTERS, min(a.filters, stop * TILE_FILTERS)
    if stop > first:
        weigh_rows(
            Strided(m, frame.slot + first * a.features, a.features),
            Strided(m, frame.arena + a.x, 0),
            Strided(m, frame.arena + a.dy + first * a.shard, a.shard),
            Taps(whole_array(table), a.images, a.images + a.shard),
            stop - first,
            a.features,
            FROM_OLD if frame.accumulate != 0 else FROM_ZERO,
        )
