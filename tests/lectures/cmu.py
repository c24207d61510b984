"""Lipton, Chai, Convolutional Neural Networks II, Carnegie Mellon: rows C1 to C69."""

from __future__ import annotations

import numpy as np

from minicnn import kernels, optimizers, zoo
from minicnn import layers as L
from minicnn.geometry import output_size
from minicnn.labs.training import trained
from minicnn.train import Trainer
from tests.kernels import test_lectures as worked
from tests.lectures import bonn, jeong
from tests.lectures.checking import (
    RANDOM,
    Check,
    Outcome,
    count,
    different,
    equal,
    fact,
    fact_or,
    grid,
    lab,
    law,
    layer,
    maps,
    missing,
    net,
    page,
    params,
    summary,
    tested,
    true,
)  # fmt: skip

TWO = worked.TestCrossCorrelationOfLecture002()
IMAGENET = "results on ImageNet, which cannot be trained here"


def normalization() -> Outcome:
    x = RANDOM.normal(3, 2, (5, 2, 3, 3))
    mean, variance = (x.mean(axis=(0, 2, 3), keepdims=True), x.var(axis=(0, 2, 3), keepdims=True))
    weight, bias = np.array([2.0, 3.0]), np.array([0.5, -1.0])
    ours = normalized(x, weight, bias)[0]
    claimed = weight.reshape(1, 2, 1, 1) * (x - mean) / np.sqrt(variance + 1e-5) + bias.reshape(1, 2, 1, 1)
    return equal(claimed, ours, within=1e-10)


def normalized(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, ...]:
    found = kernels.batch_norm_training(x, weight, bias)
    return found if isinstance(found, tuple) else (found,)


def moving_variance() -> Outcome:
    """After one batch of 36 numbers of variance s: biased (1 - m) + m s, unbiased (1 - m) + m s 36/35."""
    x = RANDOM.normal(size=(4, 1, 3, 3)).astype(np.float32)
    network = net(L.Sequential(L.BatchNorm2D(name="one"), L.Flatten(), L.Linear(2)), (1, 3, 3))
    Trainer(network, optimizers.SGD(learning_rate=0.0001), batch_size=4).step(x, np.arange(4) % 2)
    found = float(network.arrays["one.running_var"].item())
    biased, unbiased = (0.9 + 0.1 * x.var(ddof=ddof, dtype=np.float64) for ddof in (0, 1))
    if abs(found - unbiased) > 1e-5:
        return equal(biased, found, within=1e-5)
    return different(
        f"{biased:.5f}",
        f"{found:.5f}",
        "the unbiased variance of a batch is averaged, as PyTorch does; the lecture's code averages the biased one",
    )


def first_weights() -> Outcome:
    network = net(L.BatchNorm2D(name="one"), (4, 3, 3))
    return equal([1, 1, 1, 1, 0, 0, 0, 0], np.concatenate([network.parameters[f"one.{each}"] for each in ("weight", "bias")]))


def alone_and_together() -> Outcome:
    x = RANDOM.normal(size=(8, 2, 4, 4)).astype(np.float32)
    network = net(L.Sequential(L.Conv2D(3, 3), L.BatchNorm2D(), L.ReLU(), L.Flatten(), L.Linear(4)), (2, 4, 4))
    return equal(0, float(abs(network.forward(x)[:1] - network.forward(x[:1])).max()), within=1e-6)


def kernel_axes() -> Outcome:
    """Filters first here, (K, C, R, S); the slide writes (R, S, C, K)."""
    found = net(L.Conv2D(5, 2, name="one"), (3, 4, 4)).parameters
    return equal([5, 3, 2, 2, 5], [*found["one.weight"].shape, *found["one.bias"].shape])


def four_axes() -> Outcome:
    """Two 3D convolutions side by side in the fourth axis, summed: a 4D convolution with its taps taken apart."""
    x, weight = RANDOM.normal(size=(1, 1, 4, 3, 4, 4)), RANDOM.normal(size=(1, 1, 2, 2, 2, 2))
    ours = np.stack([sum(kernels.conv3d(x[:, :, p + r], weight[:, :, r]) for r in range(2)) for p in range(3)], axis=2)
    claimed = np.zeros((3, 2, 3, 3))
    for place in np.ndindex(claimed.shape):
        window = tuple(slice(start, start + 2) for start in place)
        claimed[place] = (x[0, 0][window] * weight[0, 0]).sum()
    return equal(claimed, ours[0, 0], within=1e-12)


def exercise() -> Outcome:
    return fact("exercise: dimensions")


