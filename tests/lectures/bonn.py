"""Karapetyan, Convolutional Networks, seminar at Bonn: rows B1 to B78."""

from __future__ import annotations

import numpy as np

from minicnn import kernels
from minicnn import layers as L
from minicnn.errors import ShapeError
from minicnn.labs.training import trained
from minicnn.losses import SoftmaxCrossEntropy
from minicnn.train import Trainer
from tests.kernels import test_lectures as worked
from tests.lectures import jeong
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
    line,
    maps,
    net,
    summary,
    tested,
    true,
)  # fmt: skip

EPOCHS = 15
ONE = worked.TestLecture001()


def learns(shape: tuple[int, ...], *layers: L.Layer) -> Outcome:
    """Data of a kind: the class says at which end a bump lies; a network of that many axes and channels learns it."""
    labels = RANDOM.integers(0, 2, 256)
    x = RANDOM.normal(0, 0.5, (256, *shape)).astype(np.float32)
    half = shape[-1] // 2
    for image, label in zip(x, labels, strict=True):
        image[..., label * half : label * half + half] += 1
    error = trained(net(L.Sequential(*layers, L.ReLU(), L.Flatten(), L.Linear(2)), shape), (x, labels), (x, labels), 4, batch_size=32).test[
        -1
    ]
    return true(f"{' x '.join(map(str, shape))}: {100 * error:.1f} % wrong", error < 0.1)


def correlation() -> Outcome:
    x, w = RANDOM.normal(size=(1, 1, 5, 5)), RANDOM.normal(size=(1, 1, 2, 3))
    sums = [[(x[0, 0, i : i + 2, j : j + 3] * w[0, 0]).sum() for j in range(3)] for i in range(4)]
    return equal(sums, kernels.conv2d(x, w)[0, 0], within=1e-12)


def sobel() -> Outcome:
    disk = (np.hypot(*np.mgrid[-8:9, -8:9]) < 5).astype(np.float32)
    edges = kernels.conv2d(grid(disk), kernels.image_kernels["sobel-top"][None, None])[0, 0]
    return true("the edge of a disk: opposite signs above and below, nothing inside", edges.max() > 0 > edges.min() and edges[7, 7] == 0)


def free_size() -> Outcome:
    free = net(L.Sequential(L.Conv2D(4, 3, stride=2), L.ReLU(), L.GlobalAvgPool(), L.Linear(10)), (1, None, None))
    shapes = [free.forward(np.zeros((1, 1, side, side), np.float32)).shape for side in (16, 32, 77)]
    return equal([(1, 10)] * 3, shapes)


def large_inputs() -> Outcome:
    sides = (32, 64, 224)
    conv = [count(L.Sequential(L.Conv2D(8, 3), L.ReLU(), L.Conv2D(5, 3), L.GlobalAvgPool()), (3, side, side)) for side in sides]
    dense = [count(L.Sequential(L.Flatten(), L.Linear(10)), (3, side, side)) for side in sides]
    return true(f"convolutional {conv}, fully connected {dense}", len(set(conv)) == 1 and dense == sorted(set(dense)))


def connections() -> Outcome:
    """Figure 6: with three taps an input reaches three outputs, in a matrix product all five."""
    matrix = kernels.conv_matrix(np.ones((1, 1, 3)), (1, 1, 5), padding=1)
    return equal([3, 5], [int((matrix[:, 2] != 0).sum()), len(matrix)])


def sharing() -> Outcome:
    sizes = [count(L.Conv1D(1, 3, padding=1, bias=False, sharing=each), (1, 5)) for each in ("shared", 2, "unshared")]
    return equal([3, 6, 15], sizes)


def fields() -> Outcome:
    rows = net(L.Sequential(*[L.Conv2D(1, 3) for _ in "1234"]), (1, 20, 20)).summary().layers
    return equal([3, 5, 7, 9], [row.receptive_field[0] for row in rows])


def edge_picture() -> Outcome:
    picture = np.zeros((4, 6))
    picture[:, 3:] = 1
    edges = kernels.conv2d(grid(picture), grid([[1, -1]]))[0, 0]
    return equal([[0, 0, -1, 0, 0]] * 4, edges)


