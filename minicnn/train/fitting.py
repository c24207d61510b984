"""`Trainer.fit`: a stream of records consumed to its end; if images are held out, the weights of the best epoch are kept."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from minicnn.errors import LearningWarning, SettingError
from minicnn.geometry import whole_number
from minicnn.train.history import History, is_better
from minicnn.train.intake import Data, as_dataset
from minicnn.train.learning import LearningWatch, judged_labels
from minicnn.train.progress import Bar, Progress, listener
from minicnn.train.records import EpochRecord, EvaluationRecord, Record
from minicnn.train.validation import hold_out

if TYPE_CHECKING:
    from minicnn.datasets import Dataset
    from minicnn.train.trainer import Trainer


TO_THE_CALLER = 3  # frames from here to the line that calls `Trainer.fit`


class Parts(NamedTuple):
    """The images to train on, those held out (or given) to choose an epoch, and those to test on."""

    train: Dataset
    held_out: Dataset | None
    test: Dataset | None

    @classmethod
    def of(cls, trainer: Trainer, train: Data, test: Data | None, validation: float | Data | None) -> Parts:
        """From the user's arguments; `validation` is data or a share of the training images."""
        data = as_dataset("train", train, trainer.net, trainer.loss)
        tested = None if test is None else as_dataset("test", test, trainer.net, trainer.loss)
        if validation is None:
            return cls(data, None, tested)
        if np.isscalar(validation):
            rest, held_out = hold_out(data, validation, trainer.seed)  # type: ignore[arg-type]
            return cls(rest, held_out, tested)
        return cls(data, as_dataset("validation", validation, trainer.net, trainer.loss), tested)  # type: ignore[arg-type]

    @property
    def watched(self) -> Dataset | None:
        """The images evaluated after each epoch."""
        return self.test if self.held_out is None else self.held_out


def follow(
    trainer: Trainer, parts: Parts, patience: int | None, progress: Progress, stream: Callable[[], Generator[Record, None, None]]
) -> History:
    """Train to the end of the stream, or of patience, and return the history."""
    if patience is not None:
        patience = whole_number("fit", "patience", patience, least=1)
        if parts.held_out is None:
            raise SettingError("patience needs images that are not trained on\n  use validation=0.1, or a data set of its own")
    watched = "validation" if parts.held_out is not None else "test" if parts.test is not None else "train"
    report = listener(progress, watched)
    judged = judged_labels(trainer.loss, parts.train.labels)
    watch = LearningWatch(trainer.net, trainer.optimizer, judged, trainer.batch_size, len(parts.watched or parts.train))
    net, records = trainer.net, list[EpochRecord]()
    best, best_memory = None, None
    try:
        with closing(stream()) as coming:
            for record in coming:
                report(record)
                if not isinstance(record, EpochRecord):
                    continue
                records.append(record)
                if line := watch.look(trainer.history):
                    warnings.warn(line, LearningWarning, stacklevel=TO_THE_CALLER)
                if parts.held_out is not None and is_better(record, best):
                    best, best_memory = record, trainer.evaluated_weights()
                if patience is not None and best is not None and record.epoch - best.epoch >= patience:
                    break
    finally:
        if isinstance(report, Bar):
            report.close()
    if best is None and records:
        net.parameter_memory[...] = trainer.evaluated_weights()
    if best is not None and best_memory is not None:
        net.parameter_memory[...] = best_memory
        if net.trained_on is not None:
            net.trained_on = replace(net.trained_on, epoch=best.epoch)
    verdict = watch.verdict(trainer.history) if records else None
    if verdict and not watch.told:
        warnings.warn(verdict, LearningWarning, stacklevel=TO_THE_CALLER)
    return History(tuple(records), watched, _outcome(trainer, parts, records), verdict)


def _outcome(trainer: Trainer, parts: Parts, records: list[EpochRecord]) -> EvaluationRecord | None:
    """The test images at the end: as in the last epoch, or evaluated now if other images chose the epoch."""
    if parts.test is None or not records:
        return None
    if parts.held_out is None:
        return EvaluationRecord(records[-1].loss, records[-1].metrics, len(parts.test), 0.0)
    found = trainer.evaluate(parts.test)
    return EvaluationRecord(found.loss, found.metrics, found.images, 0.0)
