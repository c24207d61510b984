"""What training reports while it runs: records, which the caller displays."""

from __future__ import annotations

from typing import NamedTuple


class StepRecord(NamedTuple):
    """One update: mean loss, correct answers, images, seconds."""

    loss: float
    correct: int
    images: int
    seconds: float


class StartRecord(NamedTuple):
    """Before the first update.  compile_seconds: time to compile the kernels or read them from the cache."""

    epochs: int
    images: int
    test_images: int
    batch_size: int
    threads: int
    parameters: int
    compile_seconds: float
    first_epoch: int


class ProgressRecord(NamedTuple):
    """Somewhere inside an epoch: means over the epoch so far; seconds of training alone."""

    epoch: int
    images: int
    images_in_epoch: int
    loss: float
    accuracy: float
    seconds: float


class EpochRecord(NamedTuple):
    """An epoch: training means over all its updates, then the test set, or the images held out.  seconds: training alone."""

    epoch: int
    train_loss: float
    train_accuracy: float
    test_loss: float | None
    test_accuracy: float | None
    seconds: float
    images_per_second: float
    learning_rate: float

    @property
    def loss(self) -> float:
        """The loss that judges the epoch: on the images evaluated after it, else on the training images."""
        return self.train_loss if self.test_loss is None else self.test_loss

    @property
    def metrics(self) -> dict[str, float]:
        """Figures of the same images, by name."""
        return {"accuracy": self.train_accuracy if self.test_accuracy is None else self.test_accuracy}


class EvaluationRecord(NamedTuple):
    """Mean loss and share of correct answers over a set of images."""

    loss: float
    accuracy: float
    images: int
    seconds: float

    @property
    def metrics(self) -> dict[str, float]:
        """Figures by name."""
        return {"accuracy": self.accuracy}


Record = StartRecord | ProgressRecord | EpochRecord  # what a stream yields
