"""What every optimizer is: checked settings, and the numbers of one step."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from minicnn.errors import SettingError


@dataclass(frozen=True, kw_only=True)
class Optimizer(ABC):
    """learning_rate : how far a step goes;  weight_decay : pull towards 0, added to the gradient."""

    kind: ClassVar[str]
    state_names: ClassVar[tuple[str, ...]]  # its state per parameter

    learning_rate: float
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        self._check("learning_rate", self.learning_rate)
        self._check("weight_decay", self.weight_decay)

    def _check(self, name: str, value: float, below: float = math.inf) -> None:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or not 0 <= value < below:
            bound = f"and below {below:g}" if below < math.inf else "and finite"
            raise SettingError(f"{type(self).__name__}: {name} is {value!r}, but must be a number, at least 0 {bound}")

    @abstractmethod
    def rates(self, step: int, learning_rate: float) -> tuple[float, ...]:
        """The numbers the compiled update reads at step 1, 2, ...; `learning_rate` comes from the schedule."""
