"""Residual networks whose blocks begin with normalization and activation, so that nothing stands in the way around them.

He, Zhang, Ren, Sun, "Identity Mappings in Deep Residual Networks", 2016: figure 1(b) shows the order, its appendix and table 5 the
networks; Prince, "Understanding Deep Learning", 2023, draws block and network as figures 11.7 and 11.8.

    post-activation   x -> conv, BN, ReLU, conv, BN, ReLU, conv, BN -> + x -> ReLU        `resnet.py`
    pre-activation    x -> BN, ReLU, conv, BN, ReLU, conv, BN, ReLU, conv -> + x          here
"""

from __future__ import annotations

from minicnn.layers import BatchNorm2D, Conv2D, Element, GlobalAvgPool, Linear, ReLU, Residual, Sequential
from minicnn.zoo.registry import Paper, network
from minicnn.zoo.resnet import stem

SEQUEL = Paper("He et al.", "Identity Mappings in Deep Residual Networks", 2016)


@network("resnet200-preact", SEQUEL, title="ResNet-200, activation first", input_shape=(3, 224, 224), classes=1000)
def resnet200_preact(classes: int) -> Sequential:
    """Every block begins with BN and ReLU; the stem keeps its own before the pooling, and one more pair follows the last sum."""
    return preactivation_resnet((3, 24, 36, 3), classes)


@network("preact-bottleneck", SEQUEL, title="Bottleneck block, activation first", input_shape=(256, 56, 56), widths=False)
def preact_bottleneck() -> Element:
    return keeping_block(64, number=2)


def preactivation_resnet(blocks: tuple[int, ...], classes: int) -> Sequential:
    """A stem, four stages of so many bottleneck blocks, the last activation, and one fully connected layer."""
    stages = []
    for stage, count in enumerate(blocks, start=1):
        filters = 64 * 2 ** (stage - 1)
        parts: list[Element] = [changing_block(filters, stride=2 if stage > 1 else 1)]
        parts += [keeping_block(filters, number) for number in range(2, count + 1)]
        stages.append(Sequential(*parts, name=f"stage{stage}"))
    return Sequential(*stem(), *stages, BatchNorm2D(), ReLU(), GlobalAvgPool(), Linear(classes))


def changing_block(filters: int, stride: int) -> Sequential:
    """The first of a stage: body and 1x1 convolution share the activated input."""
    around = Conv2D(4 * filters, 1, stride=stride, bias=False, name="projection")
    return Sequential(BatchNorm2D(), ReLU(), Residual(Sequential(*convolutions(filters, stride)), around), name="block1")


def keeping_block(filters: int, number: int) -> Residual:
    """The others: the input goes around untouched."""
    return Residual(Sequential(BatchNorm2D(), ReLU(), *convolutions(filters)), name=f"block{number}")


def convolutions(filters: int, stride: int = 1) -> tuple[Element, ...]:
    """1x1 to few channels, 3x3 among them, 1x1 to many; each but the first after normalization and activation."""
    return (
        Conv2D(filters, 1, bias=False),
        BatchNorm2D(),
        ReLU(),
        Conv2D(filters, 3, stride=stride, padding=1, bias=False),
        BatchNorm2D(),
        ReLU(),
        Conv2D(4 * filters, 1, bias=False),
    )
