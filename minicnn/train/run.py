"""A training run that keeps itself on disk: it can be stopped, killed and taken up again, and ends with the same bits."""

from __future__ import annotations

import math
import time
from collections.abc import Generator
from importlib import metadata
from platform import python_version
from typing import TYPE_CHECKING, Any, NamedTuple

import minicnn
from minicnn.errors import CheckpointError, DataError, SettingError, one_line
from minicnn.train.evaluation import evaluate
from minicnn.train.preparation import Preparation
from minicnn.train.records import EpochRecord, EvaluationRecord, ProgressRecord
from minicnn.train.run_folder import RunFolder
from minicnn.train.settings import RunSettings
from minicnn.train.trainer import Record, Trainer
from minicnn.train.validation import hold_out
from minicnn.train.weights import TrainedNetwork, load_trained

if TYPE_CHECKING:
    import numpy as np

    from minicnn.datasets import Dataset

SAVE_SECONDS = 3.0   # epochs that are shorter share a checkpoint


class RunResult(NamedTuple):
    """How a run stands.  test: with the parameters of the last epoch, or of the best if images were held out to choose it."""

    epochs: int
    test: EvaluationRecord
    best_epoch: int
    best_accuracy: float

    def is_guessing(self, classes: int) -> bool:
        """Whether the network is hardly better than chance: within three standard deviations of drawing lots."""
        chance = 1 / classes
        return self.test.accuracy < chance + 3 * math.sqrt(chance * (1 - chance) / self.test.images)