def residual_block() -> Outcome:
    kinds = [net(L.Residual(L.Sequential(L.Conv2D(k, 3, padding=1, stride=s), L.BatchNorm2D(), L.ReLU(), L.Conv2D(k, 3, padding=1), L.BatchNorm2D()), way), (3, 6, 6))
             for k, s, way in ((3, 1, None), (6, 2, L.Conv2D(6, 1, stride=2)))]  # fmt: skip
    return equal([(3, 6, 6), (6, 3, 3)], [each.output_shape for each in kinds])


def augmented(words: str | tuple[str, ...]) -> Outcome:
    x = RANDOM.integers(0, 256, (32, 3, 12, 12)).astype(np.uint8)
    network = net(L.Sequential(L.Flatten(), L.Linear(2)), (3, 12, 12))
    errors = trained(network, (x, np.arange(32) % 2), (x, np.arange(32) % 2), 1, augment=words)
    return true(f"trains with augment={words!r}", np.isfinite(errors.train).all())


def usual(field: str, claimed: float) -> Outcome:
    return equal(claimed, getattr(optimizers.SGD(learning_rate=0.1), field))


def plateau() -> Outcome:
    """The rate falls by ten when the loss stands still: chosen by its name."""
    x, labels = RANDOM.normal(size=(16, 1, 2, 2)).astype(np.float32), np.arange(16) % 2
    trainer = Trainer(net(L.Sequential(L.Flatten(), L.Linear(2)), (1, 2, 2)), optimizers.SGD(learning_rate=0.1), batch_size=16)
    trainer.fit((x, labels), (x, labels), 2, schedule="plateau", progress=False)
    return true("schedule='plateau'", trainer.history[-1].learning_rate > 0)


def whole_recipe() -> Outcome:
    """All of it in one network and one call: N(0, 0.01), dropout, momentum, decay, batches of 128, crops, rate / 10."""
    x = RANDOM.integers(0, 256, (128, 3, 12, 12)).astype(np.uint8)
    layers = (L.Conv2D(4, 3, init="gaussian=0.01"), L.ReLU(), L.Flatten(), L.Dropout(0.5), L.Linear(2, init="gaussian=0.01"))
    trainer = Trainer(net(L.Sequential(*layers), (3, 12, 12)), optimizers.SGD(0.01, momentum=0.9, weight_decay=0.0005), batch_size=128)
    trainer.fit((x, np.arange(128) % 2), epochs=2, schedule="plateau", augment=("crop", "flip", "pca"), progress=False)
    return true("trains, all parts in one call", np.isfinite(trainer.history[-1].train_loss))


def blocks_of_vgg() -> Outcome:
    before, sizes = 0, []
    for row in summary("vgg16").layers:
        before += row.type == "Conv2D"
        if row.type == "MaxPool2D":
            sizes.append(before)
            before = 0
    return different([3, 3, 3, 3, 3], sizes, "as in the paper's configuration D")


def blocks() -> Outcome:
    names = ("resnet18", "resnet50", "resnet20-projection", "resnext50-32x4d", "wide-resnet50-2", "resnet110-stochastic", "wrn-28-10")
    return true(f"forms in the zoo: {', '.join(names)}", all(params(each) for each in names))


def numbers(claimed: list[int], *names: str) -> Outcome:
    return equal(claimed, [params(name) for name in names])


def stochastic() -> Outcome:
    return lab("highway", "stochastic depth", figures=True, reason="8 bodies on 500 digits do not suffer from depth")


