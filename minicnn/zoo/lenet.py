"""LeNet: two convolutions, two poolings, three fully connected layers; as it is trained today, as it was, and as it is taught.

LeCun, Bottou, Bengio, Haffner, "Gradient-Based Learning Applied to Document Recognition", 1998, section II.B.
Zhang, Lipton, Li, Smola, "Dive into Deep Learning", 2023, section 7.6.
"""

from __future__ import annotations

from minicnn.layers import (
    RBF,
    AvgPool2D,
    Conv2D,
    Flatten,
    Linear,
    MaxPool2D,
    ReLU,
    ScaledTanh,
    Sequential,
    Sigmoid,
    Subsample2D,
    TableConv2D,
)
from minicnn.optimizers import SGD, Adam
from minicnn.recipe import Outcome, Recipe
from minicnn.zoo.digit_pictures import PICTURES
from minicnn.zoo.registry import DIVE, Paper, network

LECUN = Paper("LeCun et al.", "Gradient-Based Learning Applied to Document Recognition", 1998)

# Table I of the paper: the maps of S2 that each map of C3 sees.  Six see three neighbours (in a ring), six see four neighbours, three
# see two pairs, one sees all: different maps see different things, and symmetry is broken.
# fmt: off
C3_TABLE = (
    (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (4, 5, 0), (5, 0, 1),
    (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (3, 4, 5, 0), (4, 5, 0, 1), (5, 0, 1, 2),
    (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5),
    (0, 1, 2, 3, 4, 5),
)
# fmt: on


@network(
    "lenet",
    LECUN,
    title="LeNet",
    input_shape=(1, 28, 28),
    classes=10,
    recipe=Recipe(
        SGD(learning_rate=0.05, momentum=0.9, weight_decay=5e-4),
        (Outcome("digits", 40, (0.983, 0.989)), Outcome("mnist", 12, (0.9927, 0.9936)), Outcome("fashion-mnist", 12, (0.902, 0.907))),
        schedule="one-cycle",
        ema=0.999,
    ),
)
def lenet(classes: int) -> Sequential:
    """The LeNet people train today: ReLU and max pooling, every filter of conv2 sees all six maps.

    Padding 2 makes the 28 x 28 image what 32 x 32 was in the paper.
    """
    return Sequential(
        Conv2D(6, 5, padding=2),
        ReLU(),
        MaxPool2D(2),
        Conv2D(16, 5),
        ReLU(),
        MaxPool2D(2),
        Flatten(),
        Linear(120),
        ReLU(),
        Linear(84),
        ReLU(),
        Linear(classes),
    )


@network(
    "lenet5-1998",
    LECUN,
    title="LeNet-5 as published",
    input_shape=(1, 32, 32),
    classes=10,
    widths=False,
    recipe=Recipe(
        Adam(learning_rate=0.003),
        (Outcome("digits", 30, (0.967, 0.981)), Outcome("mnist", 10, (0.9858, 0.9905)), Outcome("fashion-mnist", 10, (0.885, 0.891))),
    ),
)
def lenet5(classes: int) -> Sequential:
    """The names are those of the paper: C convolution, S subsampling, F fully connected; 60,000 parameters.

    The output compares the 84 numbers of F6 with a picture of each digit; for other classes than ten, with fixed random signs.
    """
    return Sequential(
        Conv2D(6, 5, name="C1"),
        ScaledTanh(name="C1_act"),
        Subsample2D(2, name="S2"),
        ScaledTanh(name="S2_act"),
        TableConv2D(C3_TABLE, 5, name="C3"),
        ScaledTanh(name="C3_act"),
        Subsample2D(2, name="S4"),
        ScaledTanh(name="S4_act"),
        Conv2D(120, 5, name="C5"),
        ScaledTanh(name="C5_act"),
        Flatten(name="flat"),
        Linear(84, name="F6"),
        ScaledTanh(name="F6_act"),
        RBF(classes, PICTURES if classes == len(PICTURES) else None, name="out_rbf"),
    )


@network(
    "lenet-d2l",
    DIVE,
    title="LeNet with sigmoids",
    input_shape=(1, 28, 28),
    classes=10,
    recipe=Recipe(
        Adam(learning_rate=0.005),
        (Outcome("digits", 40, (0.981, 0.986)), Outcome("mnist", 10, (0.9898, 0.9905)), Outcome("fashion-mnist", 10, (0.884, 0.887))),
    ),
)
def lenet_d2l(classes: int) -> Sequential:
    """The form of the textbook: sigmoid and average pooling."""
    return Sequential(
        Conv2D(6, 5, padding=2),
        Sigmoid(),
        AvgPool2D(2),
        Conv2D(16, 5),
        Sigmoid(),
        AvgPool2D(2),
        Flatten(),
        Linear(120),
        Sigmoid(),
        Linear(84),
        Sigmoid(),
        Linear(classes),
    )
