"""ZFNet: AlexNet with a first convolution that looks closer; it won ImageNet in 2013.

Zeiler, Fergus, "Visualizing and Understanding Convolutional Networks", 2014, figure 3.
"""

from __future__ import annotations

from minicnn.layers import Conv2D, Dropout, Flatten, Linear, LocalResponseNorm, MaxPool2D, ReLU, Sequential
from minicnn.zoo.registry import Paper, network

ZEILER = Paper("Zeiler, Fergus", "Visualizing and Understanding Convolutional Networks", 2014)
IMAGENET = {"input_shape": (3, 224, 224), "classes": 1000}


@network("zfnet", ZEILER, title="ZFNet", **IMAGENET)
def zfnet(classes: int) -> Sequential:
    return zeiler_fergus(384, 384, 256, classes)


@network("zfnet-lecture", ZEILER, title="ZFNet with the filters of the lecture", **IMAGENET)
def zfnet_lecture(classes: int) -> Sequential:
    """512, 1024, 512 filters, as on the slides of CS231n and 10-701: in the paper a variant among the results."""
    return zeiler_fergus(512, 1024, 512, classes)


def zeiler_fergus(third: int, fourth: int, fifth: int, classes: int) -> Sequential:
    """The network with so many filters in the third to fifth convolution."""
    return Sequential(
        Conv2D(96, 7, stride=2, padding=1),
        ReLU(),
        MaxPool2D(3, stride=2, padding=1),
        LocalResponseNorm(),
        Conv2D(256, 5, stride=2),
        ReLU(),
        MaxPool2D(3, stride=2, padding=1),
        LocalResponseNorm(),
        Conv2D(third, 3, padding=1),
        ReLU(),
        Conv2D(fourth, 3, padding=1),
        ReLU(),
        Conv2D(fifth, 3, padding=1),
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
