"""What a convolution costs: as two passes, as a matrix, through Fourier's transform; counted and measured."""

import time

import numpy as np

import minicnn
from minicnn import kernels
from minicnn import layers as L
from minicnn.charts import Chart, Line
from minicnn.labs.lab import Lab, Progress, Row
from minicnn.labs.verdicts import effect, same


def run(quick):
    yield from counted()
    size, widths, repeats = (96, (3, 15, 31, 63), 1) if quick else (256, (3, 7, 15, 31, 47, 63, 95), 5)
    random = np.random.default_rng(0)
    x = random.normal(size=(1, 1, size, size)).astype(np.float32)
    seconds = {"direct": [], "Fourier": [], "two passes": []}
    for width in widths:
        yield Progress(f"{size} x {size} pixels, {width} x {width} taps")
        down, along = random.normal(size=(2, width)).astype(np.float32)
        weight = np.outer(down, along)[None, None]
        ways = {
            "direct": lambda w=weight: kernels.conv2d(x, w, padding="same", algorithm="direct"),
            "Fourier": lambda w=weight: kernels.conv2d(x, w, padding="same", algorithm="fft"),
            "two passes": lambda a=down, b=along: kernels.separable_conv2d(x, (a, b), padding="same"),
        }
        answers = {way: call() for way, call in ways.items()}
        for way, call in ways.items():
            seconds[way].append(best(call, repeats))
        apart = max(float(abs(answer - answers["direct"]).max() / abs(answers["direct"]).max()) for answer in answers.values())
    yield Row(
        "convolution is a product after Fourier's transform, or two passes if the kernel is separable: the same result",
        f"{widths[-1]} x {widths[-1]} taps: relative difference at most {apart:.1g}",
        same(0, apart, within=1e-4),
    )
    direct, fourier, passes = seconds.values()
    yield Row(
        "Fourier's transform is cheaper for large kernels",
        f"{widths[-1]} x {widths[-1]} taps: {said(fourier[-1])} against {said(direct[-1])}; {crossing(widths, direct, fourier)}",
        effect(smaller=fourier[-1], larger=direct[-1]),
    )
    yield Row(
        "and not for small ones",
        f"{widths[0]} x {widths[0]} taps: {said(fourier[0])} against {said(direct[0])}",
        effect(smaller=direct[0], larger=fourier[0]),
    )
    yield Row(
        "a separable kernel of width w costs 2 w in place of w^2",
        f"{widths[-1]} x {widths[-1]} taps: {said(passes[-1])} against {said(direct[-1])}, {direct[-1] / passes[-1]:.1f} times less"
        f" (counted {widths[-1] / 2:.1f})",
        effect(smaller=passes[-1], larger=direct[-1]),
    )
    yield from as_matrix(repeats)
    lines = tuple(Line(way, widths, [1000 * each for each in times], points=True) for way, times in seconds.items())
    yield Chart(f"One convolution of {size} x {size} pixels", lines, "width of the kernel", "milliseconds", log_y=True)


def counted():
    """Weights and operations, from shapes alone."""
    layers = (L.Linear(5, bias=False), L.Conv1D(1, 3, padding=1, bias=False, sharing="unshared"), L.Conv1D(1, 3, padding=1, bias=False))
    shapes = ((5,), (1, 5), (1, 5))
    weights = [minicnn.Graph(layer, shape).summary().totals.params for layer, shape in zip(layers, shapes, strict=True)]
    yield Row("5 inputs, 5 outputs: 25 weights, 15 by locality, 3 by sharing", ", ".join(map(str, weights)), same([25, 15, 3], weights))
    edge = minicnn.Graph(L.Conv2D(1, (1, 2), bias=False), (1, 280, 320)).summary()
    dense = minicnn.Graph(L.Sequential(L.Flatten(), L.Linear(280 * 319, bias=False)), (1, 280, 320)).summary()
    operations = edge.totals.macs // 2 * 3  # two products and a sum for each output
    yield Row(
        "edges of 280 x 320 pixels: 2 weights, 267,960 operations",
        f"{edge.totals.params} weights, {operations:,}",
        same([2, 267_960], [edge.totals.params, operations]),
    )
    yield Row(
        "as a matrix: more than 8 billion weights, more than 16 billion operations",
        f"{dense.totals.params:,} weights, {dense.totals.flops:,} operations",
        same([True, True], [dense.totals.params > 8e9, dense.totals.flops > 16e9]),
    )
    passes = [
        minicnn.Graph(L.Sequential(*each), (1, 32, 32)).summary().totals.params
        for each in ([L.Conv2D(1, 7, bias=False)], [L.Conv2D(1, (7, 1), bias=False), L.Conv2D(1, (1, 7), bias=False)])
    ]
    yield Row("7 x 7 taps: 49 products a pixel, 14 in two passes", " and ".join(map(str, passes)), same([49, 14], passes))


def as_matrix(repeats):
    """The same convolution as a matrix with almost only zeros."""
    side = 48
    x, weight = np.random.default_rng(1).normal(size=(1, 1, side, side)), np.random.default_rng(2).normal(size=(1, 1, 3, 3))
    x, weight = x.astype(np.float32), weight.astype(np.float32)
    matrix = kernels.conv_matrix(weight, x.shape)
    pixels = x.ravel()
    apart = float(abs(matrix @ pixels - kernels.conv2d(x, weight).ravel()).max())
    yield Row(
        "a convolution is a product with a matrix",
        f"{matrix.shape[0]:,} x {matrix.shape[1]:,}: largest difference {apart:.1g}",
        same(0, apart, within=1e-4),
    )
    times = best(lambda: kernels.conv2d(x, weight), 20 * repeats), best(lambda: matrix @ pixels, 20 * repeats)
    yield Row(
        "sparse connections save time as well as memory",
        f"{np.count_nonzero(matrix) / matrix.size:.2%} of the matrix is not zero; convolution {said(times[0])}, matrix product {said(times[1])}",
        effect(smaller=times[0], larger=times[1]),
    )


def best(call, repeats):
    """The shortest of several times: what else runs on the machine can only add."""
    call()
    found = []
    for _ in range(max(3, repeats)):
        begin = time.perf_counter()
        call()
        found.append(time.perf_counter() - begin)
    return min(found)


def crossing(widths, direct, fourier):
    """From which width on Fourier's way is quicker."""
    quicker = [width for width, one, other in zip(widths, direct, fourier, strict=True) if other < one]
    return f"quicker from width {quicker[0]} on" if quicker else "not quicker at any width here"


def said(seconds):
    return f"{1000 * seconds:.2g} ms"


LAB = Lab(
    "cost",
    "What convolutions cost, counted and measured",
    sources=(
        "Karapetyan: edge detection, Fourier, separable kernels (B16 to B25, B75 to B77)",
        "CNN slides: 25 against 3 weights (L10)",
        "Lipton, Chai: locality and sharing (C4 to C6)",
    ),
    look="The chart: the direct way grows with the square of the width, two passes with the width, Fourier's way not at all. Where the"
    " lines cross depends on the machine; that they cross does not. Times are this machine's, and differ from run to run.",
    exercises=(
        "Measure algorithm='im2col' and, for 3x3, 'winograd' as well. Which is best for 3x3, and why is Fourier's way never used there?",
        "Give the picture 16 channels and 16 filters. Does the crossing move?",
    ),
    run=run,
    seconds=2,
)
