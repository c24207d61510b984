"""YOLO: one look at the image gives boxes and classes for every cell of a 7 x 7 grid.

Redmon, Divvala, Girshick, Farhadi, "You Only Look Once: Unified, Real-Time Object Detection", 2016, figure 3 and section 2.1.
"""

from __future__ import annotations

from minicnn.layers import BatchNorm2D, Conv2D, Dropout, Flatten, LeakyReLU, Linear, MaxPool2D, Reshape, Sequential
from minicnn.optimizers import Adam
from minicnn.recipe import Outcome, Recipe
from minicnn.zoo.registry import Paper, network

REDMON = Paper("Redmon et al.", "You Only Look Once: Unified, Real-Time Object Detection", 2016)
GRID, BOXES = 7, 2


@network("yolov1", REDMON, title="YOLO", input_shape=(3, 448, 448), classes=20)
def yolov1(classes: int) -> Sequential:
    """24 convolutions and two fully connected layers; a cell has two boxes of five numbers and one number for each class.

    The paper's tensor of 7 x 7 x 30 has its channels first here, as maps have everywhere, and as `losses.YOLO` takes them.
    """
    cell = 5 * BOXES + classes
    return Sequential(
        convolution(64, 7, stride=2),
        MaxPool2D(2),
        convolution(192, 3),
        MaxPool2D(2),
        convolution(128, 1),
        convolution(256, 3),
        convolution(256, 1),
        convolution(512, 3),
        MaxPool2D(2),
        *(layer for _ in range(4) for layer in (convolution(256, 1), convolution(512, 3))),
        convolution(512, 1),
        convolution(1024, 3),
        MaxPool2D(2),
        *(layer for _ in range(2) for layer in (convolution(512, 1), convolution(1024, 3))),
        convolution(1024, 3),
        convolution(1024, 3, stride=2),
        convolution(1024, 3),
        convolution(1024, 3),
        Flatten(),
        Linear(4096),
        LeakyReLU(0.1),
        Dropout(0.5),
        Linear(GRID * GRID * cell),
        Reshape((cell, GRID, GRID)),
    )


def convolution(filters: int, window: int, stride: int = 1) -> Sequential:
    return Sequential(Conv2D(filters, window, stride=stride, padding=window // 2), LeakyReLU(0.1))


@network(
    "yolo-digits",
    REDMON,
    title="YOLO for small scenes",
    input_shape=(1, 96, 96),
    classes=10,
    # scenes of the embedded digits: 0.959 to 0.965, and 0.945 to 0.965 on five other sets of 500; of MNIST's, whose hands are many: 0.893 to 0.896
    recipe=Recipe(
        Adam(learning_rate=0.002), (Outcome("digit-scenes", 10, (0.893, 0.965)),), batch_size=16, loss={"type": "YOLO", "boxes": BOXES}
    ),
)
def yolo_digits(classes: int) -> Sequential:
    """Convolutions all the way: 12 x 12 cells, each with two boxes of five numbers and one number for each class, channels first."""
    return Sequential(
        normalised(16),
        MaxPool2D(2),
        normalised(32),
        MaxPool2D(2),
        normalised(64),
        normalised(64),
        MaxPool2D(2),
        normalised(96),
        normalised(96),
        Conv2D(5 * BOXES + classes, 1, name="boxes"),
    )


def normalised(filters: int) -> Sequential:
    return Sequential(Conv2D(filters, 3, padding=1, bias=False), BatchNorm2D(), LeakyReLU(0.1))
