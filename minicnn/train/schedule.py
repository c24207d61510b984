"""How the learning rate changes from batch to batch: a factor applied to the optimizer's."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from minicnn.errors import SettingError, suggestion
from minicnn.layers.registry import enter
from minicnn.train.records import EpochRecord

SCHEDULES: dict[str, type[Schedule]] = {}


class Schedule(ABC):
    """Gives the factor at any moment, from the moment and the epochs before it; known by its class name in lower case, or its `word`."""

    word: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        enter(SCHEDULES, vars(cls).get("word") or cls.__name__.lower(), cls, "a schedule")

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
class Milestones(Schedule):
    """Divided by 10 after half and again after three quarters of the epochs.

    He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", 2016, section 4.2: after 32,000 and 48,000 of 64,000 updates.
    """

    at: tuple[float, ...] = (0.5, 0.75)

    def factor(self, epoch: int, part: float, epochs: int, history: Sequence[EpochRecord]) -> float:
        return 0.1 ** sum(epoch - 1 + part >= share * epochs for share in self.at)


@dataclass(frozen=True)
class Halving(Schedule):
    """Halved after each fifth of the epochs.

    As in notebook 10.2 of Prince, "Understanding Deep Learning", 2023: after every 20 of 100 epochs.
    """

    def factor(self, epoch: int, part: float, epochs: int, history: Sequence[EpochRecord]) -> float:
        return 0.5 ** ((epoch - 1) * 5 // max(epochs, 1))


@dataclass(frozen=True)
class Plateau(Schedule):
    """Divided by 10 whenever the loss (test if there is one, else training) has not fallen for `patience` epochs.

    threshold : the share of the best loss that it has to fall by to count as fallen

    Krizhevsky, Sutskever, Hinton, 2012, section 5: "divide the learning rate by 10 when the validation error rate stopped improving".
    """

    patience: int = 2
    threshold: float = 0.0

    def __post_init__(self) -> None:
        _check(self, "patience", 1, math.inf)
        _check(self, "threshold", 0, 1)

    def factor(self, epoch: int, part: float, epochs: int, history: Sequence[EpochRecord]) -> float:
        factor, best, waited = 1.0, math.inf, 0
        for record in history:
            loss = record.train_loss if record.test_loss is None else record.test_loss
            if loss < (1 - self.threshold) * best:
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


@dataclass(frozen=True)
class CosineRestarts(Schedule):
    """Several cosines from 1 to 0, each `growth` times as long as the one before; the last ends with the epochs.

    Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017, equation 5, with T_mult = growth and T_0 such that
    the cycles fill the epochs.
    """

    word: ClassVar[str] = "cosine-restarts"

    cycles: int = 3
    growth: float = 2.0

    def __post_init__(self) -> None:
        _check(self, "cycles", 1, math.inf)
        _check(self, "growth", 1e-3, math.inf)

    def factor(self, epoch: int, part: float, epochs: int, history: Sequence[EpochRecord]) -> float:
        lengths = [self.growth**n for n in range(self.cycles)]
        done = min(1.0, (epoch - 1 + part) / max(epochs, 1)) * sum(lengths)
        for length in lengths[:-1]:
            if done < length:
                break
            done -= length
        else:
            length = lengths[-1]
        return 0.5 * (1 + math.cos(math.pi * min(1.0, done / length)))


@dataclass(frozen=True)
class OneCycle(Schedule):
    """Half a cosine from 1 / `below` up to 1 within the share `rising` of all epochs, another down to 1 / (below * end).

    The learning rate of the optimizer is the highest.  Smith and Topin, "Super-Convergence", 2018, section 4, with the shape and settings of
    PyTorch's OneCycleLR; the momentum stays as it is.
    """

    word: ClassVar[str] = "one-cycle"

    rising: float = 0.3
    below: float = 25.0
    end: float = 1e4

    def __post_init__(self) -> None:
        _check(self, "rising", 0, 1)
        _check(self, "below", 1, math.inf)
        _check(self, "end", 1, math.inf)

    def factor(self, epoch: int, part: float, epochs: int, history: Sequence[EpochRecord]) -> float:
        done, low = min(1.0, (epoch - 1 + part) / max(epochs, 1)), 1 / self.below
        if done < self.rising:
            return _between(low, 1.0, done / self.rising)
        return _between(1.0, low / self.end, (done - self.rising) / (1 - self.rising))


@dataclass(frozen=True)
class WarmedUp(Schedule):
    """Any schedule, multiplied within the first `over` epochs by what rises in a line from `start` to 1, batch by batch.

    Goyal et al., "Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour", 2017, section 2.2.
    """

    word: ClassVar[str] = "warm-up"

    rule: Schedule = Constant()
    over: float = 1.0
    start: float = 0.01

    def __post_init__(self) -> None:
        _check(self, "over", 0, math.inf)
        _check(self, "start", 0, 1)

    def factor(self, epoch: int, part: float, epochs: int, history: Sequence[EpochRecord]) -> float:
        done = epoch - 1 + part
        rise = 1.0 if done >= self.over else self.start + (1 - self.start) * done / self.over
        return rise * self.rule.factor(epoch, part, epochs, history)


def _between(first: float, last: float, part: float) -> float:
    """Half a cosine from one value to another."""
    return last + (first - last) * 0.5 * (1 + math.cos(math.pi * part))


def _check(rule: Schedule, name: str, least: float, below: float) -> None:
    value = getattr(rule, name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value < below:
        bound = f" and below {below:g}" if below < math.inf else ""
        raise SettingError(f"{type(rule).__name__}: {name} is {value!r}, but must be a number, at least {least:g}{bound}")


def schedule(setting: str | Schedule, warmup: float = 0.0) -> Schedule:
    """A schedule by name or itself; with warm-up, over so many epochs."""
    if warmup:
        return WarmedUp(schedule(setting), warmup)
    if isinstance(setting, Schedule):
        return setting
    if setting not in SCHEDULES:
        raise SettingError(f"schedule {setting!r} is not one of {', '.join(SCHEDULES)}{suggestion(setting, SCHEDULES)}")
    return SCHEDULES[setting]()