def kinds_of_pooling() -> Outcome:
    x = grid([[3, 4], [0, 0]])
    return equal([4, 1.75, 5], [pool(x, 2).item() for pool in (kernels.max_pool2d, kernels.avg_pool2d, kernels.l2_pool2d)])


def shrinks() -> Outcome:
    sizes = [row.output_shape[1] for row in net(L.Sequential(*[L.Conv1D(1, 6) for _ in "123"]), (1, 16)).summary().layers]
    try:
        net(L.Sequential(*[L.Conv1D(1, 6) for _ in "1234"]), (1, 16))
    except ShapeError:
        return equal([11, 6, 1], sizes)
    return Outcome("not covered", "a fourth layer is taken")


def influence(padding: str) -> list[float]:
    """How many outputs each of ten inputs reaches, with three taps."""
    shape = kernels.conv1d(line(np.ones(10)), line(np.ones(3)), padding=padding).shape
    return kernels.conv1d_backward_input(np.ones(shape, np.float32), line(np.ones(3)), (1, 1, 10), padding=padding)[0, 0].tolist()


def seen(padding: str) -> list[float]:
    """How many inputs each output sees."""
    return kernels.conv1d(line(np.ones(10)), line(np.ones(3)), padding=padding)[0, 0].tolist()


def per_pixel() -> Outcome:
    """A network trained with softmax cross-entropy of every pixel gives probabilities of every pixel."""
    x, labels = RANDOM.normal(size=(8, 1, 6, 6)).astype(np.float32), RANDOM.integers(0, 3, (8, 6, 6))
    network = net(L.Conv2D(3, 3, padding=1), (1, 6, 6))
    Trainer(network, batch_size=4).fit((x, labels), epochs=1, progress=False)
    return equal(np.ones((8, 6, 6)), network.predict(x).sum(axis=1), within=1e-5)


def segmenting(*layers: L.Layer) -> Outcome:
    """A network that labels every pixel of a picture by whether it is brighter than the ground: it trains."""
    x = RANDOM.normal(0, 0.3, (64, 1, 8, 8)).astype(np.float32)
    labels = np.zeros((64, 8, 8), np.int64)
    labels[:, 2:6, 2:6] = 1
    x[:, 0] += labels
    trainer = Trainer(net(L.Sequential(*layers, L.Conv2D(2, 1)), (1, 8, 8)), loss=SoftmaxCrossEntropy(), batch_size=8)
    trainer.fit((x, labels), epochs=EPOCHS, progress=False)
    first, last = trainer.history[0].train_loss, trainer.history[-1].train_loss
    return true(f"loss per pixel {first:.2f}, after {EPOCHS} epochs {last:.2f}", last < first / 2)


def conv(filters: int = 6) -> L.Sequential:
    return L.Sequential(L.Conv2D(filters, 3, padding=1), L.ReLU())


def recurrent() -> Outcome:
    """One block, again and again: the number of weights is that of one turn."""
    block = L.Residual(L.Sequential(L.Conv2D(6, 3, padding=1), L.ReLU()))
    sizes = [count(L.Sequential(L.Conv2D(6, 3, padding=1), *[block] * turns), (1, 8, 8)) for turns in (1, 4)]
    return segmenting(conv(), *[block] * 3) if sizes[0] == sizes[1] else equal(*sizes)


def strided_cost() -> Outcome:
    macs = [net(L.Conv2D(4, 3, padding=1, stride=stride), (3, 16, 16)).summary().totals.macs for stride in (1, 2)]
    return equal(4, macs[0] / macs[1])


def parallel() -> Outcome:
    x, weight = RANDOM.normal(size=(1, 2, 5, 5)), RANDOM.normal(size=(4, 2, 3, 3))
    alone = np.concatenate([kernels.conv2d(x, weight[k : k + 1]) for k in range(4)], axis=1)
    return equal(alone, kernels.conv2d(x, weight), within=1e-12)


def tensor_sum() -> Outcome:
    v, k = RANDOM.normal(size=(1, 3, 4, 4)), RANDOM.normal(size=(2, 3, 2, 2))
    z = [[[(v[0, :, j : j + 2, i : i + 2] * k[each]).sum() for i in range(3)] for j in range(3)] for each in range(2)]
    return equal(z, kernels.conv2d(v, k)[0], within=1e-12)


