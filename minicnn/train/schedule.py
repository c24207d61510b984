"""How the learning rate changes from epoch to epoch: a factor applied to the optimizer's."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from minicnn.errors import SettingError, suggestion
from minicnn.layers.registry import enter
from minicnn.train.records import EpochRecord

SCHEDULES: dict[str, type[Schedule]] = {}


class Schedule(ABC):
    """Gives the factor at any moment, from the moment and the epochs before it; known by its class name in lower case."""

    def __init_subclass__(cls) -> None:
        enter(SCHEDULES, cls.__name__.lower(), cls, "a schedule")

    def __new__(cls, *given: Any, **named: Any) -> Schedule:
        if missing := ", ".join(sorted(cls.__abstractmethods__)):
            raise SettingError(f"{cls.__name__} has no {missing}: write it in its class")
        return super().__new__(cls)

    @abstractmethod
    def factor(self, epoch: int, part: float, epochs: int, history: Sequence[EpochRecord]) -> float:
        """Factor in epoch 1, 2, ... after the share `part` (0 to 1) of it, of `epochs` altogether."""


@dataclass(frozen=True)
class Constant(Schedule):
    """The same learning rate throughout."""

    def factor(self, epoch: int, part: float, epochs: int, history: Sequence[EpochRecord]) -> float:
        return 1.0


@dataclass(frozen=True)
class Step(Schedule):
    """Divided by 10 after each third of the epochs."""

    def factor(self, epoch: int, part: float, epochs: int, history: Sequence[EpochRecord]) -> float:
        return 0.1 ** ((epoch - 1) * 3 // max(epochs, 1))


@dataclass(frozen=True)
class Plateau(Schedule):
    """Divided by 10 whenever the loss (test if there is one, else training) has not fallen for `patience` epochs.

    Krizhevsky, Sutskever, Hinton, 2012, section 5: "divide the learning rate by 10 when the validation error rate stopped improving".
    """

    patience: int = 2

    def factor(self, epoch: int, part: float, epochs: int, history: Sequence[EpochRecord]) -> float:
        factor, best, waited = 1.0, math.inf, 0
        for record in history:
            loss = record.train_loss if record.test_loss is None else record.test_loss
            if loss < best:
                best, waited = loss, 0
                continue
            waited += 1
            if waited >= self.patience:
                factor, waited = factor / 10, 0
        return factor


@dataclass(frozen=True)
class Cosine(Schedule):
    """Half a cosine from 1 to 0 over all epochs.  Loshchilov and Hutter, "SGDR", 2017, equation 5 without restarts."""

    def factor(self, epoch: int, part: float, epochs: int, history: Sequence[EpochRecord]) -> float:
        return 0.5 * (1 + math.cos(math.pi * min(1.0, (epoch - 1 + part) / max(epochs, 1))))


def schedule(setting: str | Schedule) -> Schedule:
    """A schedule by name or itself."""
    if isinstance(setting, Schedule):
        return setting
    if setting not in SCHEDULES:
        raise SettingError(f"schedule {setting!r} is not one of {', '.join(SCHEDULES)}{suggestion(setting, SCHEDULES)}")
    return SCHEDULES[setting]()
