"""AlexNet: five convolutions and three fully connected layers that won ImageNet in 2012, in the forms people count.

Krizhevsky, Sutskever, Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", 2012, sections 3 and 4.2.
Krizhevsky, "One weird trick for parallelizing convolutional neural networks", 2014, section 5; as in torchvision.
Zhang, Lipton, Li, Smola, "Dive into Deep Learning", 2023, section 8.1.
"""

from __future__ import annotations

from minicnn.layers import Conv2D, Dropout, Element, Flatten, Linear, LocalResponseNorm, MaxPool2D, ReLU, Sequential
from minicnn.zoo.registry import DIVE, Paper, network

KRIZHEVSKY = Paper("Krizhevsky et al.", "ImageNet Classification with Deep Convolutional Neural Networks", 2012)
WEIRD_TRICK = Paper("Krizhevsky", "One weird trick for parallelizing convolutional neural networks", 2014)


@network("alexnet", KRIZHEVSKY, title="AlexNet, one tower", input_shape=(3, 227, 227), classes=1000)
def alexnet(classes: int) -> Sequential:
    """The lecture's form: the two towers of the paper as one (no groups), pooling before normalisation.

    227 pixels, for (227 - 11)/4 + 1 = 55; the 224 printed in the paper does not come out even.

    Dropout stands after FC6 and after FC7, as in the paper (section 4.2: "in the first two fully-connected layers").  The lecture's table
    prints it one layer earlier, before FC6 and before FC7, as torchvision builds it; parameters, sizes and operations are the same.
    """
    return Sequential(
        Conv2D(96, 11, stride=4, name="conv1"),
        ReLU(name="relu1"),
        MaxPool2D(3, stride=2, name="pool1"),
        LocalResponseNorm(name="norm1"),
        Conv2D(256, 5, padding=2, name="conv2"),
        ReLU(name="relu2"),
        MaxPool2D(3, stride=2, name="pool2"),
        LocalResponseNorm(name="norm2"),
        Conv2D(384, 3, padding=1, name="conv3"),
        ReLU(name="relu3"),
        Conv2D(384, 3, padding=1, name="conv4"),
        ReLU(name="relu4"),
        Conv2D(256, 3, padding=1, name="conv5"),
        ReLU(name="relu5"),
        MaxPool2D(3, stride=2, name="pool5"),
        *classifier(classes),
    )


@network("alexnet-2012", KRIZHEVSKY, title="AlexNet as published, two towers", input_shape=(3, 227, 227), classes=1000)
def alexnet_2012(classes: int) -> Sequential:
    """Two towers on two graphics cards: conv2, conv4 and conv5 see the maps of their own card only; normalisation before pooling."""
    return Sequential(
        Conv2D(96, 11, stride=4, name="conv1"),
        ReLU(name="relu1"),
        LocalResponseNorm(name="norm1"),
        MaxPool2D(3, stride=2, name="pool1"),
        Conv2D(256, 5, padding=2, groups=2, name="conv2"),
        ReLU(name="relu2"),
        LocalResponseNorm(name="norm2"),
        MaxPool2D(3, stride=2, name="pool2"),
        Conv2D(384, 3, padding=1, name="conv3"),
        ReLU(name="relu3"),
        Conv2D(384, 3, padding=1, groups=2, name="conv4"),
        ReLU(name="relu4"),
        Conv2D(256, 3, padding=1, groups=2, name="conv5"),
        ReLU(name="relu5"),
        MaxPool2D(3, stride=2, name="pool5"),
        *classifier(classes),
    )


@network("alexnet-torchvision", WEIRD_TRICK, title="AlexNet of torchvision", input_shape=(3, 224, 224), classes=1000)
def alexnet_torchvision(classes: int) -> Sequential:
    """One tower with fewer filters and no normalisation; dropout stands before the fully connected layers."""
    return Sequential(
        Conv2D(64, 11, stride=4, padding=2),
        ReLU(),
        MaxPool2D(3, stride=2),
        Conv2D(192, 5, padding=2),
        ReLU(),
        MaxPool2D(3, stride=2),
        Conv2D(384, 3, padding=1),
        ReLU(),
        Conv2D(256, 3, padding=1),
        ReLU(),
        Conv2D(256, 3, padding=1),
        ReLU(),
        MaxPool2D(3, stride=2),
        Flatten(),
        Dropout(0.5),
        Linear(4096),
        ReLU(),
        Dropout(0.5),
        Linear(4096),
        ReLU(),
        Linear(classes),
    )


@network("alexnet-d2l", DIVE, title="AlexNet for gray images", input_shape=(1, 224, 224), classes=10)
def alexnet_d2l(classes: int) -> Sequential:
    """The form of the textbook and of the CMU slides: padding 1 in conv1, so that 54 x 54 pixels come out of 224 x 224."""
    return Sequential(
        Conv2D(96, 11, stride=4, padding=1),
        ReLU(),
        MaxPool2D(3, stride=2),
        Conv2D(256, 5, padding=2),
        ReLU(),
        MaxPool2D(3, stride=2),
        Conv2D(384, 3, padding=1),
        ReLU(),
        Conv2D(384, 3, padding=1),
        ReLU(),
        Conv2D(256, 3, padding=1),
        ReLU(),
        MaxPool2D(3, stride=2),
        Flatten(),
        Linear(4096),
        ReLU(),
        Dropout(0.5),
        Linear(4096),
        ReLU(),
        Dropout(0.5),
        Linear(classes),
    )


def classifier(classes: int) -> tuple[Element, ...]:
    """The three fully connected layers, where most parameters are."""
    return (
        Flatten(name="flat"),
        Linear(4096, name="fc6"),
        ReLU(name="relu6"),
        Dropout(0.5, name="drop6"),
        Linear(4096, name="fc7"),
        ReLU(name="relu7"),
        Dropout(0.5, name="drop7"),
        Linear(classes, name="fc8"),
    )
