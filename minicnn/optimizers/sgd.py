"""Stochastic gradient descent with momentum."""

from __future__ import annotations

from dataclasses import dataclass, field

from minicnn.optimizers.base import Optimizer


@dataclass(frozen=True, kw_only=True)
class SGD(Optimizer):
    """velocity = momentum*velocity + gradient + weight_decay*w;  w -= learning_rate*velocity

    Polyak, "Some methods of speeding up the convergence of iteration methods", 1964; in the form of PyTorch and Caffe.
    """

    kind = "sgd"
    state_names = ("velocity",)

    learning_rate: float = field(default=0.05, kw_only=False)  # SGD(0.1), as in other libraries
    momentum: float = 0.9

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check("momentum", self.momentum, below=1)

    def rates(self, step: int, learning_rate: float) -> tuple[float, ...]:
        return (learning_rate, self.momentum, self.weight_decay)
