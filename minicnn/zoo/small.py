"""A small network for pictures of digits and clothes: the layout of VGG with batch normalization, three convolutions deep.

Simonyan, Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", 2015, section 2.1: windows of 3x3, twice the
filters after each pooling.
Ioffe, Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift", 2015, section 3.2.
"""

from __future__ import annotations

from minicnn.layers import BatchNorm2D, Conv2D, Element, Flatten, Linear, MaxPool2D, ReLU, Sequential
from minicnn.optimizers import SGD
from minicnn.recipe import Outcome, Recipe
from minicnn.zoo.registry import Paper, network

HERE = Paper("minicnn", "made for this zoo, after VGG", 2026)


def one_cycle(lowest: float, highest: float) -> Recipe:
    """With averaged weights; the accuracies that it reaches on the digits."""
    optimizer = SGD(learning_rate=0.1, momentum=0.9, weight_decay=5e-4)
    return Recipe(optimizer, (Outcome("digits", 20, (lowest, highest)),), schedule="one-cycle", ema=0.999)


@network(
    "small-cnn",
    HERE,
    title="Three convolutions with batch normalization",
    input_shape=(1, 28, 28),
    classes=10,
    recipe=one_cycle(0.991, 0.995),
)
def small_cnn(classes: int) -> Sequential:
    """16, 32 and 64 filters, each followed by a pooling: 2 million multiplications an image, five times those of LeNet."""
    return three_stages(classes, 16)


@network(
    "small-cnn-32",
    HERE,
    title="The same with twice the filters",
    input_shape=(1, 28, 28),
    classes=10,
    recipe=one_cycle(0.986, 0.992),
)
def small_cnn_32(classes: int) -> Sequential:
    """For clothes, which differ less from each other than digits do."""
    return three_stages(classes, 32)


def three_stages(classes: int, first: int) -> Sequential:
    """Convolution, normalization, rectifier and pooling three times, from `first` filters on."""
    stages: list[Element] = []
    for filters in (first, 2 * first, 4 * first):
        stages += [Conv2D(filters, 3, padding=1, bias=False), BatchNorm2D(), ReLU(), MaxPool2D(2)]
    return Sequential(*stages, Flatten(), Linear(classes))
