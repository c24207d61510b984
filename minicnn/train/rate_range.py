"""The learning rate range test: the rate grows from batch to batch, and the loss shows where a network learns and where it breaks.

Smith, "Cyclical Learning Rates for Training Neural Networks", 2017, section 3.3; growing geometrically and with a smoothed loss, as in
Howard and Gugger, "Deep Learning for Coders with fastai and PyTorch", 2020, chapter 13.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from minicnn.errors import SettingError
from minicnn.geometry import whole_number
from minicnn.random import generator
from minicnn.train.intake import Data, Held, as_dataset

if TYPE_CHECKING:
    from minicnn.train.trainer import Trainer

LOWEST, HIGHEST, UPDATES = 1e-6, 10.0, 100
FEWEST = 10  # updates that show a curve
SMOOTHING = 0.9  # share of the smoothed loss that stays after an update
DIVERGED = 4.0  # times the lowest smoothed loss
SETTLED = 5  # updates after which the smoothed loss says something


class RateCurve(NamedTuple):
    """What a learning rate range test found.

    rates, losses : of each update, in its order; losses smoothed
    steepest : the rate at which the loss falls fastest over the logarithm of the rate
    lowest : the rate at which the loss is lowest
    diverged : whether the loss grew beyond measure before the highest rate was reached
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    steepest: float
    lowest: float
    diverged: bool

    @property
    def suggestion(self) -> float:
        """A tenth of the rate at which the loss is lowest: safely below those that break the network."""
        return self.lowest / 10


def geometric(lowest: float, highest: float, updates: int) -> np.ndarray:
    """Learning rates from one to another, each the same multiple of the one before; a SettingError if they cannot be."""
    for name, value, least in (("lowest", lowest, 0.0), ("highest", highest, lowest)):
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value <= least:
            raise SettingError(f"find_rate: {name} is {value!r}, but must be a number above {least:g}")
    return np.geomspace(lowest, highest, updates)


def rate_curve(rates: np.ndarray, loss_at: Callable[[float], float]) -> RateCurve:
    """Try one rate after another until the loss diverges; `loss_at` gives the loss of a batch and updates by it with a rate."""
    average, tried, losses, diverged = 0.0, list[float](), list[float](), False
    for n, rate in enumerate(rates, 1):
        loss = loss_at(float(rate))
        average = SMOOTHING * average + (1 - SMOOTHING) * loss
        smoothed = average / (1 - SMOOTHING**n)  # the average begins at 0
        if not math.isfinite(smoothed) or (n > SETTLED and smoothed > DIVERGED * min(losses)):
            diverged = True
            break
        tried.append(float(rate))
        losses.append(smoothed)
    if len(losses) < 2:
        raise SettingError(f"find_rate: the loss is no longer a number at {rates[0]:g}, the lowest rate\n  begin with a lower one")
    slope = np.gradient(np.array(losses), np.log(tried))
    begin = min(SETTLED, len(losses) - 1)
    steepest, lowest = begin + int(slope[begin:].argmin()), begin + int(np.argmin(losses[begin:]))
    return RateCurve(tuple(tried), tuple(losses), tried[steepest], tried[lowest], diverged)


def find_rate(trainer: Trainer, data: Data, lowest: float, highest: float, updates: int) -> RateCurve:
    """The test on a copy of the trainer's network, from its weights of now; batches come in the order of a first epoch, again and again."""
    rates = geometric(lowest, highest, whole_number("find_rate", "updates", updates, least=FEWEST))
    twin = type(trainer)(
        copy.deepcopy(trainer.net),
        trainer.optimizer,
        trainer.loss,
        trainer.batch_size * trainer.accumulate,
        trainer.threads,
        trainer.device,
        trainer.seed,
        clip_norm=trainer.clip_norm,
    )
    checked = as_dataset("data", data, twin.net, twin.loss)
    held = Held(checked, preparation := twin.prepare(checked), twin.loss)
    axes = (1, -1, *(1,) * (held.images.ndim - 2))
    scale, shift = (np.array(each, np.float32).reshape(axes) for each in (preparation.scale, preparation.shift))
    order = generator(twin.seed, "shuffle", 1).permutation(len(held))
    size = min(twin.batch_size, len(held))
    begins = iter(n % (len(held) // size) * size for n in range(updates))

    def loss_at(rate: float) -> float:
        begin = next(begins)
        chosen = order[begin : begin + size]
        twin.optimizer = replace(twin.optimizer, learning_rate=rate)
        try:
            return twin.step(held.images[chosen] * scale + shift, held.labels[chosen]).loss
        except SettingError:
            if not twin.steps:  # nothing has run: a setting, not a rate
                raise
            return math.nan

    return rate_curve(rates, loss_at)
