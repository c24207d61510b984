"""What training minimizes: one family of losses a file."""

from minicnn.losses.base import BOXES, CLASS, LOSSES, MASK, NUMBERS, Loops, Loss
from minicnn.losses.binary_cross_entropy import BinaryCrossEntropy
from minicnn.losses.dice import Dice
from minicnn.losses.regression import Huber, MeanAbsoluteError, MeanSquaredError
from minicnn.losses.scores import are_numbers, check_scores, log_probabilities, probabilities
from minicnn.losses.softmax_cross_entropy import SoftmaxCrossEntropy
from minicnn.losses.yolo import YOLO

__all__ = [
    "BOXES",
    "CLASS",
    "LOSSES",
    "MASK",
    "NUMBERS",
    "YOLO",
    "BinaryCrossEntropy",
    "Dice",
    "Huber",
    "Loops",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "SoftmaxCrossEntropy",
    "are_numbers",
    "check_scores",
    "log_probabilities",
    "probabilities",
]
