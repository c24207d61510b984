"""VGG: stacks of 3 x 3 convolutions, twice as many filters after every pooling.

Simonyan, Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", 2015, table 1.
With batch normalization after every convolution as in torchvision, where the convolutions keep their biases.
"""

from __future__ import annotations

from minicnn.layers import BatchNorm2D, Conv2D, Dropout, Element, Flatten, Linear, MaxPool2D, ReLU, Sequential
from minicnn.zoo.registry import Paper, network

SIMONYAN = Paper("Simonyan, Zisserman", "Very Deep Convolutional Networks for Large-Scale Image Recognition", 2015)
IMAGENET = {"input_shape": (3, 224, 224), "classes": 1000}

A, B, D, E = (1, 1, 2, 2, 2), (2, 2, 2, 2, 2), (2, 2, 3, 3, 3), (2, 2, 4, 4, 4)  # convolutions in each of the five blocks


@network("vgg11", SIMONYAN, title="VGG-11 (A)", **IMAGENET)
def vgg11(classes: int) -> Sequential:
    return vgg(A, classes)


@network("vgg13", SIMONYAN, title="VGG-13 (B)", **IMAGENET)
def vgg13(classes: int) -> Sequential:
    return vgg(B, classes)


@network("vgg16", SIMONYAN, title="VGG-16 (D)", **IMAGENET)
def vgg16(classes: int) -> Sequential:
    return vgg(D, classes)


@network("vgg19", SIMONYAN, title="VGG-19 (E)", **IMAGENET)
def vgg19(classes: int) -> Sequential:
    return vgg(E, classes)


@network("vgg11-bn", SIMONYAN, title="VGG-11 with batch normalization", **IMAGENET)
def vgg11_bn(classes: int) -> Sequential:
    return vgg(A, classes, normalized=True)


@network("vgg13-bn", SIMONYAN, title="VGG-13 with batch normalization", **IMAGENET)
def vgg13_bn(classes: int) -> Sequential:
    return vgg(B, classes, normalized=True)


@network("vgg16-bn", SIMONYAN, title="VGG-16 with batch normalization", **IMAGENET)
def vgg16_bn(classes: int) -> Sequential:
    return vgg(D, classes, normalized=True)


@network("vgg19-bn", SIMONYAN, title="VGG-19 with batch normalization", **IMAGENET)
def vgg19_bn(classes: int) -> Sequential:
    return vgg(E, classes, normalized=True)


def vgg(convolutions: tuple[int, ...], classes: int, normalized: bool = False) -> Sequential:
    """Five blocks of convolutions and a pooling, then the three fully connected layers of AlexNet."""
    blocks = [
        block(count, filters, normalized, name=f"block{number}")
        for number, (count, filters) in enumerate(zip(convolutions, (64, 128, 256, 512, 512), strict=True), start=1)
    ]
    return Sequential(
        *blocks,
        Flatten(),
        Linear(4096),
        ReLU(),
        Dropout(0.5),
        Linear(4096),
        ReLU(),
        Dropout(0.5),
        Linear(classes),
    )


def block(count: int, filters: int, normalized: bool, name: str) -> Sequential:
    layers: list[Element] = []
    for _ in range(count):
        layers += [Conv2D(filters, 3, padding=1), *([BatchNorm2D()] if normalized else []), ReLU()]
    return Sequential(*layers, MaxPool2D(2), name=name)
