"""Jeong, Convolutional Neural Networks: rows J1 to J65."""

from __future__ import annotations

import numpy as np

from minicnn import datasets, kernels
from minicnn import layers as L
from minicnn.errors import SettingError
from minicnn.labs import arithmetic
from minicnn.labs.training import trained
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
    law,
    layer,
    missing,
    net,
    params,
    size,
    summary,
    tested,
    true,
)  # fmt: skip

FIVE = [[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]]
THREE = [[0, 1, 2], [2, 2, 0], [0, 1, 2]]
NINE = [[12, 12, 17], [10, 17, 19], [9, 6, 14]]


def integral() -> Outcome:
    box = np.ones((1, 1, 5))
    return equal([1, 2, 3, 4, 5, 4, 3, 2, 1], kernels.conv1d(box, box, padding="full", flip=True)[0, 0])


def discrete() -> Outcome:
    f, g = RANDOM.integers(-9, 9, (3, 3)), RANDOM.integers(-9, 9, (2, 2))
    sums = [
        [sum(f[a, b] * g[i - a, j - b] for a in range(3) for b in range(3) if 0 <= i - a < 2 and 0 <= j - b < 2) for j in range(4)]
        for i in range(4)
    ]
    return equal(sums, kernels.conv2d(grid(f, float), grid(g, float), padding="full", flip=True)[0, 0])


def window() -> Outcome:
    x, weight = RANDOM.normal(size=(1, 1, 6, 6)), RANDOM.normal(size=(1, 1, 5, 5))
    padded = np.pad(x[0, 0], 2)
    sums = [[0.5 + (padded[i : i + 5, j : j + 5] * weight[0, 0]).sum() for j in range(6)] for i in range(6)]
    return equal(sums, kernels.conv2d(x, weight, np.array([0.5]), padding=2)[0, 0], within=1e-12)


def sliding() -> Outcome:
    found = [
        kernels.conv2d(grid(FIVE), grid(THREE), algorithm=each)[0, 0]
        for each in ("auto", "textbook", "direct", "im2col", "fft", "winograd")
    ]
    return true("12 12 17 / 10 17 19 / 9 6 14 by six algorithms", all(np.array_equal(NINE, np.round(each, 4)) for each in found))


def frames() -> Outcome:
    """The nine steps, every product of each."""
    steps = arithmetic.traced("conv2d", FIVE, THREE)
    return equal(NINE, [[each.value for each in row] for row in steps])


def refused_stride() -> Outcome:
    try:
        kernels.conv_transpose2d(grid(np.ones((2, 2))), grid(np.ones((3, 3))), stride=0)
    except SettingError:
        drawn = kernels.conv_transpose2d(grid(np.ones((2, 2))), grid(np.ones((3, 3)))).shape[2]
        return different("stride 0", "stride 1", f"a stride of 0 cannot be and is refused; the picture's 2 -> {drawn} is stride 1")
    return Outcome("not covered", "a stride of 0 is taken")


def transposed_stride() -> Outcome:
    sizes = [kernels.conv_transpose2d(grid(np.ones((2, 2))), grid(np.ones((3, 3))), stride=stride).shape[2] for stride in (1, 2)]
    return (
        different("stride 1", "stride 2", f"drawn is 2 -> 5, which stride 2 gives: strides 1 and 2 give {sizes}")
        if sizes == [4, 5]
        else equal([4, 5], sizes)
    )


def hand_made_features() -> Outcome:
    """The classical pipeline: fixed edge filters, their strength pooled to 4 x 4 places, a linear classifier that is trained."""

    def features(split: str, rows: int) -> tuple[np.ndarray, np.ndarray]:
        data = datasets.load("digits", split).subset(slice(rows))
        bank = np.stack([kernels.image_kernels[name] for name in ("sobel-top", "sobel-left", "sobel-bottom", "sobel-right")])
        edges = kernels.relu(kernels.conv2d(data.images.astype(np.float32) / 255, bank[:, None].astype(np.float32), padding=1))
        return kernels.avg_pool2d(edges, 2), data.labels

    train, test = features("train", 600), features("test", 200)
    error = trained(net(L.Sequential(L.Flatten(), L.Linear(10)), train[0].shape[1:]), train, test, 15).test[-1]
    return true(f"edge strengths and a linear classifier: {100 * error:.1f} % of digits wrong", error < 0.3)


def local_response() -> Outcome:
    x = RANDOM.normal(size=(1, 7, 2, 2))
    k, n, alpha, beta = 2.0, 5, 1e-4, 0.75
    sums = np.stack([(x[:, max(0, c - 2) : c + 3] ** 2).sum(axis=1) for c in range(7)], axis=1)
    return equal(x / (k + alpha * sums) ** beta, kernels.local_response_norm(x, n, k, alpha, beta), within=1e-12)


