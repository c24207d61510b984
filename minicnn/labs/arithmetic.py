"""The examples that the lectures work out with numbers, each output followed through its products."""

import numpy as np

from minicnn.charts import Picture, PictureGrid
from minicnn.geometry import output_size
from minicnn.labs.lab import Lab, Progress, Row
from minicnn.labs.verdicts import same
from minicnn.tracing.of_kernel import kernel

IMAGE = [[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]]
FILTER = [[0, 1, 2], [2, 2, 0], [0, 1, 2]]
NINE, QUARTER = [[0, 1, 2], [3, 4, 5], [6, 7, 8]], [[0, 1], [2, 3]]
SIXTEEN = [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12], [13, 14, 15, 16]]
ODD = [[1, 3, 5, 7], [9, 11, 13, 15], [2, 4, 6, 8], [10, 12, 14, 16]]

# where it stands, picture, filter (or window of a pooling), stride, padding, flip, what is claimed
CONVOLUTIONS = (
    ("Jeong, the sliding window of nine slides", IMAGE, FILTER, (1, 1), 0, False, [[12, 12, 17], [10, 17, 19], [9, 6, 14]]),
    ("Lipton, Chai: cross-correlation", NINE, QUARTER, (1, 1), 0, False, [[19, 25], [37, 43]]),
    ("padding 1: the first output is 0", NINE, QUARTER, (1, 1), 1, False, [[0, 3, 8, 4], [9, 19, 25, 10], [21, 37, 43, 16], [6, 7, 8, 0]]),
    ("stride of 3 for height, 2 for width: 8 and 6", NINE, QUARTER, (3, 2), 1, False, [[0, 8], [6, 8]]),
    ("stride 2", NINE, QUARTER, (2, 2), 1, False, [[0, 8], [21, 43]]),
    ("CNN slides: 4x4 and 2x2", SIXTEEN, [[-1, 1], [0, 1]], (1, 1), 0, False, [[7, 8, 9], [11, 12, 13], [15, 16, 17]]),
    ("CNN slides: the same by the formula above it (flipped)", SIXTEEN, [[-1, 1], [0, 1]], (1, 1), 0, True, [[7, 8, 9], [11, 12, 13], [15, 16, 17]]),
    ("Scarano, figure 10.3: stride 2 over 1 2 4 8 16 32", [[1, 2, 4, 8, 16, 32]], [[1, 1, 1]], (1, 2), (0, 1), False, [[3, 14, 56]]),
    ("Scarano, figure 10.3: five taps", [[1, 2, 4, 8, 16, 32]], [[1] * 5], (1, 1), (0, 2), False, [[7, 15, 31, 62, 60, 56]]),
    ("Karapetyan: 1 1 * 1 1, flipped and padded, is the triangle", [[1, 1]], [[1, 1]], (1, 1), (0, 1), True, [[1, 2, 1]]),
    ("Karapetyan, appendix: 1 2 1 down and 1 2 1 along", [[1], [2], [1]], [[1, 2, 1]], (1, 1), (0, 2), True, [[1, 2, 1], [2, 4, 2], [1, 2, 1]]),
)  # fmt: skip
POOLINGS = (
    ("Jeong: 2x2 maxima of 0 .. 8", "max", NINE, 1, [[4, 5], [7, 8]]),
    ("Karapetyan, figure 11: 2x2 maxima, stride 2", "max", [[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]], 2, [[6, 8], [3, 4]]),
    ("Scarano, figure 10.11: maxima", "max", ODD, 2, [[11, 15], [12, 16]]),
    ("Scarano, figure 10.11: means", "avg", ODD, 2, [[6, 10], [7, 11]]),
)

