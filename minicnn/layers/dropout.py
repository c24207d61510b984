"""Dropout: in training each number is set to zero with probability `rate` and the others are scaled by 1/(1 - rate).

Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout: A Simple Way to Prevent Neural Networks from Overfitting",
2014; scaled in training rather than in use ("inverted"), so that inference does nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from minicnn.layers.pointwise import Pointwise
from minicnn.layers.setting import number


@dataclass(frozen=True, repr=False)
class Dropout(Pointwise):
    """Drop numbers with probability `rate`, in training only."""

    stem = "dropout"
    forward = "dropout_forward"
    backward = "dropout_backward"

    rate: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        self.store(rate=number(self.where(), "rate", self.rate, least=0, below=1))

    def brief(self) -> tuple[str, ...]:
        return (f"rate {self.rate:g}",)
