"""An exercise of a lecture: which sizes, how many parameters?

Lipton, Chai, "Convolutional Neural Networks II", lecture of 10-701 at Carnegie Mellon University, 2023, slide "Exercise".
"""

from __future__ import annotations

from minicnn.layers import Conv2D, Flatten, Linear, MaxPool2D, ReLU, Sequential
from minicnn.zoo.registry import Paper, network

LIPTON = Paper("Lipton, Chai", "Convolutional Neural Networks II, lecture of CMU 10-701", 2023)


@network("cmu-exercise", LIPTON, title="Exercise: sizes and parameters", input_shape=(3, 100, 100), classes=100)
def cmu_exercise(classes: int) -> Sequential:
    """conv3 does not come out even: (92 - 5)/2 is 43.5, and one row and one column of its input stay unused."""
    return Sequential(
        Conv2D(48, 9, name="conv1"),
        ReLU(name="relu1"),
        Conv2D(96, 9, padding=4, name="conv2"),
        ReLU(name="relu2"),
        Conv2D(192, 5, stride=2, name="conv3"),
        ReLU(name="relu3"),
        MaxPool2D(2, name="pool"),
        Conv2D(256, 1, name="conv4"),
        ReLU(name="relu4"),
        Flatten(name="flat"),
        Linear(classes, name="fc"),
    )
