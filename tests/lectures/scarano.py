"""Scarano, CNNs and ResNets, lecture notes: rows S1 to S44."""

from __future__ import annotations

import numpy as np

from minicnn import kernels, zoo
from minicnn import layers as L
from minicnn.errors import SettingError
from tests.kernels import test_lectures as worked
from tests.lectures import bonn, cmu, jeong
from tests.lectures.checking import (
    RANDOM,
    Check,
    Outcome,
    count,
    different,
    equal,
    fact,
    fact_or,
    lab,
    law,
    layer,
    line,
    maps,
    net,
    params,
    summary,
    tested,
    true,
)  # fmt: skip

THREE = worked.TestLecture003()
LIKE_OURS = "the recipe of the figure is not in the notes; ours ends better"


def circular() -> Outcome:
    """Row by row the products with a filter that comes in again on the other side."""
    w, x = RANDOM.normal(size=5), RANDOM.normal(size=5)
    claimed = [sum(w[(i - j) % 5] * x[j] for j in range(5)) for i in range(5)]
    return equal(claimed, kernels.circulant(w, 5) @ x, within=1e-12)


def commute() -> Outcome:
    u, w = (kernels.circulant(RANDOM.normal(size=5), 5) for _ in "12")
    return equal(w @ u, u @ w, within=1e-12)


def shift_right() -> Outcome:
    return equal([5, 1, 2, 3, 4], kernels.circulant(np.array([0.0, 1.0]), 5) @ np.array([1.0, 2, 3, 4, 5]))


def equivariant() -> Outcome:
    u, shift = kernels.circulant(RANDOM.normal(size=5), 5), kernels.circulant(np.array([0.0, 1.0]), 5)
    return equal(shift @ u, u @ shift, within=1e-12)


def spectral() -> Outcome:
    w, x = RANDOM.normal(size=8), RANDOM.normal(size=8)
    return equal(kernels.circulant(w, 8) @ x, np.fft.ifft(kernels.circulant_eigenvalues(w, 8) * np.fft.fft(x)).real, within=1e-12)


def circular_layers() -> Outcome:
    """A layer that repeats the picture around it is equivariant to shifts without an exception at the border."""
    x = RANDOM.normal(size=(1, 1, 6, 6)).astype(np.float32)
    network = net(L.Sequential(L.Pad2D(1, mode="circular"), L.Conv2D(2, 3)), (1, 6, 6))
    moved = network.forward(np.roll(x, (2, 3), (2, 3)))
    return equal(np.roll(network.forward(x), (2, 3), (2, 3)), moved, within=1e-5)


def no_dilation() -> Outcome:
    try:
        kernels.conv1d(line([1, 2, 3]), line([1, 1]), dilation=0)
    except SettingError as error:
        return different(
            "dilation 0", "dilation 1", f"taps are so many apart; 0 counts zeros between them; it is refused: {str(error).splitlines()[0]}"
        )
    return Outcome("not covered", "a dilation of 0 is taken")


def figure_5() -> Outcome:
    """Two channels out of one, then one or two out of two: 2 x 6 hidden numbers."""
    return equal([8, 14], [count(L.Conv1D(2, 3, padding=1), (1, 6)), count(L.Conv1D(2, 3, padding=1), (2, 6))])


def same_size_for_any_image() -> Outcome:
    sizes = [count(L.Sequential(L.Conv2D(8, 3), L.ReLU(), L.Conv2D(5, 3)), (3, side, side)) for side in (16, 64)]
    return equal(sizes[0], sizes[1])


def nested() -> Outcome:
    """h1 = x + f1[x], h2 = h1 + f2[h1]."""
    x = RANDOM.normal(size=(1, 2, 4, 4)).astype(np.float32)
    network = net(L.Sequential(*[L.Residual(L.Conv2D(2, 3, padding=1, name=name)) for name in ("f1", "f2")]), (2, 4, 4))
    h = x
    for name in ("f1", "f2"):
        weight, bias = (network.parameters[f"{name}.{each}"] for each in ("weight", "bias"))
        h = h + kernels.conv2d(h, weight, bias, padding=1)
    return equal(h, network.forward(x), within=1e-5)


def columns() -> Outcome:
    """A design matrix of 10 x 3: every column (H - mean) / deviation; a constant one stays 0."""
    h = RANDOM.normal(2, 3, (10, 3))
    h[:, 2] = 4
    ours = cmu.normalized(h, np.ones(3), np.zeros(3))[0]
    claimed = (h - h.mean(axis=0)) / np.where(h.std(axis=0) > 0, h.std(axis=0), 1)
    return equal(claimed, ours, within=1e-4)


def preactivation(kinds: list[str]) -> Outcome:
    """The order of layers in the zoo's network that its paper draws with activations first; in wrn-28-10 where there is no other."""
    known = [entry.name for entry in zoo.entries()]
    name = "resnet200-preact" if len(kinds) > 6 else "wrn-28-10"
    if name not in known:
        return own_preactivation()
    found = [row.type for row in summary(name).layers]
    there = any(found[i : i + len(kinds)] == kinds for i in range(len(found)))
    return true(f"{name}: {', '.join(kinds)}", there)


