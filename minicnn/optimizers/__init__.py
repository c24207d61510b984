"""Rules that turn gradients into steps: settings, and a loop that the engine runs inside the compiled plan."""

from minicnn.optimizers.adam import Adam
from minicnn.optimizers.adamw import AdamW
from minicnn.optimizers.base import OPTIMIZERS, Optimizer
from minicnn.optimizers.rmsprop import RMSprop
from minicnn.optimizers.sgd import SGD
from minicnn.optimizers.update import Update
from minicnn.optimizers.usual import USUAL

__all__ = ["OPTIMIZERS", "SGD", "USUAL", "Adam", "AdamW", "Optimizer", "RMSprop", "Update"]
