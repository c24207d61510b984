"""Wide residual networks for small images: few layers, many filters; normalization and activation come before the convolutions.

Zagoruyko, Komodakis, "Wide Residual Networks", 2016, table 1; dropout between the convolutions left out, as for their main results.
The order is that of He, Zhang, Ren, Sun, "Identity Mappings in Deep Residual Networks", 2016.
"""

from __future__ import annotations

from minicnn.layers import BatchNorm2D, Conv2D, Element, GlobalAvgPool, Linear, ReLU, Residual, Sequential
from minicnn.zoo.registry import Paper, network

ZAGORUYKO = Paper("Zagoruyko, Komodakis", "Wide Residual Networks", 2016)


@network("wrn-28-10", ZAGORUYKO, title="Wide ResNet 28-10", input_shape=(3, 32, 32), classes=10)
def wrn_28_10(classes: int) -> Sequential:
    return wide_resnet(28, 10, classes)


def wide_resnet(depth: int, factor: int, classes: int) -> Sequential:
    """6n + 4 layers with 16, 32 and 64 times `factor` filters in their three stages."""
    stages = []
    for stage, filters in enumerate((16 * factor, 32 * factor, 64 * factor), start=1):
        blocks: list[Element] = [changing_block(filters, stride=2 if stage > 1 else 1)]
        blocks += [keeping_block(filters, number) for number in range(2, (depth - 4) // 6 + 1)]
        stages.append(Sequential(*blocks, name=f"stage{stage}"))
    return Sequential(conv3x3(16), *stages, BatchNorm2D(), ReLU(), GlobalAvgPool(), Linear(classes))


def changing_block(filters: int, stride: int) -> Sequential:
    """The first of a stage: body and 1x1 convolution share the activated input."""
    body = Sequential(conv3x3(filters, stride), BatchNorm2D(), ReLU(), conv3x3(filters))
    around = Conv2D(filters, 1, stride=stride, bias=False, name="projection")
    return Sequential(BatchNorm2D(), ReLU(), Residual(body, around), name="block1")


def keeping_block(filters: int, number: int) -> Residual:
    """The others: the input goes around untouched."""
    body = Sequential(BatchNorm2D(), ReLU(), conv3x3(filters), BatchNorm2D(), ReLU(), conv3x3(filters))
    return Residual(body, name=f"block{number}")


def conv3x3(filters: int, stride: int = 1) -> Conv2D:
    return Conv2D(filters, 3, stride=stride, padding=1, bias=False)
