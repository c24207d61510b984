"""Adam: steps scaled by running averages of the gradient and of its square."""

from __future__ import annotations

import math

from minicnn.errors import SettingError
from minicnn.optimizers.base import Optimizer


def adam(weight, gradient, mean, square, learning_rate, beta1, beta2, epsilon, weight_decay, step):  # type: ignore[no-untyped-def]
    """m = beta1*m + (1-beta1)*g;  v = beta2*v + (1-beta2)*g^2;  w -= learning_rate * m' / (sqrt(v') + epsilon)

    m' and v' are m and v divided by 1 - beta^step: both begin at 0, and their first averages are of fewer gradients.
    """
    correction1, correction2 = 1.0 - beta1**step, 1.0 - beta2**step
    for i in range(weight.size):
        slope = gradient[i] + weight_decay * weight[i]
        mean[i] = beta1 * mean[i] + (1.0 - beta1) * slope
        square[i] = beta2 * square[i] + (1.0 - beta2) * (slope * slope)
        weight[i] -= (learning_rate / correction1) * mean[i] / (math.sqrt(square[i] / correction2) + epsilon)


class Adam(Optimizer):
    """m = beta1*m + (1-beta1)*g;  v = beta2*v + (1-beta2)*g^2;  w -= learning_rate * m' / (sqrt(v') + epsilon)

    m' and v' are m and v divided by 1 - beta^step.  Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015, algorithm 1;
    weight decay is added to the gradient.
    """

    update = staticmethod(adam)

    learning_rate: float = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check("beta1", self.beta1, below=1)
        self._check("beta2", self.beta2, below=1)
        self._check("epsilon", self.epsilon)
        if self.epsilon == 0:
            raise SettingError("Adam: epsilon is 0, but must be above 0, or a parameter without gradient is divided by 0")
