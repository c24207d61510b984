"""AlexNet: five convolutions and three fully connected layers that won ImageNet in 2012.

Krizhevsky, Sutskever, Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", 2012, sections 3 and 4.2.
"""

from __future__ import annotations

from minicnn.layers import Conv2D, Dropout, Flatten, Linear, LocalResponseNorm, MaxPool2D, ReLU, Sequential
from minicnn.zoo.registry import Paper, network

KRIZHEVSKY = Paper("Krizhevsky et al.", "ImageNet Classification with Deep Convolutional Neural Networks", 2012)


@network("alexnet", KRIZHEVSKY, title="AlexNet, one tower", input_shape=(3, 227, 227), classes=1000)
def alexnet(classes: int) -> Sequential:
    """The lecture's form: the two towers of the paper as one (no groups), pooling before normalisation.

    227 pixels, for (227 - 11)/4 + 1 = 55; the 224 printed in the paper does not come out even.
    """
    return Sequential(
        Conv2D(96, 11, stride=4, name="conv1"), ReLU(name="relu1"), MaxPool2D(3, stride=2, name="pool1"), LocalResponseNorm(name="norm1"),
        Conv2D(256, 5, padding=2, name="conv2"), ReLU(name="relu2"), MaxPool2D(3, stride=2, name="pool2"), LocalResponseNorm(name="norm2"),
        Conv2D(384, 3, padding=1, name="conv3"), ReLU(name="relu3"),
        Conv2D(384, 3, padding=1, name="conv4"), ReLU(name="relu4"),
        Conv2D(256, 3, padding=1, name="conv5"), ReLU(name="relu5"), MaxPool2D(3, stride=2, name="pool5"),
        Flatten(name="flat"),
        Linear(4096, name="fc6"), ReLU(name="relu6"), Dropout(0.5, name="drop6"),
        Linear(4096, name="fc7"), ReLU(name="relu7"), Dropout(0.5, name="drop7"),
        Linear(classes, name="fc8"),
    )
