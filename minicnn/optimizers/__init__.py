"""Rules that turn gradients into steps: settings only; the engine applies them inside the compiled plan."""

from minicnn.optimizers.adam import Adam
from minicnn.optimizers.base import Optimizer
from minicnn.optimizers.sgd import SGD
from minicnn.optimizers.usual import USUAL

OPTIMIZERS: dict[str, type[Optimizer]] = {"sgd": SGD, "adam": Adam}

__all__ = ["OPTIMIZERS", "SGD", "USUAL", "Adam", "Optimizer"]
