"""Stochastic gradient descent with momentum."""

from __future__ import annotations

from minicnn.optimizers.base import Optimizer


def sgd(weight, gradient, velocity, learning_rate, momentum, weight_decay):  # type: ignore[no-untyped-def]
    """velocity = momentum*velocity + gradient + weight_decay*w;  w -= learning_rate*velocity"""
    for i in range(weight.size):
        slope = gradient[i] + weight_decay * weight[i]
        velocity[i] = momentum * velocity[i] + slope
        weight[i] -= learning_rate * velocity[i]


class SGD(Optimizer):
    """velocity = momentum*velocity + gradient + weight_decay*w;  w -= learning_rate*velocity

    Polyak, "Some methods of speeding up the convergence of iteration methods", 1964; in the form of PyTorch and Caffe.
    """

    update = staticmethod(sgd)

    learning_rate: float = 0.05
    momentum: float = 0.9

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check("momentum", self.momentum, below=1)