def identity_block() -> Outcome:
    body = L.Sequential(L.Conv2D(4, 3, padding=1), L.ReLU(), L.Conv2D(4, 3, padding=1, init="zeros"))
    x = RANDOM.normal(size=(2, 4, 8, 8)).astype(np.float32)
    return equal(0, float(abs(net(L.Residual(body), (4, 8, 8)).forward(x) - x).max()))


def shortcuts() -> Outcome:
    """Both kinds add what they should: the input, or its projection by 1x1."""
    x = RANDOM.normal(size=(1, 3, 6, 6)).astype(np.float32)
    plain = net(L.Residual(L.Conv2D(3, 3, padding=1, name="body")), (3, 6, 6))
    shape = net(L.Residual(L.Conv2D(6, 3, padding=1, stride=2), L.Conv2D(6, 1, stride=2)), (3, 6, 6)).output_shape
    weight, bias = (plain.parameters[f"body.{each}"] for each in ("weight", "bias"))
    apart = abs(plain.forward(x) - x - kernels.conv2d(x, weight, bias, padding=1)).max()
    return true(f"x + f(x) within {apart:.1g}; projected 3x6x6 -> {shape}", apart < 1e-5 and shape == (6, 3, 3))


def option_a() -> Outcome:
    small = [params(name) for name in ("plain20", "resnet20")]
    return (
        different(params("plain34"), params("resnet34"), f"projections; with zeros (plain20, resnet20) {small[0]:,} both")
        if small[0] == small[1]
        else equal(*small)
    )


def pointwise() -> Outcome:
    full, by_way = (
        count(L.Conv2D(128, 3, bias=False), (128, 8, 8)),
        count(L.Sequential(L.Conv2D(32, 1, bias=False), L.Conv2D(128, 3, bias=False)), (128, 8, 8)),
    )
    return different(0.30, round(by_way / full, 3), f"{by_way:,} of {full:,} weights are left, 72 % fewer, by way of 32 channels")


def memory() -> Outcome:
    numbers = sum(row.activation_bytes for row in summary("alexnet-2012").layers) * 128 + params("alexnet-2012") * 3 * 4
    reason = "values of 128 images, weights, gradients and momentum, without gradients of values and the workspaces of 2012"
    return different("over 3 GB", f"{numbers / 2**30:.1f} GiB", reason)


def pca_colour() -> Outcome:
    """Along the colours' principal directions, by random amounts: chosen by its name."""
    net_ = net(L.Sequential(L.Flatten(), L.Linear(2)), (3, 8, 8))
    x = RANDOM.integers(0, 256, (32, 3, 8, 8)).astype(np.uint8)
    errors = trained(net_, (x, np.arange(32) % 2), (x, np.arange(32) % 2), 1, augment="pca")
    return true("trains with augment='pca'", np.isfinite(errors.train).all())


def two_groups() -> Outcome:
    x, weight = RANDOM.normal(size=(1, 4, 5, 5)), RANDOM.normal(size=(6, 2, 3, 3))
    halves = [kernels.conv2d(x[:, 2 * g : 2 * g + 2], weight[3 * g : 3 * g + 3]) for g in (0, 1)]
    return equal(np.concatenate(halves, axis=1), kernels.conv2d(x, weight, groups=2), within=1e-12)


def reduction() -> Outcome:
    found = 1 - params("inception-3a") / params("inception-3a-naive")
    return true(f"{100 * found:.0f} % fewer", found > 0.5)


SLIDE = L.Sequential(*(L.Conv2D(8, 3, stride=2, padding=1), L.MaxPool2D(2), L.Conv2D(8, 3, stride=2, padding=1), L.MaxPool2D(2)))

