"""What training minimizes: one family of losses a file.

Names are loaded when first used, so that a network can name the loss of its recipe without loading NumPy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from minicnn.losses.base import BOXES as BOXES
from minicnn.losses.base import CLASS as CLASS
from minicnn.losses.base import MASK as MASK
from minicnn.losses.base import NUMBERS as NUMBERS
from minicnn.losses.base import Loops as Loops
from minicnn.losses.base import Loss as Loss

_HOMES = {
    name: f"minicnn.losses.{home}"
    for home, names in {
        "binary_cross_entropy": ("BinaryCrossEntropy",),
        "dice": ("Dice",),
        "function": ("FunctionLoss",),
        "regression": ("Huber", "MeanAbsoluteError", "MeanSquaredError"),
        "scores": ("are_numbers", "check_scores", "log_probabilities", "probabilities"),
        "softmax_cross_entropy": ("SoftmaxCrossEntropy",),
        "yolo": ("YOLO",),
    }.items()
    for name in names
}

if TYPE_CHECKING:  # the same names for type checkers and editors, which do not run what follows
    from minicnn.losses.base import LOSSES as LOSSES
    from minicnn.losses.binary_cross_entropy import BinaryCrossEntropy as BinaryCrossEntropy
    from minicnn.losses.dice import Dice as Dice
    from minicnn.losses.function import FunctionLoss as FunctionLoss
    from minicnn.losses.regression import Huber as Huber
    from minicnn.losses.regression import MeanAbsoluteError as MeanAbsoluteError
    from minicnn.losses.regression import MeanSquaredError as MeanSquaredError
    from minicnn.losses.scores import are_numbers as are_numbers
    from minicnn.losses.scores import check_scores as check_scores
    from minicnn.losses.scores import log_probabilities as log_probabilities
    from minicnn.losses.scores import probabilities as probabilities
    from minicnn.losses.softmax_cross_entropy import SoftmaxCrossEntropy as SoftmaxCrossEntropy
    from minicnn.losses.yolo import YOLO as YOLO
else:
    __all__ = ["BOXES", "CLASS", "LOSSES", "MASK", "NUMBERS", "Loops", "Loss", *_HOMES]

    def __getattr__(name: str) -> Any:
        if name == "LOSSES":  # all of them: whoever looks one up by name must find it
            for home in _HOMES.values():
                importlib.import_module(home)
            return importlib.import_module("minicnn.losses.base").LOSSES
        if name in _HOMES:
            return getattr(importlib.import_module(_HOMES[name]), name)
        raise AttributeError(f"module 'minicnn.losses' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(["BOXES", "CLASS", "LOSSES", "MASK", "NUMBERS", "Loops", "Loss", *_HOMES])
