"""The network of an estimator that is given none, chosen by the shape of its input."""

from __future__ import annotations

from math import prod

from minicnn.layers import (
    Conv1D,
    Conv2D,
    Conv3D,
    Flatten,
    Linear,
    MaxPool1D,
    MaxPool2D,
    MaxPool3D,
    ReLU,
    Sequential,
    Shape,
)

LAYERS = {1: (Conv1D, MaxPool1D), 2: (Conv2D, MaxPool2D), 3: (Conv3D, MaxPool3D)}
FILTERS = (16, 32, 64, 128)  # of one convolution after another; the last stays
HIDDEN = 64
POOLED_FROM = {1: 32, 2: 8, 3: 8}  # an axis at least as long is halved; neighbours in a table need not have anything in common


def usual_network(input_shape: Shape, outputs: int) -> Sequential:
    """Convolutions 3 wide with rectifiers, each followed by max pooling of the axes that are still long, and two linear layers.

    A signal of ten numbers: two convolutions of 16 and 32 filters, Linear(64), Linear(outputs).  Digits of 8x8: the same, with one
    pooling to 4x4 between them.  28x28: three convolutions and two poolings, to 7x7.

    input_shape : (C, *space), of one, two or three axes;  outputs : how many numbers come out
    """
    space = input_shape[1:]
    convolution, pooling = LAYERS[len(space)]
    layers = [convolution(FILTERS[0], 3, padding="same"), ReLU()]
    depth = 1
    while depth < 2 or max(space) >= POOLED_FROM[len(space)]:
        halved = tuple(2 if size >= POOLED_FROM[len(space)] else 1 for size in space)
        if prod(halved) > 1:
            layers.append(pooling(halved))
            space = tuple(size // by for size, by in zip(space, halved, strict=True))
        layers += [convolution(FILTERS[min(depth, len(FILTERS) - 1)], 3, padding="same"), ReLU()]
        depth += 1
    return Sequential(*layers, Flatten(), Linear(HIDDEN), ReLU(), Linear(outputs))
