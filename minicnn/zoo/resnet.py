"""Residual networks for ImageNet: four stages of blocks, each block a body and a way around it.

He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", 2016, table 1; the sequel, "Identity Mappings in Deep Residual
Networks", 2016, puts normalization and activation before the convolutions: `preactivation.py`.
Zagoruyko, Komodakis, "Wide Residual Networks", 2016, section 3.3.
Xie, Girshick, Dollar, Tu, He, "Aggregated Residual Transformations for Deep Neural Networks", 2017, table 1.

Every convolution is followed by batch normalization and has no bias of its own.  Where the shape changes, a 1x1 convolution leads
around the body (option B); in the networks called `-zeros` every second pixel does, with zeros for the channels that it lacks (option A):
they have as many parameters as the plain ones.
"""

from __future__ import annotations

from collections.abc import Callable

from minicnn.layers import BatchNorm2D, Conv2D, Element, GlobalAvgPool, Linear, MaxPool2D, PadShortcut, ReLU, Residual, Sequential
from minicnn.zoo.registry import Paper, network

HE = Paper("He et al.", "Deep Residual Learning for Image Recognition", 2016)
ZAGORUYKO = Paper("Zagoruyko, Komodakis", "Wide Residual Networks", 2016)
XIE = Paper("Xie et al.", "Aggregated Residual Transformations for Deep Neural Networks", 2017)
IMAGENET = {"input_shape": (3, 224, 224), "classes": 1000}


@network("plain18", HE, title="18 layers without shortcuts", **IMAGENET)
def plain18(classes: int) -> Sequential:
    return resnet((2, 2, 2, 2), basic, classes, expansion=1, shortcut="none")


@network("plain34", HE, title="34 layers without shortcuts: worse than 18", **IMAGENET)
def plain34(classes: int) -> Sequential:
    return resnet((3, 4, 6, 3), basic, classes, expansion=1, shortcut="none")


@network("resnet18", HE, title="ResNet-18", **IMAGENET)
def resnet18(classes: int) -> Sequential:
    return resnet((2, 2, 2, 2), basic, classes, expansion=1)


@network("resnet34", HE, title="ResNet-34", **IMAGENET)
def resnet34(classes: int) -> Sequential:
    return resnet((3, 4, 6, 3), basic, classes, expansion=1)


@network("resnet18-zeros", HE, title="ResNet-18 with zeros for new channels", **IMAGENET)
def resnet18_zeros(classes: int) -> Sequential:
    return resnet((2, 2, 2, 2), basic, classes, expansion=1, shortcut="zeros")


@network("resnet34-zeros", HE, title="ResNet-34 with zeros for new channels", **IMAGENET)
def resnet34_zeros(classes: int) -> Sequential:
    return resnet((3, 4, 6, 3), basic, classes, expansion=1, shortcut="zeros")


@network("resnet50", HE, title="ResNet-50", **IMAGENET)
def resnet50(classes: int) -> Sequential:
    return resnet((3, 4, 6, 3), bottleneck, classes)


@network("resnet101", HE, title="ResNet-101", **IMAGENET)
def resnet101(classes: int) -> Sequential:
    return resnet((3, 4, 23, 3), bottleneck, classes)


@network("resnet152", HE, title="ResNet-152", **IMAGENET)
def resnet152(classes: int) -> Sequential:
    return resnet((3, 8, 36, 3), bottleneck, classes)


@network("resnet200", HE, title="ResNet-200, activation after the sum", **IMAGENET)
def resnet200(classes: int) -> Sequential:
    """The blocks of the sequel's 200 layers in the form of this paper, as common libraries build them: batch normalization behind every
    convolution, ReLU after the sum.  As the sequel draws them they are `resnet200-preact`.
    """
    return resnet((3, 24, 36, 3), bottleneck, classes)


@network("resnet50-v1", HE, title="ResNet-50 as published", **IMAGENET)
def resnet50_v1(classes: int) -> Sequential:
    """The step of two pixels is taken by the first 1x1 convolution of a stage: as many parameters, fewer MACs, a larger field."""

    def body(filters: int, stride: int) -> Sequential:
        return bottleneck(filters, stride, early=True)

    return resnet((3, 4, 6, 3), body, classes)


@network("wide-resnet50-2", ZAGORUYKO, title="Wide ResNet-50-2", **IMAGENET)
def wide_resnet50_2(classes: int) -> Sequential:
    """The 3x3 convolutions have twice the filters."""

    def body(filters: int, stride: int) -> Sequential:
        return bottleneck(filters, stride, inner=2 * filters)

    return resnet((3, 4, 6, 3), body, classes)


@network("resnext50-32x4d", XIE, title="ResNeXt-50, 32 groups of 4", **IMAGENET)
def resnext50_32x4d(classes: int) -> Sequential:
    """The 3x3 convolutions work in 32 groups, of 4 filters each in the first stage."""

    def body(filters: int, stride: int) -> Sequential:
        return bottleneck(filters, stride, inner=2 * filters, groups=32)

    return resnet((3, 4, 6, 3), body, classes)


def resnet(
    blocks: tuple[int, ...], body: Callable[[int, int], Sequential], classes: int, expansion: int = 4, shortcut: str = "projection"
) -> Sequential:
    """A stem, four stages of so many blocks, and one fully connected layer.

    body : makes the body of a block from its filters and its stride; its output has `expansion` times as many channels
    shortcut : where the shape changes: "zeros" (option A), "projection" (option B), "none" for a plain network
    """
    stages: list[Element] = []
    for stage, count in enumerate(blocks, start=1):
        filters = 64 * 2 ** (stage - 1)
        parts = []
        for number in range(1, count + 1):
            stride = 2 if stage > 1 and number == 1 else 1
            changes = stride > 1 or (number == 1 and expansion > 1)
            around = shortcut_of(shortcut, filters * expansion, stride) if changes else None
            way = body(filters, stride) if shortcut == "none" else Residual(body(filters, stride), around)
            parts.append(Sequential(way, ReLU(), name=f"block{number}"))
        stages.append(Sequential(*parts, name=f"stage{stage}"))
    return Sequential(*stem(), *stages, GlobalAvgPool(), Linear(classes))


def stem() -> tuple[Element, ...]:
    """From 224 pixels to 56, in 64 channels."""
    return *normalized(64, 7, stride=2), ReLU(), MaxPool2D(3, stride=2, padding=1)


def shortcut_of(kind: str, channels: int, stride: int) -> Element:
    """The way around a body that changes the shape."""
    if kind == "zeros":
        return PadShortcut(channels, stride=stride)
    return Sequential(*normalized(channels, 1, stride), name="projection")


def basic(filters: int, stride: int) -> Sequential:
    """Two 3x3 convolutions."""
    return Sequential(*normalized(filters, 3, stride), ReLU(), *normalized(filters, 3))


def bottleneck(filters: int, stride: int, inner: int | None = None, groups: int = 1, early: bool = False) -> Sequential:
    """1x1 to few channels, 3x3 among them, 1x1 to many.

    inner : filters of the 3x3 convolution, if not `filters`
    early : the first convolution takes the stride, and not the second
    """
    first, second = (stride, 1) if early else (1, stride)
    few = filters if inner is None else inner
    return Sequential(*normalized(few, 1, first), ReLU(), *normalized(few, 3, second, groups), ReLU(), *normalized(4 * filters, 1))


def normalized(filters: int, window: int, stride: int = 1, groups: int = 1) -> tuple[Element, Element]:
    """A convolution padded to keep the size, and its normalization."""
    return Conv2D(filters, window, stride=stride, padding=window // 2, groups=groups, bias=False), BatchNorm2D()
