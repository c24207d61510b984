"""A training run kept on disk: it can be stopped, killed and resumed, and ends with the same bits."""

from __future__ import annotations

import math
import time
from collections.abc import Generator
from importlib import metadata
from platform import python_version
from typing import TYPE_CHECKING, Any, NamedTuple

import minicnn
from minicnn.errors import CheckpointError, DataError, SettingError, one_line
from minicnn.processors import cpu_name
from minicnn.train.evaluation import evaluate
from minicnn.train.groups import Groups
from minicnn.train.history import is_better
from minicnn.train.learning import LearningWatch, judged_labels
from minicnn.train.records import EpochRecord, EvaluationRecord, Record
from minicnn.train.run_folder import BEST, RunFolder
from minicnn.train.settings import RunSettings
from minicnn.train.trainer import Trainer
from minicnn.train.validation import hold_out
from minicnn.train.weights import TrainedNetwork, load_trained

if TYPE_CHECKING:
    import numpy as np

    from minicnn.datasets import Dataset

SAVE_SECONDS = 3.0  # shorter epochs share a checkpoint


class RunResult(NamedTuple):
    """The result of a run so far.

    test : with the parameters kept
    best_epoch, best_metrics : of the images watched
    kept_epoch : the epoch whose parameters are kept: the best if images choose it, else the last
    warning : what to try if the network has not learnt, or stopped learning early; None if all is well
    """

    epochs: int
    test: EvaluationRecord
    best_epoch: int
    best_metrics: dict[str, float]
    kept_epoch: int
    warning: str | None

    def to_json(self) -> dict[str, Any]:
        """What run.json keeps of it; what is no number is null."""
        metrics = {name: value if math.isfinite(value) else None for name, value in self.test.metrics.items()}
        loss = self.test.loss if math.isfinite(self.test.loss) else None
        return {"epochs": self.epochs, "kept_epoch": self.kept_epoch, "test_loss": loss, "metrics": metrics}