CHECKS: dict[str, Check] = {
    "J1": lambda: lab("permuted", "pictures: compare"),
    "J2": lambda: lab("invariance", "one detector finds Waldo"),
    "J3": lambda: lab("invariance", "sweep the image"),
    "J4": integral,
    "J5": lambda: law("flip"),
    "J6": discrete,
    "J7": window,
    "J8": lambda: equal([9, 25, 49], [count(L.Conv2D(1, taps, bias=False), (1, 9, 9)) for taps in (3, 5, 7)]),
    "J9": lambda: law("flip"),
    "J10": sliding,
    "J11": frames,
    "J12": lambda: equal((2, 2), size(4, 3)),
    "J13": lambda: equal((2, 2), size(5, 3, stride=2)),
    "J14": lambda: equal((5, 5), size(5, 3, padding=1)),
    "J15": lambda: equal((3, 3), size(5, 3, padding=1, stride=2)),
    "J16": lambda: equal([(7, 7), (7, 7)], [size(5, 3, padding=2), size(5, 3, padding="full")]),
    "J17": lambda: fact_or("transposed convolution: padding 0, stride 0", refused_stride),
    "J18": lambda: fact_or("transposed convolution: padding 0, stride 1", transposed_stride),
    "J19": lambda: equal((3, 3), size(7, 3, dilation=2)),
    "J20": lambda: tested(worked.test_overlapping_pooling_of_lecture_000),
    "J21": lambda: fact("256 filters of 3x3"),
    "J22": lambda: fact("64 filters of 3x3"),
    "J23": lambda: equal([32, 16, 8, 4], [row.output_shape[1] for row in net(SLIDE, (1, 64, 64)).summary().layers]),
    "J24": lambda: equal([61_706, 60_000], [params("lenet"), params("lenet5-1998")]),
    "J25": hand_made_features,
    "J26": context("history: a camera of 1994"),
    "J27": lambda: lab("see", "first filters look like", "and they are smooth"),
    "J28": lambda: fact("AlexNet: 8 layers", "AlexNet: 224x224"),
    "J29": lambda: equal((11 * 11 * 3 + 1) * 96, layer("alexnet-2012", "conv1").params),
    "J30": lambda: equal((5 * 5 * 48 + 1) * 256, layer("alexnet-2012", "conv2").params),
    "J31": lambda: different(
        (3 * 3 * 128 + 1) * 384, layer("alexnet-2012", "conv3").params, "3x3x256 as in the paper: it sees both towers"
    ),
    "J32": lambda: equal((3 * 3 * 192 + 1) * 384, layer("alexnet-2012", "conv4").params),
    "J33": lambda: equal((3 * 3 * 192 + 1) * 256, layer("alexnet-2012", "conv5").params),
    "J34": lambda: lab("relu", "ReLU keeps properties"),
    "J35": lambda: lab("relu", "figure 1: ReLU reaches", "figure 1: six times", figures=True),
    "J36": two_groups,
    "J37": memory,
    "J38": local_response,
    "J39": lambda: lab("recipe", "local response normalization lowers"),
    "J40": lambda: equal([(3, 3), (2, 2)], [layer("alexnet", "pool1").kernel, layer("alexnet", "pool1").stride]),
    "J41": lambda: lab("recipe", "overlapping pooling lowers"),
    "J42": lambda: lab("recipe", "so do translated images"),
    "J43": pca_colour,
    "J44": lambda: lab("recipe", "dropout: less overfitting"),
    "J45": lambda: equal((6, 1, 5, 5), net(L.Conv2D(6, 5, name="one"), (1, 9, 9)).parameters["one.weight"].shape),
    "J46": lambda: equal(
        [13, 16], [sum(row.type == "Conv2D" and row.kernel == (3, 3) for row in summary(name).layers) for name in ("vgg16", "vgg19")]
    ),
    "J47": lambda: lab("depth", "residual networks gain from depth", reason="digits are too easy: 20 layers suffice"),
    "J48": lambda: equal(["Conv2D", "ReLU", "MaxPool2D"], [row.type for row in summary("vgg11").layers[:3]]),
    "J49": lambda: fact("two 3x3 convolutions", "one 5x5", "two 3x3 see"),
    "J50": missing("results on ImageNet, which cannot be trained here"),
    "J51": lambda: equal(9, sum(row.type == "Concat" for row in summary("googlenet").layers)),
    "J52": lambda: equal(387_296, params("inception-3a-naive")),
    "J53": lambda: equal(163_696, params("inception-3a")),
    "J54": reduction,
    "J55": lambda: fact_or("a 1x1 convolution: about 30 %", pointwise),
    "J56": lambda: fact("quiz: AlexNet 60M", "quiz: VGGNet", "quiz: GoogLeNet 4M"),
    "J57": lambda: lab("depth", "figure 1: a plain network", "and a higher test error"),
    "J58": identity_block,
    "J59": lambda: lab("depth", "the residual mapping is easier", "with shortcuts 56 layers"),
    "J60": shortcuts,
    "J61": lambda: true(
        "conv, batch normalization, ReLU", [row.type for row in summary("resnet20").layers[:3]] == ["Conv2D", "BatchNorm2D", "ReLU"]
    ),
    "J62": lambda: equal(
        [69_632, 1_179_648], [bottleneck(), count(L.Sequential(*[L.Conv2D(256, 3, bias=False) for _ in "12"]), (256, 9, 9))]
    ),
    "J63": lambda: lab(
        "depth",
        "figure 1: a plain network",
        "residual networks gain from depth",
        reason="20 and 56 layers on digits in place of 18 and 34 on ImageNet",
        figures=True,
    ),
    "J64": lambda: fact_or("ResNet-34: no extra parameters", option_a),
    "J65": lambda: true("GoogLeNet has fewest, VGG-19 most parameters", params("googlenet") < params("alexnet") < params("vgg19")),
}


def bottleneck() -> int:
    return count(L.Sequential(L.Conv2D(64, 1, bias=False), L.Conv2D(64, 3, bias=False), L.Conv2D(256, 1, bias=False)), (256, 9, 9))