def padding_between() -> Outcome:
    """A pattern at the border and one in the middle: which padding finds both."""
    wrong = {}
    for padding in (0, 1, 2):
        labels = RANDOM.integers(0, 2, 300)
        x = RANDOM.normal(0, 0.3, (300, 1, 8)).astype(np.float32)
        x[np.arange(300), 0, np.where(labels == 1, 0, 4)] += 2
        network = net(L.Sequential(L.Conv1D(4, 5, padding=padding), L.ReLU(), L.Flatten(), L.Linear(2)), (1, 8))
        wrong[padding] = trained(network, (x[:200], labels[:200]), (x[200:], labels[200:]), 10, batch_size=20).test[-1]
    said = ", ".join(f"{padding}: {100 * error:.0f} %" for padding, error in wrong.items())
    if wrong[1] < min(wrong[0], wrong[2]) - 0.01:
        return Outcome("equal", f"errors by padding {said}")
    return Outcome(
        "honestly different", f"errors by padding {said}: so small a task leaves little to choose between valid (0) and same (2)"
    )


def adaptive() -> Outcome:
    shapes = [net(L.AdaptiveMaxPool2D(6), (3, *sides)).output_shape for sides in ((13, 13), (20, 31), (7, 9))]
    return equal([(3, 6, 6)] * 3, shapes)


def output_scales() -> Outcome:
    free = net(L.Sequential(L.Conv2D(4, 3, padding=1), L.ReLU(), L.Conv2D(2, 1)), (1, None, None))
    return equal(
        [(1, 2, 16, 16), (1, 2, 24, 40)], [free.forward(np.zeros((1, 1, *each), np.float32)).shape for each in ((16, 16), (24, 40))]
    )


def unshared_position() -> Outcome:
    return lab("prior", "unshared convolution is useful")


def smaller_by_pooling() -> Outcome:
    without, with_pool = (
        net(L.Sequential(L.Conv2D(8, 3, padding=1), *pool, L.Conv2D(8, 3, padding=1), L.Flatten(), L.Linear(10)), (1, 32, 32))
        .summary()
        .totals
        for pool in ((), (L.MaxPool2D(2),))
    )
    return true(
        f"{without.params:,} -> {with_pool.params:,} parameters", with_pool.params < without.params and with_pool.macs < without.macs
    )


def kinds_of_data() -> Outcome:
    from minicnn.datasets import catalog

    return Outcome("not covered", f"data of pictures and signals only: {', '.join(catalog.RECORDS)}; no sound, volume, video or skeleton")