class Run:
    """A trainer with its data, settings and folder.

    Parameters
    ----------
    folder : RunFolder
        New, or one that `restore` reads.
    settings : RunSettings
    trainer : Trainer
        New, created from the settings.
    train_data, test_data : Dataset
        Whole; what the settings hold out is taken from the training images here.

    Of several ranks that train together, each has one, with a folder that `shared_folder.run_folder` gives; the result is for rank 0.
    """

    def __init__(self, folder: RunFolder, settings: RunSettings, trainer: Trainer, train_data: Dataset, test_data: Dataset) -> None:
        self.folder, self.settings, self.trainer = folder, settings, trainer
        self.whole, self.test_data = train_data, test_data
        self.train_data, self.watched = train_data, test_data
        if settings.validation:
            self.train_data, self.watched = hold_out(train_data, settings.validation, settings.seed)
        self.preparation = trainer.prepare(train_data)
        judged = judged_labels(trainer.loss, self.train_data.labels)
        self.watch = LearningWatch(trainer.net, trainer.optimizer, judged, trainer.batch_size, len(self.watched))
        self.best: EpochRecord | None = None  # on the images watched
        self.chosen: EpochRecord | None = None  # whose parameters are kept: the best if it may choose, else the last
        self._chosen_memory: np.ndarray | None = None  # its parameters, until they are on disk
        self._result: RunResult | None = None
        self._saved = time.monotonic()
        self._under_way = False  # whether run.json says where an epoch was interrupted

    @property
    def marks(self) -> dict[str, Any]:
        """What an epoch's line says besides the record: whether it was evaluated on held-out images instead of the test set."""
        return {"evaluated_on": "validation"} if self.settings.validation else {}

    @property
    def out_of_patience(self) -> bool:
        """Whether so many epochs have not been better on the held-out images that training ends."""
        patience, best = self.settings.patience, self.best
        return patience is not None and best is not None and len(self.trainer.history) - best.epoch >= patience

    @property
    def finished(self) -> bool:
        """Whether there is nothing left to train."""
        return self.out_of_patience or self.trainer.epoch > self.settings.epochs

    def description(self) -> dict[str, Any]:
        """The content of run.json."""
        versions = {"minicnn": minicnn.__version__, "python": python_version()}
        trainer = self.trainer
        under_way = {"epoch": trainer.epoch, "batch": trainer.batch, "seconds": trainer.seconds} if trainer.batch else None
        return {
            "settings": self.settings.to_json(),
            "data": {
                "name": self.settings.data,
                "train_images": len(self.train_data),
                "test_images": len(self.test_data),
                "validation_images": len(self.watched) if self.settings.validation else 0,
                "image_shape": list(self.whole.input_shape),
                "classes": list(self.whole.classes),
                "train_sha256": self.whole.digest,
                "test_sha256": self.test_data.digest,
            },
            "input_shape": list(self.trainer.net.input_shape),
            "parameters": self.trainer.net.topology.parameter_count,
            "preparation": self.preparation.to_json(),
            "threads": self.trainer.threads,
            "device": self.trainer.device,
            **({"ranks": trainer.ranks.size, "parallel": trainer.ranks.kind} if trainer.ranks else {}),
            "cpu": cpu_name(),
            "versions": versions | {name: metadata.version(name) for name in ("numpy", "numba", "llvmlite")},
            **({"under_way": under_way} if under_way else {}),
        }

    def restore(self) -> list[str]:
        """Resume the run from its folder; returns what has changed since it was started and may matter.

        Raises
        ------
        DataError
            If the data are not those the run was started with.
        CheckpointError
            If the folder cannot be read, or another process trains there.
        """
        self.folder.claim()
        try:
            return self._restored()
        except BaseException:
            self.folder.release()
            raise

    def _restored(self) -> list[str]:
        then, now = self.folder.read_description(), self.description()
        was, is_now = then.get("data"), now["data"]
        for split in ("train", "test"):
            key = f"{split}_sha256"
            if not isinstance(was, dict) or was.get(key) != is_now[key]:
                raise DataError(
                    f"the {split} images of {self.settings.data} are not those the run was started with"
                    f"\n  sha256 then  {was.get(key) if isinstance(was, dict) else None}\n         now   {is_now[key]}"
                )
        checkpoint = self.folder.read_checkpoint()
        if checkpoint is not None:
            self.trainer.restore(*checkpoint)
            self._check_standing()
            if self.folder.holds(BEST):
                for record in self.trainer.history:
                    self._judge(record)
        self.folder.write_history(self.trainer.history, **self.marks)
        versions = then.get("versions")
        before = versions if isinstance(versions, dict) else {}
        lost = [str(record.epoch) for record in self.trainer.history if not record.images_per_second]
        return [
            f"{name} was {one_line(str(before.get(name)))}, and is {version} now: results may differ in the last bits"
            for name, version in now["versions"].items()
            if before.get(name) != version
        ] + [f"history.jsonl does not say how long epoch {', '.join(lost)} took: it is counted as 0 seconds"] * bool(lost)

    def _check_standing(self) -> None:
        """Check that a checkpoint's batch counts fit these data."""
        trainer = self.trainer
        batches = -(-len(self.train_data) // trainer.batch_size)
        groups = Groups(batches, trainer.update.accumulate)
        wanted = (trainer.epoch - 1) * groups.updates + groups.finished(trainer.batch)
        if trainer.batch > batches or trainer.steps != wanted:
            raise CheckpointError(
                f"{self.folder.checkpoint_path} does not fit its data: it stands after {trainer.steps} updates, in epoch"
                f" {trainer.epoch} after {trainer.batch} of {batches} batches"
            )

    def records(self) -> Generator[Record, None, None]:
        """Train to the last epoch or until `trainer.stop()`, keeping the folder up to date; yields the trainer's records."""
        self.folder.claim()
        settings = self.settings
        try:
            self.folder.write_description(self.description())
            self._under_way = bool(self.trainer.batch)
            for record in self.trainer.stream(
                self.train_data,
                self.watched,
                until_epoch=self.trainer.epoch - 1 if self.out_of_patience else settings.epochs,
                schedule=settings.make_schedule(),
                augment=settings.augment,
            ):
                if isinstance(record, EpochRecord):
                    self._keep(record)
                yield record
                if self.out_of_patience:
                    break
            self.save()
            if self.folder.writes and self.finished and self.chosen is not None:
                self.folder.write_description({**self.description(), "result": self.result().to_json()})
        except BaseException:
            self.folder.discard()
            raise
        finally:
            self.folder.release()

    def _judge(self, record: EpochRecord) -> bool:
        """Whether the parameters of an epoch replace those kept."""
        better = is_better(record, self.best)
        self.best = record if better else self.best
        keep = better or not self.settings.chooses
        self.chosen = record if keep else self.chosen
        return keep

    def _keep(self, record: EpochRecord) -> None:
        self.folder.append_history(record, **self.marks)
        if self._judge(record):
            self._chosen_memory = self.trainer.evaluated_weights()
        if time.monotonic() - self._saved > SAVE_SECONDS:
            self.save()

    def save(self) -> None:
        """Write weights and checkpoint to disk; of several ranks, one does."""
        if not self.folder.writes:
            return
        if self.chosen is not None and self._chosen_memory is not None:
            self._trained(self.chosen.epoch).save(self.folder.best_path, self._chosen_memory)
            self._chosen_memory = None
        if self.trainer.batch or self._under_way:
            self.folder.write_description(self.description())
            self._under_way = bool(self.trainer.batch)
        self.folder.write_checkpoint(*self.trainer.checkpoint())
        self._saved = time.monotonic()

    def result(self) -> RunResult:
        """The result; if held-out images chose the epoch, the test set is evaluated here for the first time."""
        if self.best is None or self.chosen is None:
            raise SettingError("a run has a result after its first epoch")
        if self._result is not None and self._result.epochs == len(self.trainer.history):
            return self._result
        if self.settings.validation:
            kept = load_trained(self.folder.best_path)
            test = evaluate(
                kept.net,
                self.preparation.images(self.test_data.images, self.test_data.name),
                self.test_data.labels,
                self.preparation,
                self.trainer.threads,
                self.trainer.device,
                self.trainer.loss,
            )
        else:
            test = EvaluationRecord(self.chosen.loss, self.chosen.metrics, len(self.test_data), 0.0)
        history = self.trainer.history
        self._result = RunResult(
            history[-1].epoch,
            test,
            self.best.epoch,
            self.best.metrics,
            self.chosen.epoch,
            self.watch.verdict(history),
        )
        return self._result

    def _trained(self, epoch: int) -> TrainedNetwork:
        return TrainedNetwork(
            self.trainer.net,
            self.preparation,
            self.trainer.net.class_names or (),
            self.whole.input_shape,
            self.settings.data,
            epoch,
            self.trainer.loss,
            "" if self.trainer.net.trained_on is None else self.trainer.net.trained_on.making,
        )
