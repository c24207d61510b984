"""A highway network: fifty numbers, changed a little by each of nine layers whose gates decide how much.

Srivastava, Greff, Schmidhuber, "Highway Networks", 2015, sections 2 and 3: the fully connected network for MNIST.
"""

from __future__ import annotations

from minicnn.layers import Flatten, Highway, Linear, ReLU, Sequential, Sigmoid
from minicnn.optimizers import Adam
from minicnn.recipe import Outcome, Recipe
from minicnn.zoo.registry import Paper, network

SRIVASTAVA = Paper("Srivastava et al.", "Highway Networks", 2015)
GATE_START = -2.0  # the gates' first biases: negative, so that a layer starts by passing its input on (section 2.2)


@network(
    "highway",
    SRIVASTAVA,
    title="Highway network of 10 layers for MNIST",
    input_shape=(1, 28, 28),
    classes=10,
    recipe=Recipe(
        Adam(learning_rate=0.003),
        (Outcome("digits", 20, (0.975, 0.992)), Outcome("mnist", 10, (0.969, 0.974)), Outcome("fashion-mnist", 10, (0.877, 0.879))),
        batch_size=32,
    ),
)
def highway(classes: int) -> Sequential:
    """One plain layer brings the image to 50 numbers, nine highway layers follow."""
    layers = [
        Highway(body=Sequential(Linear(50), ReLU()), gate=Sequential(Linear(50, bias_start=GATE_START), Sigmoid()), name=f"highway{number}")
        for number in range(1, 10)
    ]
    return Sequential(Flatten(), Linear(50), ReLU(), *layers, Linear(classes))
