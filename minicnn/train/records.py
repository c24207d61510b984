"""What training reports while it runs: records, which the caller displays."""

from __future__ import annotations

from typing import NamedTuple

from minicnn.metrics import SMALLER_IS_BETTER


class StepRecord(NamedTuple):
    """One update: mean loss, correct answers (None where nothing is right or wrong), images, seconds."""

    loss: float
    correct: int | None
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
    """Somewhere inside an epoch: means over the epoch so far; seconds of training alone.  accuracy: None where nothing is right."""

    epoch: int
    images: int
    images_in_epoch: int
    loss: float
    accuracy: float | None
    seconds: float


class EpochRecord(NamedTuple):
    """An epoch: training means over all its updates, then the test set, or the images held out.  seconds: training alone.

    train_accuracy, test_accuracy : None where nothing is right or wrong
    figures : by name, of the images evaluated after it, the first of which judges the epoch; None where that is the accuracy
    """

    epoch: int
    train_loss: float
    train_accuracy: float | None
    test_loss: float | None
    test_accuracy: float | None
    seconds: float
    images_per_second: float
    learning_rate: float
    figures: dict[str, float] | None = None

    @property
    def metrics(self) -> dict[str, float]:
        """Figures by name: of the images evaluated after it, else of the training images."""
        if self.figures is not None:
            return self.figures
        share = self.train_accuracy if self.test_loss is None else self.test_accuracy
        return {} if share is None else {"accuracy": share}

    @property
    def loss(self) -> float:
        """The loss that judges the epoch: on the images evaluated after it, else on the training images."""
        return self.train_loss if self.test_loss is None else self.test_loss

    @property
    def quality(self) -> float:
        """The figure that judges it, larger being better: the first of its metrics, the loss if there is none."""
        return quality(self.metrics, self.loss)


class EvaluationRecord(NamedTuple):
    """Mean loss and figures by name over a set of images."""

    loss: float
    metrics: dict[str, float]
    images: int
    seconds: float

    @property
    def accuracy(self) -> float | None:
        """The share of correct answers; None where nothing is right or wrong."""
        return self.metrics.get("accuracy")


def quality(metrics: dict[str, float], loss: float) -> float:
    """The first of the metrics, larger being better; without any, minus the loss."""
    for name, value in metrics.items():
        return -value if name in SMALLER_IS_BETTER else value
    return -loss


Record = StartRecord | ProgressRecord | EpochRecord  # what a stream yields