SIZES = (  # (pixels, taps, stride, padding) each
    ("Jeong, animations of 4, 5, 5, 5 pixels", ((4, 3, 1, 0), (5, 3, 2, 0), (5, 3, 1, 1), (5, 3, 2, 1)), (2, 2, 5, 3)),
    ("Lipton, Chai: 9x9, 9x9 padded by 4, 5x5 stride 2, pooling 2x2", ((100, 9, 1, 0), (92, 9, 1, 4), (92, 5, 2, 0), (44, 2, 2, 0)), (92, 92, 44, 22)),
    ("CNN slides: (227 - 11)/4 + 1", ((227, 11, 4, 0),), (55,)),
    ("CNN slides: 7 pixels, 3 taps, stride 1, 2, padding 1", ((7, 3, 1, 0), (7, 3, 2, 0), (7, 3, 1, 1)), (5, 3, 7)),
)  # fmt: skip


def run(quick):
    for claim, image, weight, stride, padding, flip, claimed in CONVOLUTIONS:
        yield Progress(claim)
        traces = traced("conv2d", image, weight, stride=stride, padding=padding, flip=flip, bias=False)
        found = values(traces)
        largest = max((each for row in traces for each in row), key=lambda each: each.value)
        agree = "the engine agrees" if all(not each.difference for row in traces for each in row) else "the engine differs"
        yield Row(f"{claim}: {written(claimed)}", f"{written(found)}; the largest is {products(largest)}; {agree}", same(claimed, found))
    for claim, kind, image, stride, claimed in POOLINGS:
        yield Progress(claim)
        found = values(traced(f"{kind}_pool2d", image, window=2, stride=stride))
        yield Row(f"{claim}: {written(claimed)}", written(found), same(claimed, found))
    for claim, sizes, claimed in SIZES:
        found = [output_size(size, taps, stride, 1, pad, pad) for size, taps, stride, pad in sizes]
        yield Row(f"{claim}: {', '.join(map(str, claimed))}", ", ".join(map(str, found)), same(claimed, found))
    yield frames()


def traced(name, image, weight=None, **settings):
    """A trace for every output of a kernel, in the rows of the output."""
    arrays = {"x": np.array(image, np.float32)} | ({} if weight is None else {"weight": np.array(weight, np.float32)})
    layered = kernel(name, arrays=arrays, **settings).layered
    rows, columns = layered.results["y"].shape[2:]
    return [[layered.trace("y", (0, 0, p, q)) for q in range(columns)] for p in range(rows)]


def values(traces):
    return np.array([[each.value for each in row] for row in traces])


def products(traced):
    """The sum written out: "0*3 + 1*3 + 2*2 = 7", taps on padding and products of 0 left out."""
    terms = [row.reads for row in traced.rows if row.kind == "add" and row.term]
    return " + ".join("*".join(f"{read.value:g}" for read in reads) for reads in terms) + f" = {traced.value:g}"


def written(rows):
    return " / ".join(" ".join(f"{each:g}" for each in row) for row in rows)


def frames():
    """The nine slides: the picture, and the products under the window."""
    x, weight = np.array(IMAGE, np.float32), np.array(FILTER, np.float32)
    rows = []
    for p in range(3):
        row = []
        for q in range(3):
            under = np.full(x.shape, np.nan)
            under[p : p + 3, q : q + 3] = x[p : p + 3, q : q + 3] * weight
            row.append(Picture(f"sum {under[p : p + 3, q : q + 3].sum():g}", under))
        rows.append(tuple(row))
    return PictureGrid("Products of picture and filter, window by window", tuple(rows), shared_range=True)


LAB = Lab(
    "arithmetic",
    "Every worked example of the lectures, product by product",
    sources=(
        "Jeong (J10 to J16, J20)",
        "Lipton, Chai (C8 to C16, C20)",
        "CNN slides (L2, L3, L20)",
        "Karapetyan: figures 1 and 11 (B3, B34, B78)",
        "Scarano: figures 10.3 and 10.11 (S14, S26)",
    ),
    look="The sums: which number of the picture meets which weight. One row is different: the slides print the formula of the flipped"
    " convolution above an example that does not flip.",
    exercises=(
        "Compute the first row of Jeong's example with dilation 2 by hand, then add it to CONVOLUTIONS.",
        "Which padding and stride bring 28 pixels to 14 with a window of 5? Add a line to SIZES that shows it.",
    ),
    run=run,
    seconds=2,
)
