"""LeNet: two convolutions, two poolings, three fully connected layers.

LeCun, Bottou, Bengio, Haffner, "Gradient-Based Learning Applied to Document Recognition", 1998, section II.B.
"""

from __future__ import annotations

from minicnn.layers import Conv2D, Flatten, Linear, MaxPool2D, ReLU, Sequential
from minicnn.zoo.registry import Paper, network

LECUN = Paper("LeCun et al.", "Gradient-Based Learning Applied to Document Recognition", 1998)


@network("lenet", LECUN, title="LeNet", input_shape=(1, 28, 28), classes=10)
def lenet(classes: int) -> Sequential:
    """The LeNet people train today: ReLU and max pooling, every filter of conv2 sees all six maps.

    Padding 2 makes the 28 x 28 image what 32 x 32 was in the paper.
    """
    return Sequential(
        Conv2D(6, 5, padding=2), ReLU(), MaxPool2D(2),
        Conv2D(16, 5), ReLU(), MaxPool2D(2),
        Flatten(),
        Linear(120), ReLU(),
        Linear(84), ReLU(),
        Linear(classes),
    )
