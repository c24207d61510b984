"""Networks for MNIST-1D, the one-dimensional digits: 2,050 shared weights against 59,065 free ones, and that of the data set's authors.

Prince, "Understanding Deep Learning", 2023, section 10.2 and figures 10.7 and 10.8.
Greydanus and Kobak, "Scaling Down Deep Learning with MNIST-1D", 2024, table 1 and the repository greydanus/mnist1d.
"""

from __future__ import annotations

from minicnn.layers import Conv1D, Flatten, Linear, ReLU, Sequential
from minicnn.optimizers import SGD, Adam
from minicnn.recipe import Outcome, Recipe
from minicnn.zoo.registry import Paper, network

PRINCE = Paper("Prince", "Understanding Deep Learning", 2023)
GREYDANUS = Paper("Greydanus, Kobak", "Scaling Down Deep Learning with MNIST-1D", 2024)
SIGNAL = {"input_shape": (1, 40), "classes": 10}


@network(
    "mnist1d-cnn",
    PRINCE,
    title="Convolutions for MNIST-1D",
    **SIGNAL,
    recipe=Recipe(Adam(learning_rate=0.01), (Outcome("mnist1d", 60, (0.880, 0.908)),)),
)
def mnist1d_cnn(classes: int) -> Sequential:
    """Three convolutions of 15 channels; their windows never reach the last of the 40 numbers."""
    return Sequential(
        Conv1D(15, 3, stride=2, name="conv1"),
        ReLU(name="relu1"),
        Conv1D(15, 3, stride=2, name="conv2"),
        ReLU(name="relu2"),
        Conv1D(15, 3, stride=2, name="conv3"),
        ReLU(name="relu3"),
        Flatten(name="flat"),
        Linear(classes, name="fc"),
    )


@network(
    "mnist1d-mlp",
    PRINCE,
    title="Fully connected, as many hidden units",
    **SIGNAL,
    recipe=Recipe(SGD(learning_rate=0.05, momentum=0.9, weight_decay=5e-3), (Outcome("mnist1d", 40, (0.684, 0.690)),)),
)
def mnist1d_mlp(classes: int) -> Sequential:
    """285, 135 and 60 hidden units, as many as the convolutions have."""
    return Sequential(Flatten(), Linear(285), ReLU(), Linear(135), ReLU(), Linear(60), ReLU(), Linear(classes))


@network(
    "mnist1d-cnn25",
    GREYDANUS,
    title="Convolutions of MNIST-1D's authors",
    **SIGNAL,
    recipe=Recipe(Adam(learning_rate=0.01), (Outcome("mnist1d", 150, (0.900, 0.950)),), batch_size=100),
)
def mnist1d_cnn25(classes: int) -> Sequential:
    """Three convolutions of 25 channels, which see every one of the 40 numbers."""
    return Sequential(
        Conv1D(25, 5, stride=2, padding=1),
        ReLU(),
        Conv1D(25, 3, stride=2, padding=1),
        ReLU(),
        Conv1D(25, 3, stride=2, padding=1),
        ReLU(),
        Flatten(),
        Linear(classes),
    )
