"""RMSprop: steps divided by a running root mean square of the gradient."""

from __future__ import annotations

import math

from minicnn.errors import SettingError
from minicnn.optimizers.base import Optimizer


def rmsprop(weight, gradient, square, mean, velocity, learning_rate, alpha, epsilon, momentum, centered, weight_decay):  # type: ignore[no-untyped-def]
    """v = alpha*v + (1-alpha)*g^2;  velocity = momentum*velocity + g / (sqrt(v) + epsilon);  w -= learning_rate*velocity

    Centered, v becomes the gradient's variance: m = alpha*m + (1-alpha)*g is the mean, and v - m^2 stands for v.
    """
    for i in range(weight.size):
        slope = gradient[i] + weight_decay * weight[i]
        square[i] = alpha * square[i] + (1.0 - alpha) * (slope * slope)
        mean[i] = alpha * mean[i] + (1.0 - alpha) * slope
        spread = max(square[i] - centered * (mean[i] * mean[i]), 0.0)  # rounding may leave less than nothing
        velocity[i] = momentum * velocity[i] + slope / (math.sqrt(spread) + epsilon)
        weight[i] -= learning_rate * velocity[i]


class RMSprop(Optimizer):
    """v = alpha*v + (1-alpha)*g^2;  velocity = momentum*velocity + g / (sqrt(v) + epsilon);  w -= learning_rate*velocity

    Tieleman and Hinton, "Neural Networks for Machine Learning", 2012, lecture 6.5; centered: Graves, "Generating Sequences With Recurrent
    Neural Networks", 2013, equations 38 to 45; in the form of PyTorch, with epsilon outside of the root.
    """

    update = staticmethod(rmsprop)

    learning_rate: float = 0.001
    alpha: float = 0.99
    epsilon: float = 1e-8
    momentum: float = 0.0
    centered: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check("alpha", self.alpha, below=1)
        self._check("momentum", self.momentum, below=1)
        self._check("epsilon", self.epsilon)
        if self.epsilon == 0:
            raise SettingError("RMSprop: epsilon is 0, but must be above 0, or a parameter without gradient is divided by 0")
