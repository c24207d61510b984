"""Stochastic gradient descent with momentum, also in Nesterov's form."""

from __future__ import annotations

from minicnn.errors import SettingError
from minicnn.optimizers.base import Optimizer


def sgd(weight, gradient, velocity, learning_rate, momentum, nesterov, weight_decay):  # type: ignore[no-untyped-def]
    """velocity = momentum*velocity + gradient + weight_decay*w;  w -= learning_rate*velocity

    Nesterov's form goes as far as the next velocity would if the gradient stayed as it is: gradient + momentum*velocity.
    """
    for i in range(weight.size):
        slope = gradient[i] + weight_decay * weight[i]
        velocity[i] = momentum * velocity[i] + slope
        weight[i] -= learning_rate * (slope + momentum * velocity[i] if nesterov > 0.0 else velocity[i])


class SGD(Optimizer):
    """velocity = momentum*velocity + gradient + weight_decay*w;  w -= learning_rate*velocity

    Polyak, "Some methods of speeding up the convergence of iteration methods", 1964; in the form of PyTorch and Caffe.
    nesterov : w -= learning_rate*(gradient + weight_decay*w + momentum*velocity).  Sutskever, Martens, Dahl and Hinton, "On the importance of
        initialization and momentum in deep learning", 2013, section 2, in the form of PyTorch
    """

    update = staticmethod(sgd)

    learning_rate: float = 0.05
    momentum: float = 0.9
    nesterov: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check("momentum", self.momentum, below=1)
        if self.nesterov and not self.momentum:
            raise SettingError("SGD: nesterov looks ahead along the momentum, but momentum is 0")
