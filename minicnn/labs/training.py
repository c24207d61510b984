"""Training as labs need it: in silence, also where a network does not learn, for that is what some of them show."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from minicnn.errors import LearningWarning, SettingError
from minicnn.network import Graph
from minicnn.optimizers import Adam, Optimizer
from minicnn.train import Trainer
from minicnn.train.intake import Data

LOST = "the loss is no longer a number"


class Errors(NamedTuple):
    """Shares of wrong answers after every epoch; NaN from the epoch on in which the loss was lost.

    train : (epochs,) over the batches of the epoch, while the network learnt
    test : (epochs,) of the test images after it
    """

    train: np.ndarray
    test: np.ndarray


def trained(
    net: Graph,
    train: Data,
    test: Data,
    epochs: int,
    *,
    optimizer: Optimizer = Adam(learning_rate=0.003),  # noqa: B008   # it cannot be changed
    batch_size: int = 64,
    seed: int = 0,
    schedule: str = "cosine",
    augment: str | Iterable[str] = (),
) -> Errors:
    """Train a network and return its errors.

    >>> net = minicnn.zoo.build("lenet")
    >>> errors = trained(net, datasets.load("digits"), datasets.load("digits", "test"), epochs=5)
    >>> bool(errors.test[-1] < 0.2)
    True
    """
    trainer = Trainer(net, optimizer, batch_size=batch_size, seed=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LearningWarning)
        try:
            trainer.fit(train, test, epochs, schedule=schedule, augment=augment, progress=False)
        except SettingError as error:
            if not str(error).startswith(LOST):
                raise
    errors = Errors(np.full(epochs, np.nan), np.full(epochs, np.nan))
    for record in trainer.history:
        errors.train[record.epoch - 1] = 1 - (record.train_accuracy or 0)
        errors.test[record.epoch - 1] = 1 - (record.test_accuracy or 0)
    return errors
