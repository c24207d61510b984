"""CNN slides with the table of AlexNet: rows L1 to L37."""

from __future__ import annotations

import numpy as np

from minicnn import kernels
from minicnn import layers as L
from minicnn.geometry import Axis, output_size, size_formula
from tests.kernels import test_lectures as worked
from tests.lectures.checking import (
    RANDOM,
    Check,
    Outcome,
    context,
    count,
    different,
    equal,
    fact,
    fact_or,
    grid,
    lab,
    layer,
    maps,
    net,
    page,
    size,
    summary,
    tested,
    true,
)  # fmt: skip

FOUR = worked.TestLecture004()
SIXTEEN = [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12], [13, 14, 15, 16]]
CONVOLUTIONS = ("conv2", "conv3", "conv4", "conv5")


def formula() -> Outcome:
    """S(i,j) = sum over m, n of I(i-m, j-n) K(m,n)."""
    image, k = RANDOM.integers(0, 9, (4, 4)), RANDOM.integers(0, 9, (2, 2))
    s = [[sum(image[i - m, j - n] * k[m, n] for m in (0, 1) for n in (0, 1)) for j in range(1, 4)] for i in range(1, 4)]
    return equal(s, kernels.conv2d(grid(image), grid(k), flip=True)[0, 0])


def corner(flip: bool) -> np.ndarray:
    return kernels.conv2d(grid(SIXTEEN), grid([[-1, 1], [0, 1]]), flip=flip)[0, 0]


WEIGHTS = {
    "emboss": [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]],
    "outline": [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]],
    "sobel-top": [[1, 2, 1], [0, 0, 0], [-1, -2, -1]],
    "sobel-left": [[1, 0, -1], [2, 0, -2], [1, 0, -1]],
}


def classical(*names: str) -> Outcome:
    """The weights, and what they make of a slope."""
    slope = np.arange(5.0)[:, None] * np.ones(5)
    slopes = [kernels.conv2d(grid(slope), kernels.image_kernels[name][None, None])[0, 0, 1, 1].item() for name in names]
    claimed = [(slope[1:4, 1:4] * WEIGHTS[name]).sum() for name in names]
    if slopes != claimed:
        return equal(claimed, slopes)
    return equal([WEIGHTS[name] for name in names], [kernels.image_kernels[name] for name in names])


def reach() -> Outcome:
    """h3 of five outputs with three taps sees x2, x3, x4; in a matrix product all."""
    matrix = kernels.conv_matrix(np.ones((1, 1, 3)), (1, 1, 5), padding=1)
    return equal([1, 2, 3], np.flatnonzero(matrix[2]))


def pooling() -> Outcome:
    x = np.arange(16.0).reshape(1, 1, 4, 4)
    return equal([(3, 3), (2, 2)], [kernels.max_pool2d(x, 2, stride=stride).shape[2:] for stride in (1, 2)])


def dense(name: str) -> int:
    return layer("alexnet", name).params


def table() -> Outcome:
    rows = summary("alexnet").layers
    shapes = [row.output_shape for row in rows if row.type in ("Conv2D", "MaxPool2D")]
    claimed = [(96, 55, 55), (96, 27, 27), (256, 27, 27), (256, 13, 13), (384, 13, 13), (384, 13, 13), (256, 13, 13), (256, 6, 6)]
    return (
        equal(claimed, shapes)
        if [row.output_shape for row in rows if row.type == "Linear"] == [(4096,), (4096,), (1000,)]
        else Outcome("not covered", "fully connected sizes")
    )


def dropout_place() -> Outcome:
    kinds = [row.type for row in summary("alexnet").layers if row.type in ("Dropout", "Linear")]
    return different(
        ["Dropout", "Linear", "Dropout", "Linear", "Linear"],
        kinds,
        "after the first two fully connected layers, as in the paper's text; the table prints it before them",
    )


def figure_without_biases() -> Outcome:
    weights = layer("alexnet", "conv3").params - 384
    large = ", ".join(f"{dense(name) / 1e6:.1f}M" for name in ("fc6", "fc7", "fc8"))
    return different("884K", f"{weights + 384:,}", f"{weights:,} without biases; 37M, 16M, 4M are cut, not rounded: {large}")