CHECKS: dict[str, Check] = {
    "B1": lambda: law("matrix"),
    "B2": lambda: learns((1, 12), L.Conv1D(4, 3)),
    "B3": jeong.integral,
    "B4": lambda: equal([4, 13, 28, 27, 18], kernels.conv1d(line([1, 2, 3]), line([4, 5, 6]), padding="full", flip=True)[0, 0]),
    "B5": jeong.discrete,
    "B6": lambda: law("commutativity"),
    "B7": correlation,
    "B8": sobel,
    "B9": lambda: true(f"{', '.join(kernels.image_kernels)}", len(kernels.image_kernels) >= 10),
    "B10": lambda: law("matrix"),
    "B11": lambda: equal(["Conv2D", "ReLU", "MaxPool2D"], [row.type for row in summary("lenet").layers[:3]]),
    "B12": lambda: equal([(6, 28, 28), (16, 10, 10)], maps("lenet", "conv1", "conv2")),
    "B13": lambda: equal([456, 28], [count(L.Conv2D(6, 5), (3, 32, 32)), net(L.Conv2D(6, 5), (3, 32, 32)).output_shape[1]]),
    "B14": lambda: equal((6, 28, 28), net(L.Conv2D(6, 5), (3, 32, 32)).output_shape),
    "B15": lambda: law("translation"),
    "B16": free_size,
    "B17": large_inputs,
    "B18": lambda: lab("cost", "5 inputs, 5 outputs"),
    "B19": connections,
    "B20": fields,
    "B21": lambda: equal(3, count(L.Conv1D(1, 3, bias=False), (1, 5))),
    "B22": sharing,
    "B23": lambda: tested(ONE.test_edge_detection),
    "B24": lambda: fact("edges by convolution"),
    "B25": lambda: fact("edges as a matrix: more than 8e9", "edges as a matrix: more than 16e9"),
    "B26": edge_picture,
    "B27": lambda: law("translation", "translation same", "translation stride"),
    "B28": lambda: lab("invariance", "equivariant: f(shift(x))"),
    "B29": lambda: lab("invariance", "not equivariant to rotation and scaling (quarter", "not equivariant to rotation and scaling (scale"),
    "B30": kinds_of_pooling,
    "B31": lambda: tested(ONE.test_other_pooling),
    "B32": lambda: lab("pooling", "L2 pooling, and an average"),
    "B33": smaller_by_pooling,
    "B34": lambda: equal([[6, 8], [3, 4]], kernels.max_pool2d(grid([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]), 2)[0, 0]),
    "B35": lambda: tested(ONE.test_pooling_and_small_translations),
    "B36": lambda: lab("invariance", "pooling makes the answer nearly"),
    "B37": lambda: lab("pooling", "figure 13: pooling over channels"),
    "B38": lambda: tested(ONE.test_global_pooling_of_any_size),
    "B39": lambda: lab("prior", "a fully connected network can do"),
    "B40": context("an argument"),
    "B41": lambda: lab("prior", "pooling can underfit"),
    "B42": lambda: lab("prior", "for features far apart"),
    "B43": lambda: lab("permuted", "pictures: a convolutional network suffers", "pictures: a network without knowledge"),
    "B44": parallel,
    "B45": lambda: equal((1, 5, 6, 6), kernels.conv2d(np.ones((1, 3, 8, 8)), np.ones((5, 3, 3, 3))).shape),
    "B46": strided_cost,
    "B47": tensor_sum,
    "B48": lambda: tested(worked.TestCrossCorrelationOfLecture002().test_pointwise),
    "B49": lambda: law("stride"),
    "B50": shrinks,
    "B51": lambda: equal([8, 10, 12], [len(seen(word)) for word in ("valid", "same", "full")]),
    "B52": lambda: fact_or(
        "valid convolution: input pixels influence", lambda: different([3] * 10, influence("valid"), "outputs see equally many inputs, 3")
    ),
    "B53": lambda: equal([2, 3, 3, 3, 3, 3, 3, 3, 3, 2], influence("same")),
    "B54": lambda: equal([3] * 10, influence("full")),
    "B55": lambda: equal([1, 2, *[3] * 8, 2, 1], seen("full")),
    "B56": padding_between,
    "B57": lambda: tested(ONE.test_unshared),
    "B58": unshared_position,
    "B59": lambda: law("tile 1", "tile >= out"),
    "B60": sharing,
    "B61": output_scales,
    "B62": per_pixel,
    "B63": lambda: segmenting(conv(), L.MaxPool2D(2, name="pool1"), conv(), L.MaxUnpool2D("pool1")),
    "B64": lambda: segmenting(conv(), L.MaxPool2D(3, stride=1, padding=1), conv()),
    "B65": recurrent,
    "B66": output_scales,
    "B67": adaptive,
    "B68": lambda: learns((1, 16), L.Conv1D(4, 3)),
    "B69": lambda: learns((1, 8, 12), L.Conv2D(4, 3)),
    "B70": lambda: learns((1, 6, 6, 6), L.Conv3D(4, 3)),
    "B71": lambda: learns((12, 10), L.Conv1D(4, 3)),
    "B72": lambda: learns((3, 8, 8), L.Conv2D(4, 3)),
    "B73": lambda: learns((3, 4, 8, 8), L.Conv3D(4, 3)),
    "B74": kinds_of_data,
    "B75": lambda: law("convolution theorem"),
    "B76": lambda: lab("cost", "Fourier's transform is cheaper", "and not for small ones"),
    "B77": lambda: law("separable"),
    "B78": lambda: tested(ONE.test_separable_gaussian),
}
