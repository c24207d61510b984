"""GoogLeNet: nine inception blocks, each looking at its input through windows of four kinds.

Szegedy, Liu, Jia, Sermanet, Reed, Anguelov, Erhan, Vanhoucke, Rabinovich, "Going Deeper with Convolutions", 2015, table 1 and
figures 2 and 3.  Without the two auxiliary classifiers, which are used in training only.
"""

from __future__ import annotations

from minicnn.layers import (
    BatchNorm2D,
    Concat,
    Conv2D,
    Dropout,
    GlobalAvgPool,
    Linear,
    LocalResponseNorm,
    MaxPool2D,
    ReLU,
    Sequential,
)
from minicnn.zoo.registry import Paper, network

SZEGEDY = Paper("Szegedy et al.", "Going Deeper with Convolutions", 2015)

# table 1: filters of 1x1, of 3x3 and the 1x1 before it, of 5x5 and the 1x1 before it, of the 1x1 behind the pooling
BLOCKS = {
    "3a": (64, (96, 128), (16, 32), 32),
    "3b": (128, (128, 192), (32, 96), 64),
    "4a": (192, (96, 208), (16, 48), 64),
    "4b": (160, (112, 224), (24, 64), 64),
    "4c": (128, (128, 256), (24, 64), 64),
    "4d": (112, (144, 288), (32, 64), 64),
    "4e": (256, (160, 320), (32, 128), 128),
    "5a": (256, (160, 320), (32, 128), 128),
    "5b": (384, (192, 384), (48, 128), 128),
}


@network("googlenet", SZEGEDY, title="GoogLeNet", input_shape=(3, 224, 224), classes=1000)
def googlenet(classes: int) -> Sequential:
    """As published: local response normalisation, convolutions with biases, poolings whose last window hangs over the edge."""
    return Sequential(
        convolution(64, 7, stride=2),
        MaxPool2D(3, stride=2, ceil_mode=True),
        LocalResponseNorm(),
        convolution(64, 1),
        convolution(192, 3),
        LocalResponseNorm(),
        MaxPool2D(3, stride=2, ceil_mode=True),
        inception("3a"),
        inception("3b"),
        MaxPool2D(3, stride=2, ceil_mode=True),
        inception("4a"),
        inception("4b"),
        inception("4c"),
        inception("4d"),
        inception("4e"),
        MaxPool2D(3, stride=2, ceil_mode=True),
        inception("5a"),
        inception("5b"),
        GlobalAvgPool(),
        Dropout(0.4),
        Linear(classes),
    )


@network("googlenet-torchvision", SZEGEDY, title="GoogLeNet of torchvision", input_shape=(3, 224, 224), classes=1000)
def googlenet_torchvision(classes: int) -> Sequential:
    """Batch normalization instead of biases and local response normalisation; the 5x5 windows are 3x3, the last pooling is 2x2.

    The 3x3 windows are a slip that was kept because trained weights depend on it (pytorch/vision, issue 906).
    """

    def block(name: str) -> Concat:
        return inception(name, normalized=True, large=3)

    return Sequential(
        convolution(64, 7, stride=2, normalized=True),
        MaxPool2D(3, stride=2, ceil_mode=True),
        convolution(64, 1, normalized=True),
        convolution(192, 3, normalized=True),
        MaxPool2D(3, stride=2, ceil_mode=True),
        block("3a"),
        block("3b"),
        MaxPool2D(3, stride=2, ceil_mode=True),
        block("4a"),
        block("4b"),
        block("4c"),
        block("4d"),
        block("4e"),
        MaxPool2D(2, stride=2, ceil_mode=True),
        block("5a"),
        block("5b"),
        GlobalAvgPool(),
        Dropout(0.2),
        Linear(classes),
    )


@network("inception-3a", SZEGEDY, title="Inception block 3a", input_shape=(192, 28, 28))
def inception_3a() -> Concat:
    """With dimension reduction: 1x1 convolutions make the maps few before the expensive windows."""
    return inception("3a")


@network("inception-3a-naive", SZEGEDY, title="Inception block 3a without reduction", input_shape=(192, 28, 28))
def inception_3a_naive() -> Concat:
    """The naive form of figure 2(a): the pooled maps are passed on, and every block makes the number of maps larger."""
    ones, (_, threes), (_, fives), _ = BLOCKS["3a"]
    return Concat(convolution(ones, 1), convolution(threes, 3), convolution(fives, 5), MaxPool2D(3, stride=1, padding=1))


def inception(block: str, normalized: bool = False, large: int = 5) -> Concat:
    """Figure 2(b): four ways, laid side by side; `large` is the window of the third."""
    ones, (before_threes, threes), (before_fives, fives), behind_pool = BLOCKS[block]
    return Concat(
        convolution(ones, 1, normalized=normalized),
        Sequential(convolution(before_threes, 1, normalized=normalized), convolution(threes, 3, normalized=normalized)),
        Sequential(convolution(before_fives, 1, normalized=normalized), convolution(fives, large, normalized=normalized)),
        Sequential(MaxPool2D(3, stride=1, padding=1), convolution(behind_pool, 1, normalized=normalized)),
        name=f"inception{block}",
    )


def convolution(filters: int, window: int, stride: int = 1, normalized: bool = False) -> Sequential:
    """A convolution that keeps the size unless it has a stride, and its rectifier."""
    conv = Conv2D(filters, window, stride=stride, padding=window // 2, bias=not normalized)
    return Sequential(conv, BatchNorm2D(eps=1e-3), ReLU()) if normalized else Sequential(conv, ReLU())