CHECKS: dict[str, Check] = {
    "L1": formula,
    "L2": lambda: equal([[7, 8, 9], [11, 12, 13], [15, 16, 17]], corner(False)),
    "L3": lambda: fact_or(
        "4x4 picture, 2x2 kernel",
        lambda: different(
            [[7, 8, 9], [11, 12, 13], [15, 16, 17]],
            corner(True),
            "by the formula above it, which flips; the slide's numbers are those of the filter as it stands",
        ),
    ),
    "L4": lambda: equal(np.full((3, 3), 1 / 9), kernels.image_kernels["box"], within=1e-7),
    "L5": lambda: classical("emboss", "outline"),
    "L6": lambda: classical("sobel-top", "sobel-left"),
    "L7": page("type a kernel and see the picture; a kernel of one's own by Python: kernels.conv2d"),
    "L8": lambda: equal(
        [(1, 2, 2), (1, 3, 3), (1, 4, 4)],
        [net(L.Conv2D(1, taps, name="one"), (1, 9, 9)).parameters["one.weight"].shape[1:] for taps in (2, 3, 4)],
    ),
    "L9": reach,
    "L10": lambda: lab("cost", "5 inputs, 5 outputs"),
    "L11": lambda: equal(9, count(L.Conv2D(1, 3, bias=False), (1, 99, 99))),
    "L12": pooling,
    "L13": lambda: equal([(5, 5), (3, 3), (7, 7)], [size(7, 3), size(7, 3, stride=2), size(7, 3, padding=1)]),
    "L14": lambda: equal(
        [(7 - 3 + 2 * pad) // stride + 1 for stride, pad in ((1, 0), (2, 0), (1, 1))],
        [output_size(7, 3, stride, 1, pad, pad) for stride, pad in ((1, 0), (2, 0), (1, 1))],
    ),
    "L15": lambda: tested(FOUR.test_all_channels_of_a_filter_make_one_map),
    "L16": lambda: equal([28, 140], [count(L.Conv2D(k, 3), (3, 8, 8)) for k in (1, 5)]),
    "L17": lambda: fact("LeNet-5: 60,000", "LeNet-5: 340,908"),
    "L18": context("counts of a data set"),
    "L19": lambda: equal([(96, 55, 55), (256, 13, 13)], maps("alexnet", "conv1", "conv5")),
    "L20": lambda: equal("(227 - 11)/4 + 1 = 55", size_formula(Axis(227, 11, 4, 1, 0, 0, 55))),
    "L21": lambda: equal(34_944, layer("alexnet", "conv1").params),
    "L22": table,
    "L23": lambda: equal([614_656, 885_120, 1_327_488, 884_992], [layer("alexnet", name).params for name in CONVOLUTIONS]),
    "L24": lambda: different(
        [37_748_736, 16_777_216, 4_096_000],
        [dense(name) for name in ("fc6", "fc7", "fc8")],
        "with biases, which the lecture counts for convolutions only",
    ),
    "L25": lambda: fact("AlexNet: overall 62,369,152"),
    "L26": lambda: fact("AlexNet: of these, convolution 3.7"),
    "L27": dropout_place,
    "L28": lambda: fact("AlexNet, second convolution: 307K", "AlexNet, fifth convolution: 442K", "AlexNet, fourth convolution: 1.3M"),
    "L29": figure_without_biases,
    "L30": lambda: different(
        "11x11",
        "x".join(map(str, layer("alexnet-2012", "conv2").kernel)),
        f"{layer('alexnet-2012', 'conv2').params:,} parameters, the 307K of the same figure, need 5x5",
    ),
    "L31": lambda: lab("see", "first filters look like", "and they are smooth"),
    "L32": lambda: lab("see", "from basic to advanced features", "what excites a unit of a later layer"),
    "L33": lambda: true("GoogLeNet and ResNet-34 as pictures", all(drawn(name) for name in ("googlenet", "resnet34"))),
    "L34": page("a plane of points that a network learns to part"),
    "L35": page("a plane of points that a network learns to part"),
    "L36": page("watching filters and maps while a network learns in the browser"),
    "L37": context("demonstrations without a claim"),
}


def drawn(name: str) -> bool:
    """A box for every layer of the network."""
    from minicnn import zoo
    from minicnn.graph.drawing import picture

    topology = zoo.build(name).topology
    return sum(len(box.nodes) for box in picture(topology).boxes) == len(topology.nodes)