def own_preactivation() -> Outcome:
    """The bottleneck of that order, built: x + f[x] with 1x1, 3x3, 1x1."""
    layers = [layer for k, taps in ((4, 1), (4, 3), (8, 1)) for layer in (L.BatchNorm2D(), L.ReLU(), L.Conv2D(k, taps, padding=taps // 2))]
    block = net(L.Residual(L.Sequential(*layers)), (8, 6, 6))
    found = [row.type for row in block.summary().layers]
    return equal([*TRIPLE * 3, "Add"], found)


def resnet200() -> Outcome:
    if "resnet200-preact" not in [entry.name for entry in zoo.entries()]:
        return different(
            64_666_280, params("resnet200"), "blocks, stem and head as drawn, but normalized and activated after convolutions, not before"
        )
    return equal(64_666_280, params("resnet200-preact"))


def concatenated() -> Outcome:
    block = L.Sequential(L.Conv2D(32, 3, padding=1))
    channels = [
        net(L.Concat(L.Sequential(), block), (3, 8, 8)).output_shape[0],
        net(L.Sequential(*[L.Concat(L.Sequential(), L.Conv2D(32, 3, padding=1)) for _ in "12"]), (3, 8, 8)).output_shape[0],
    ]
    return equal([35, 67], channels)


TRIPLE = ["BatchNorm2D", "ReLU", "Conv2D"]

CHECKS: dict[str, Check] = {
    "S1": lambda: lab("invariance", "not invariant to rotation", "invariance can be learnt"),
    "S2": circular,
    "S3": lambda: equal([[1, 3, 2], [2, 1, 3], [3, 2, 1]], kernels.circulant(np.array([1.0, 2, 3]), 3)),
    "S4": commute,
    "S5": shift_right,
    "S6": equivariant,
    "S7": spectral,
    "S8": circular_layers,
    "S9": lambda: law("depthwise"),
    "S10": lambda: equal(27, kernels.conv3d(np.ones((1, 1, 3, 3, 3)), np.ones((1, 1, 3, 3, 3))).item()),
    "S11": bonn.CHECKS["B51"],
    "S12": lambda: tested(THREE.test_convolution_of_a_line),
    "S13": lambda: fact_or("ordinary 1D convolution: dilation rate 0", no_dilation),
    "S14": lambda: tested(THREE.test_stride_width_and_dilation),
    "S15": figure_5,
    "S16": lambda: equal([(15, 19), (15, 9), (15, 4)], maps("mnist1d-cnn", "conv1", "conv2", "conv3")),
    "S17": lambda: fact_or(
        "MNIST-1D, convolutional: kernel of 3x3", lambda: different("3x3", layer("mnist1d-cnn", "conv1").kernel[0], "a signal has one axis")
    ),
    "S18": lambda: lab("mnist1d", "figure 10.8a: the convolutional network fits", "figure 10.8a: about 17", figures=True, reason=LIKE_OURS),
    "S19": lambda: lab("mnist1d", "figure 10.8b: fully connected about 40", figures=True, reason=LIKE_OURS),
    "S20": lambda: lab("mnist1d", "the fully connected network learns the training data faster"),
    "S21": lambda: lab("prior", "a fully connected network can do"),
    "S22": lambda: lab("mnist1d", "with 29 times the parameters"),
    "S23": jeong.window,
    "S24": lambda: tested(THREE.test_channels),
    "S25": lambda: equal(3 * 5 * 9 + 5, count(L.Conv2D(5, 3), (3, 8, 8))),
    "S26": lambda: tested(THREE.test_ways_to_scale_down),
    "S27": lambda: tested(THREE.test_ways_to_scale_up),
    "S28": lambda: lab("invariance", "but not to large ones"),
    "S29": lambda: lab("detect", "figure 10.18: 448 x 448", "one look finds"),
    "S30": lambda: lab("detect", "figure 10.18d"),
    "S31": lambda: lab("segment", "a network that looks around"),
    "S32": same_size_for_any_image,
    "S33": nested,
    "S34": lambda: lab("norm", "gradients grow exponentially", "batch normalization stops that"),
    "S35": columns,
    "S36": lambda: lab("norm", "52 layers: with both", "without either, 52 layers"),
    "S37": lambda: preactivation(TRIPLE * 2),
    "S38": lambda: preactivation(TRIPLE * 3),
    "S39": resnet200,
    "S40": concatenated,
    "S41": lambda: fact("U-Net: 572x572"),
    "S42": lambda: lab(
        "segment", "a network that looks around", figures=True, reason="generated cells in uneven light in place of HeLa cells"
    ),
    "S43": lambda: lab("highway", "C can be a gate of its own", "y = H(x) T(x)"),
    "S44": lambda: lab("highway", "highway networks of the same depth"),
}
