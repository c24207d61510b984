"""Densely connected networks: every layer sees the maps of all layers before it, and adds a few.

Huang, Liu, van der Maaten, Weinberger, "Densely Connected Convolutional Networks", 2017, sections 3 and 4.2 and table 1.
No convolution has a bias of its own.
"""

from __future__ import annotations

from minicnn.layers import (
    AvgPool2D,
    BatchNorm2D,
    Concat,
    Conv2D,
    Element,
    GlobalAvgPool,
    Linear,
    MaxPool2D,
    ReLU,
    Sequential,
)
from minicnn.zoo.cifar_resnet import on_digits
from minicnn.zoo.registry import Paper, network

HUANG = Paper("Huang et al.", "Densely Connected Convolutional Networks", 2017)


@network("densenet40", HUANG, title="DenseNet-40 for CIFAR-10", input_shape=(3, 32, 32), classes=10, recipe=on_digits(0.994, 0.997))
def densenet40(classes: int) -> Sequential:
    """Growth 12, no bottleneck, no compression; three blocks of twelve layers."""
    return Sequential(
        Conv2D(16, 3, padding=1, bias=False),
        *dense_stages((12, 12, 12), channels=16, growth=12, bottleneck=False, compression=1),
        BatchNorm2D(),
        ReLU(),
        GlobalAvgPool(),
        Linear(classes),
    )


@network("densenet121", HUANG, title="DenseNet-121 (BC)", input_shape=(3, 224, 224), classes=1000)
def densenet121(classes: int) -> Sequential:
    """Growth 32, a 1x1 bottleneck before every 3x3 convolution, half of the maps kept between blocks."""
    return Sequential(
        Conv2D(64, 7, stride=2, padding=3, bias=False),
        BatchNorm2D(),
        ReLU(),
        MaxPool2D(3, stride=2, padding=1),
        *dense_stages((6, 12, 24, 16), channels=64, growth=32, bottleneck=True, compression=0.5),
        BatchNorm2D(),
        ReLU(),
        GlobalAvgPool(),
        Linear(classes),
    )


def dense_stages(counts: tuple[int, ...], channels: int, growth: int, bottleneck: bool, compression: float) -> list[Element]:
    """Blocks of so many layers, with a transition between each and the next."""
    stages: list[Element] = []
    for stage, count in enumerate(counts, start=1):
        if stages:
            channels = int(channels * compression)
            stages.append(transition(channels, name=f"transition{stage - 1}"))
        layers = [dense_layer(growth, bottleneck, name=f"layer{number}") for number in range(1, count + 1)]
        stages.append(Sequential(*layers, name=f"block{stage}"))
        channels += count * growth
    return stages


def dense_layer(growth: int, bottleneck: bool, name: str) -> Concat:
    """All maps so far, and `growth` new ones made from them."""
    narrow = [BatchNorm2D(), ReLU(), Conv2D(4 * growth, 1, bias=False)] if bottleneck else []
    return Concat(Sequential(), Sequential(*narrow, BatchNorm2D(), ReLU(), Conv2D(growth, 3, padding=1, bias=False)), name=name)


def transition(channels: int, name: str) -> Sequential:
    """Half the size, and so many channels."""
    return Sequential(BatchNorm2D(), ReLU(), Conv2D(channels, 1, bias=False), AvgPool2D(2), name=name)
