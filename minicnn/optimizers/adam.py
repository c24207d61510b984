"""Adam: steps scaled by running averages of the gradient and of its square."""

from __future__ import annotations

from dataclasses import dataclass, field

from minicnn.errors import SettingError
from minicnn.optimizers.base import Optimizer


@dataclass(frozen=True, kw_only=True)
class Adam(Optimizer):
    """m = beta1*m + (1-beta1)*g;  v = beta2*v + (1-beta2)*g^2;  w -= learning_rate * m' / (sqrt(v') + epsilon)

    m' and v' are m and v divided by 1 - beta^step.  Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015, algorithm 1.
    """

    kind = "adam"
    state_names = ("mean", "square")

    learning_rate: float = field(default=0.001, kw_only=False)  # Adam(0.01), as in other libraries
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

    def rates(self, step: int, learning_rate: float) -> tuple[float, ...]:
        return (learning_rate, self.beta1, self.beta2, self.epsilon, self.weight_decay, 1 - self.beta1**step, 1 - self.beta2**step)