class Run:
    """A trainer with its data, settings and folder.

    Parameters
    ----------
    folder : RunFolder
        New, or one that `restore` then reads.
    settings : RunSettings
    trainer : Trainer
        Fresh, made as the settings say.
    train_data, test_data : Dataset
        Whole; what the settings hold out is taken from the training images here.
    """

    def __init__(self, folder: RunFolder, settings: RunSettings, trainer: Trainer, train_data: Dataset, test_data: Dataset) -> None:
        self.folder, self.settings, self.trainer = folder, settings, trainer
        self.whole, self.test_data = train_data, test_data
        self.train_data, self.watched = train_data, test_data
        if settings.validation:
            self.train_data, self.watched = hold_out(train_data, settings.validation, settings.seed)
        trainer.preparation = Preparation.of(train_data, trainer.net.input_shape)
        self.preparation = trainer.preparation
        self.best: EpochRecord | None = None
        self._best_memory: np.ndarray | None = None   # parameters of an epoch that is the best so far and not yet on the disk
        self._saved = time.monotonic()
        self._under_way = False   # whether run.json says where an epoch was left

    @property
    def marks(self) -> dict[str, Any]:
        """What an epoch's line says beside the record: whether other images than the test set were looked at."""
        return {"evaluated_on": "validation"} if self.settings.validation else {}

    def description(self) -> dict[str, Any]:
        """What run.json holds."""
        versions = {"minicnn": minicnn.__version__, "python": python_version()}
        trainer = self.trainer
        under_way = {"epoch": trainer.epoch, "batch": trainer.batch, "seconds": trainer._seconds} if trainer.batch else None
        return {
            "settings": self.settings.to_json(),
            "data": {"name": self.settings.data, "train_images": len(self.train_data), "test_images": len(self.test_data),
                     "validation_images": len(self.watched) if self.settings.validation else 0, "image_shape": list(self.whole.input_shape),
                     "classes": list(self.whole.classes), "train_sha256": self.whole.digest, "test_sha256": self.test_data.digest},
            "input_shape": list(self.trainer.net.input_shape), "parameters": self.trainer.net.topology.parameter_count,
            "preparation": self.preparation.to_json(), "threads": self.trainer.threads,
            "versions": versions | {name: metadata.version(name) for name in ("numpy", "numba", "llvmlite")},
            **({"under_way": under_way} if under_way else {})}

    def restore(self) -> list[str]:
        """Take up the run where its folder says it stands; returns what differs from when it was started and may matter.

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
                raise DataError(f"the {split} images of {self.settings.data} are not those the run was started with"
                                f"\n  sha256 then  {was.get(key) if isinstance(was, dict) else None}\n         now   {is_now[key]}")
        checkpoint = self.folder.read_checkpoint()
        if checkpoint is not None:
            self.trainer.restore(*checkpoint)
            self._check_standing()
            if self.folder.best_path.exists():
                for record in self.trainer.history:
                    self.best = record if is_better(record, self.best) else self.best
        self.folder.write_history(self.trainer.history, **self.marks)
        versions = then.get("versions")
        before = versions if isinstance(versions, dict) else {}
        lost = [str(record.epoch) for record in self.trainer.history if not record.images_per_second]
        return [f"{name} was {one_line(str(before.get(name)))} and is {version} now: results may differ in the last bits"
                for name, version in now["versions"].items() if before.get(name) != version] + [
                    f"history.jsonl did not say how long epoch {', '.join(lost)} took: 0 seconds stand there now"] * bool(lost)

    def _check_standing(self) -> None:
        """Whether a checkpoint counts the batches that these data make."""
        trainer = self.trainer
        batches = -(-len(self.train_data) // trainer.batch_size)
        wanted = (trainer.epoch - 1) * batches + trainer.batch
        if trainer.batch > batches or trainer.steps != wanted:
            raise CheckpointError(f"{self.folder.checkpoint_path} does not fit its data: it stands after {trainer.steps} updates, in epoch"
                                  f" {trainer.epoch} after {trainer.batch} of {batches} batches")

    def records(self) -> Generator[Record, None, None]:
        """Train to the last epoch or until `trainer.stop()`, keeping the folder up to date; yields the trainer's records."""
        self.folder.claim()
        settings = self.settings
        try:
            self.folder.write_description(self.description())
            self._under_way = bool(self.trainer.batch)
            for record in self.trainer.fit(self.train_data, self.watched, settings.epochs, settings.schedule, settings.augment):
                if isinstance(record, ProgressRecord):
                    self._check(record.epoch, record.loss)
                elif isinstance(record, EpochRecord):
                    self._check(record.epoch, record.train_loss, record.test_loss or 0.0)
                    self._keep(record)
                yield record
            self.save()
        except BaseException:
            self.folder.discard()
            raise
        finally:
            self.folder.release()

    def _check(self, epoch: int, *losses: float) -> None:
        if not all(map(math.isfinite, losses)):
            raise SettingError(f"the loss is no longer a number in epoch {epoch}: the steps are too large"
                               f"\n  use a learning rate below {self.settings.learning_rate:g}")

    def _keep(self, record: EpochRecord) -> None:
        self.folder.append_history(record, **self.marks)
        if is_better(record, self.best):
            self.best = record
            self._best_memory = self.trainer.net.parameter_memory.copy()
        if time.monotonic() - self._saved > SAVE_SECONDS:
            self.save()

    def save(self) -> None:
        """Bring weights and checkpoint to the disk."""
        if self.best is not None and self._best_memory is not None:
            self._trained(self.best.epoch).save(self.folder.best_path, self._best_memory)
            self._best_memory = None
        if self.trainer.batch or self._under_way:
            self.folder.write_description(self.description())
            self._under_way = bool(self.trainer.batch)
        self.folder.write_checkpoint(*self.trainer.checkpoint())
        self._saved = time.monotonic()

    def result(self) -> RunResult:
        """How good it has become; held-out images having chosen the epoch, the test set is looked at here for the first time."""
        if self.best is None:
            raise SettingError("a run has a result after its first epoch")
        last = self.trainer.history[-1]
        if self.settings.validation:
            best = load_trained(self.folder.best_path)
            test = evaluate(best.net, self.preparation.images(self.test_data.images, self.test_data.name), self.test_data.labels,
                            self.preparation, self.trainer.threads)
        else:
            test = EvaluationRecord(last.test_loss or 0.0, last.test_accuracy or 0.0, len(self.test_data), 0.0)
        return RunResult(last.epoch, test, self.best.epoch, self.best.test_accuracy or 0.0)

    def _trained(self, epoch: int) -> TrainedNetwork:
        return TrainedNetwork(self.trainer.net, self.preparation, self.whole.classes, self.whole.input_shape, self.settings.data, epoch)


def is_better(record: EpochRecord, best: EpochRecord | None) -> bool:
    """Whether an epoch takes the place of the best: more right answers, or as many with a lower loss."""
    return best is None or (record.test_accuracy or 0.0, -(record.test_loss or 0.0)) > (best.test_accuracy or 0.0, -(best.test_loss or 0.0))
