"""An update: an optimizer's step with what happens around it, and the numbers that a plan is told for each batch."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any, NamedTuple

from minicnn.errors import SettingError, quoted
from minicnn.geometry import whole_number
from minicnn.optimizers.base import Optimizer

GRADIENT, AVERAGE = "update.gradient", "update.average"  # rows of state beside the optimizer's own, whose names have no dot


class Form(NamedTuple):
    """What a plan is built for: the rest may change from batch to batch."""

    optimizer: type[Optimizer]
    spares_biases: bool
    clips: bool
    accumulates: bool
    averages: bool


class Update(NamedTuple):
    """How gradients become weights.

    clip_norm : the longest that the gradient of all parameters together may be; a longer one is shortened to it.  Pascanu, Mikolov and
        Bengio, "On the difficulty of training recurrent neural networks", 2013, algorithm 1
    accumulate : batches whose gradients are added before an update
    ema : decay of an exponential moving average of the weights; None: there is none
    """

    optimizer: Optimizer
    clip_norm: float | None = None
    accumulate: int = 1
    ema: float | None = None

    @classmethod
    def of(cls, given: Optimizer | Update) -> Update:
        """An optimizer alone is an update without anything around it."""
        return given if isinstance(given, Update) else cls(given)

    @property
    def form(self) -> Form:
        """What a plan is built for."""
        return Form(
            type(self.optimizer), self.optimizer.spares_biases, self.clip_norm is not None, self.accumulate > 1, self.ema is not None
        )

    @property
    def kind(self) -> str:
        """Names the rows of state."""
        return " ".join((self.optimizer.kind, *self.state_names))

    @property
    def state_names(self) -> tuple[str, ...]:
        """What is remembered of each parameter: the optimizer's, then the gradient so far, then the average of the weights."""
        own = ((GRADIENT, self.accumulate > 1), (AVERAGE, self.ema is not None))
        return (*self.optimizer.state_names, *(name for name, there in own if there))

    @property
    def number_names(self) -> tuple[str, ...]:
        """What is told for each batch: the optimizer's numbers, again without weight decay where some parameters are spared, and our own."""
        names = self.optimizer.number_names
        spared = tuple(f"{name} without decay" for name in names) if self.optimizer.spares_biases else ()
        own = (("first", self.accumulate > 1), ("last", self.accumulate > 1), ("clip_norm", self.clip_norm is not None))
        return (*names, *spared, *(name for name, there in (*own, ("ema", self.ema is not None)) if there))

    def column(self, name: str) -> int:
        """Where one of our own numbers stands among those of a batch; -1 if it is not told."""
        return self.number_names.index(name, len(self.optimizer.number_names)) if name in self.number_names else -1

    def numbers(self, step: int, learning_rate: float, first: bool = True, last: bool = True) -> tuple[float, ...]:
        """The numbers of a batch that is part of update 1, 2, ...: whether it is the first of its batches, and the last.

        The decay of the average is at most (1 + step) / (10 + step), so that it soon forgets the weights that training began with, as
        `num_updates` does in TensorFlow's `train.ExponentialMovingAverage`.
        """
        optimizer = self.optimizer
        numbers = optimizer.rates(step, learning_rate)
        if optimizer.spares_biases:
            numbers += optimizer.rates(step, learning_rate, decays=False)
        if self.accumulate > 1:
            numbers += (float(first), float(last))
        if self.clip_norm is not None:
            numbers += (self.clip_norm,)
        if self.ema is not None:
            numbers += (min(self.ema, (1 + step) / (10 + step)),)
        return numbers


def checked_update(optimizer: Optimizer, clip_norm: Any, accumulate: Any, ema: Any) -> Update:
    """The update of these settings; a SettingError if one is out of range."""
    for name, value, most, words in (
        ("clip_norm", clip_norm, math.inf, "a number above 0"),
        ("ema", ema, 1.0, "a number above 0 and below 1, such as 0.999"),
    ):
        right = isinstance(value, Real) and not isinstance(value, bool) and 0 < float(value) < most
        if value is not None and not right:
            raise SettingError(f"Trainer: {name} is {quoted(value)}, but must be {words}, or None for none")
    return Update(
        optimizer,
        None if clip_norm is None else float(clip_norm),
        whole_number("Trainer", "accumulate", accumulate, least=1),
        None if ema is None else float(ema),
    )