CHECKS: dict[str, Check] = {
    "C1": lambda: equal(61_706, params("lenet")),
    "C2": lambda: true(
        "convolution, pooling, activation, normalization, fully connected", all((L.Conv2D, L.MaxPool2D, L.ReLU, L.BatchNorm2D, L.Linear))
    ),
    "C3": normalization,
    "C4": lambda: equal(25, count(L.Sequential(L.Flatten(), L.Linear(5, bias=False)), (1, 5))),
    "C5": lambda: equal(15, count(L.Conv1D(1, 3, padding=1, bias=False, sharing="unshared"), (1, 5))),
    "C6": lambda: equal(3, count(L.Conv1D(1, 3, padding=1, bias=False), (1, 5))),
    "C7": bonn.parallel,
    "C8": lambda: equal([[19, 25], [37, 43]], kernels.conv2d(grid(worked.NINE), grid([[0, 1], [2, 3]]))[0, 0]),
    "C9": lambda: lab("arithmetic", "Jeong, animations"),
    "C10": lambda: tested(TWO.test_bias),
    "C11": kernel_axes,
    "C12": lambda: tested(TWO.test_padding),
    "C13": lambda: tested(TWO.test_strides),
    "C14": lambda: tested(TWO.test_stride_of_2),
    "C15": lambda: law("1x1"),
    "C16": lambda: equal([92, 44], [output_size(100, 9, 1, 1, 0, 0), output_size(92, 5, 2, 1, 0, 0)]),
    "C17": lambda: equal(
        [3, 3, 3],
        [
            f(np.ones((1, 1, *[5] * n)), np.ones((1, 1, *[3] * n))).shape[-1]
            for n, f in enumerate((kernels.conv1d, kernels.conv2d, kernels.conv3d), 1)
        ],
    ),
    "C18": four_axes,
    "C19": lambda: equal([[4, 5], [7, 8]], kernels.max_pool2d(grid(worked.NINE), 2, stride=1)[0, 0]),
    "C20": exercise,
    "C21": lambda: fact("exercise: total"),
    "C22": page("watching filters and maps while a network learns in the browser"),
    "C23": missing(IMAGENET),
    "C24": lambda: true(
        "LeNet: pixels down, channels up", [shape[0] for shape in maps("lenet", "conv1", "pool1", "conv2", "pool2")] == [6, 6, 16, 16]
    ),
    "C25": lambda: lab("pooling", "maximum pooling is favoured"),
    "C26": lambda: fact("AlexNet, second convolution: stride 2"),
    "C27": lambda: fact("AlexNet: 8 layers"),
    "C28": lambda: numbers([46_764_746], "alexnet-d2l"),
    "C29": lambda: augmented("crop"),
    "C30": lambda: augmented("brightness"),
    "C31": lambda: equal(
        [0.5],
        sorted(
            {
                node.layer.rate if hasattr(node.layer, "rate") else node.layer.p
                for node in zoo.build("alexnet").nodes
                if node.layer.kind() == "Dropout"
            }
        ),
    ),
    "C32": lambda: equal(128, Trainer(zoo.build("lenet")).batch_size),
    "C33": lambda: lab("recipe", "weight decay lowers it", "weight decay lowers even"),
    "C34": lambda: lab(
        "recipe",
        "weights start from N(0, 0.01)",
        reason="so small a network has few inputs to a unit: the signal dies; He's rule lets it learn",
    ),
    "C35": lambda: lab("recipe", "momentum 0.9 speeds"),
    "C36": plateau,
    "C37": whole_recipe,
    "C38": lambda: equal([(7, 7), (2, 2)], [layer("zfnet", "conv1").kernel, layer("zfnet", "conv1").stride]),
    "C39": lambda: fact("ZFNet, fourth convolution", "AlexNet, fourth convolution: 484"),
    "C40": missing(IMAGENET),
    "C41": lambda: lab("see", "covering the object lowers", "the answer hangs on the pixels"),
    "C42": lambda: lab("transfer", "retrain the output layer", "fine-tuning all layers"),
    "C43": lambda: equal([[(3, 3), (1, 1)]] * 13, [[row.kernel, row.stride] for row in summary("vgg16").layers if row.type == "Conv2D"]),
    "C44": lambda: fact_or("VGG: repeated blocks", blocks_of_vgg),
    "C45": lambda: fact("a stack of 3x3"),
    "C46": jeong.CHECKS["J48"],
    "C47": lambda: equal(128_806_154, zoo.build("vgg11", input_shape=(1, 224, 224), classes=10).summary().totals.params),
    "C48": lambda: lab("batchnorm", "upper layers chase"),
    "C49": lambda: lab("batchnorm", "Santurkar 2018"),
    "C50": normalization,
    "C51": lambda: lab("batchnorm", "the noise of batches"),
    "C52": lambda: lab("batchnorm", "not synergistic with dropout"),
    "C53": alone_and_together,
    "C54": first_weights,
    "C55": moving_variance,
    "C56": normalization,
    "C57": lambda: fact("GoogLeNet: 22 layers"),
    "C58": lambda: fact("GoogLeNet: no fully connected"),
    "C59": lambda: true("global average pooling", any(row.type == "GlobalAvgPool" for row in summary("googlenet").layers)),
    "C60": lambda: fact("GoogLeNet: only 5M", "GoogLeNet: 12 times"),
    "C61": missing(IMAGENET),
    "C62": lambda: equal((256, 28, 28), summary("inception-3a").layers[-1].output_shape),
    "C63": missing("3.57 % is a result on ImageNet; its 152 layers and 60,192,808 parameters: `minicnn summary resnet152`"),
    "C64": residual_block,
    "C65": blocks,
    "C66": missing("that it beats 152 layers is a result on ImageNet; its 68.9 million parameters: `minicnn summary wide-resnet50-2`"),
    "C67": lambda: fact("DenseNet-40"),
    "C68": stochastic,
    "C69": lambda: numbers([25_028_904], "resnext50-32x4d"),
}
