"""What training minimizes: one loss per file."""

from minicnn.losses.base import BOXES, CLASS, LOSSES, MASK, NUMBERS, Loops, Loss
from minicnn.losses.softmax_cross_entropy import SoftmaxCrossEntropy, are_numbers, check_scores, log_probabilities, probabilities

__all__ = [
    "BOXES",
    "CLASS",
    "LOSSES",
    "MASK",
    "NUMBERS",
    "Loops",
    "Loss",
    "SoftmaxCrossEntropy",
    "are_numbers",
    "check_scores",
    "log_probabilities",
    "probabilities",
]
