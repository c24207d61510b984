"""Residual networks for small images: 6n + 2 layers in three stages of 16, 32 and 64 filters, and the same without shortcuts.

He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", 2016, section 4.2.
Huang, Sun, Liu, Sedra, Weinberger, "Deep Networks with Stochastic Depth", 2016, section 3.

Every convolution is followed by batch normalization and has no bias of its own.  Global average pooling makes the network one for
images of any size: `--input 1x28x28` takes MNIST as it is.
"""

from __future__ import annotations

from minicnn.layers import (
    BatchNorm2D,
    Conv2D,
    Element,
    GlobalAvgPool,
    Linear,
    PadShortcut,
    ReLU,
    Residual,
    Sequential,
    StochasticDepth,
)
from minicnn.optimizers import Adam
from minicnn.recipe import Outcome, Recipe
from minicnn.zoo.registry import Paper, network

RESNET = Paper("He et al.", "Deep Residual Learning for Image Recognition", 2016)
STOCHASTIC = Paper("Huang et al.", "Deep Networks with Stochastic Depth", 2016)
CIFAR = {"input_shape": (3, 32, 32), "classes": 10}


def on_digits(low: float, high: float, epochs: int = 10, batch_size: int = 32) -> Recipe:
    """With the digits as they are, 8x8, a sixteenth of the operations of 32x32."""
    return Recipe(Adam(learning_rate=0.003), (Outcome("digits", epochs, (low, high), size=(8, 8)),), batch_size=batch_size)


@network("plain20", RESNET, title="20 layers without shortcuts", **CIFAR, recipe=on_digits(0.989, 0.994, epochs=20))
def plain20(classes: int) -> Sequential:
    return cifar_resnet(3, classes, shortcut="none")


@network(
    "plain56", RESNET, title="56 layers without shortcuts: worse than 20", **CIFAR, recipe=on_digits(0.568, 0.939, epochs=60, batch_size=64)
)
def plain56(classes: int) -> Sequential:
    return cifar_resnet(9, classes, shortcut="none")


@network("resnet20", RESNET, title="ResNet-20 for CIFAR-10", **CIFAR, recipe=on_digits(0.992, 0.994))
def resnet20(classes: int) -> Sequential:
    return cifar_resnet(3, classes)


@network("resnet56", RESNET, title="ResNet-56 for CIFAR-10", **CIFAR, recipe=on_digits(0.983, 0.989))
def resnet56(classes: int) -> Sequential:
    return cifar_resnet(9, classes)


@network("resnet110", RESNET, title="ResNet-110 for CIFAR-10", **CIFAR, recipe=on_digits(0.975, 0.983, epochs=5))
def resnet110(classes: int) -> Sequential:
    return cifar_resnet(18, classes)


@network("resnet20-projection", RESNET, title="ResNet-20 with projection shortcuts", **CIFAR, recipe=on_digits(0.986, 0.994))
def resnet20_projection(classes: int) -> Sequential:
    return cifar_resnet(3, classes, shortcut="projection")


@network("resnet56-projection", RESNET, title="ResNet-56 with projection shortcuts", **CIFAR, recipe=on_digits(0.981, 0.992))
def resnet56_projection(classes: int) -> Sequential:
    return cifar_resnet(9, classes, shortcut="projection")


@network("resnet110-stochastic", STOCHASTIC, title="ResNet-110 with stochastic depth", **CIFAR, recipe=on_digits(0.978, 0.992, epochs=5))
def resnet110_stochastic(classes: int) -> Sequential:
    """The deeper a block, the rarer it takes part: the last of the 54 in every second batch, 40.25 of them on average."""
    return cifar_resnet(18, classes, last_survival=0.5)


def cifar_resnet(n: int, classes: int, shortcut: str = "zeros", last_survival: float = 1) -> Sequential:
    """A network of 6n + 2 layers.

    shortcut : where the shape changes: "zeros" (option A), "projection" (option B), "none" for a plain network
    last_survival : the l-th of L blocks survives with probability 1 - l/L * (1 - last_survival)
    """
    layers: list[Element] = [conv3x3(16), BatchNorm2D(), ReLU()]
    for stage, filters in enumerate((16, 32, 64), start=1):
        blocks = []
        for block in range(1, n + 1):
            stride = 2 if stage > 1 and block == 1 else 1
            survival = 1 - ((stage - 1) * n + block) / (3 * n) * (1 - last_survival)
            body = residual_body(filters, stride, survival)
            way = body if shortcut == "none" else Residual(body, around(shortcut, filters, stride))
            blocks.append(Sequential(way, ReLU(), name=f"block{block}"))
        layers.append(Sequential(*blocks, name=f"stage{stage}"))
    return Sequential(*layers, GlobalAvgPool(), Linear(classes))


def residual_body(filters: int, stride: int, survival: float) -> Sequential:
    """Two convolutions, the first of which may take steps of two pixels."""
    chance = [] if survival == 1 else [StochasticDepth(survival)]
    return Sequential(conv3x3(filters, stride), BatchNorm2D(), ReLU(), conv3x3(filters), BatchNorm2D(), *chance)


def around(shortcut: str, filters: int, stride: int) -> Element | None:
    """The way around a body: the identity unless the shape changes."""
    if stride == 1:
        return None
    if shortcut == "zeros":
        return PadShortcut(filters, stride=stride)
    return Sequential(Conv2D(filters, 1, stride=stride, bias=False), BatchNorm2D(), name="projection")


def conv3x3(filters: int, stride: int = 1) -> Conv2D:
    return Conv2D(filters, 3, stride=stride, padding=1, bias=False)
