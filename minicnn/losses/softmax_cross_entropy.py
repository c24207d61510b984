"""Softmax cross-entropy: minus the logarithm of the probability of the correct class.

p[n,k] = exp(scores[n,k]) / sum over j of exp(scores[n,j])        loss = mean over n of -log p[n, labels[n]]
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from minicnn.errors import DataError, GraphError
from minicnn.layers import Shape
from minicnn.losses.base import CLASS, MASK, Loops, Loss


def log_probabilities(scores: np.ndarray) -> np.ndarray:
    """Logarithm of `probabilities`, which stays finite where a probability is too small for a number."""
    with np.errstate(invalid="ignore"):  # infinity - infinity: NaN, as it should be
        shifted = scores.astype(np.float64) - scores.max(axis=1, keepdims=True)
        return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def probabilities(scores: np.ndarray) -> np.ndarray:
    """Softmax over axis 1: scores (N, K, *space) -> (N, K, *space) float64."""
    return np.exp(log_probabilities(scores))


def are_numbers(scores: np.ndarray) -> np.ndarray:
    """(N,) bool: which images have scores (N, K, *space) that can be compared: -infinity can, NaN and infinity cannot."""
    largest = scores.max(axis=1)  # NaN if there is one among the classes
    return np.isfinite(largest).reshape(len(scores), -1).all(axis=1)


def check_scores(where: str, scores: np.ndarray) -> None:
    """A DataError that starts with `where` if some scores are not finite."""
    if not len(scores):
        return
    wrong = np.flatnonzero(~are_numbers(scores))
    if len(wrong):
        raise DataError(
            f"{where}: the scores of {len(wrong):,} of {len(scores):,} images are not numbers: the weights, or the images, hold"
            f" NaN or infinity\n  the first is image {wrong[0]}"
        )


NO_CLASS = -(1 << 31)  # ignores nothing: no label of 32 bits is below


class SoftmaxCrossEntropy(Loss):
    """For a network that gives one score for each class; labels are the classes, from 0: one an image, or one for each pixel.

    Bridle, "Probabilistic Interpretation of Feedforward Classification Network Outputs", 1990.
    """

    targets: ClassVar[tuple[str, ...]] = (CLASS, MASK)
    metrics: ClassVar[tuple[str, ...]] = ("accuracy",)

    label_smoothing: float = 0.0
    ignore_index: int | None = None

    def check(self, network: str, output_shape: Shape, input_shape: Shape) -> None:
        """A GraphError if there is nothing to choose from."""
        if len(output_shape) == 0 or output_shape[0] < 2:
            raise GraphError(
                f"{network} gives one score for an image, but softmax cross-entropy needs one for each class:"
                f" that of a single class is always 0"
                f"\n  end it with Linear(2) for yes and no, labels 1 and 0"
            )

    def is_plain(self, target: str, output_shape: Shape) -> bool:
        """Whether it is the mean over images of one class each."""
        return self == SoftmaxCrossEntropy() and target == CLASS and len(output_shape) == 1

    def loops(self, target: str) -> Loops:
        return Loops("cross_entropy_forward", "cross_entropy_backward", "right_answers_forward")

    def loop_settings(self, output_shape: Shape, input_shape: Shape) -> dict[str, Any]:
        return {
            "class_weights": np.ones(output_shape[0]),
            "label_smoothing": self.label_smoothing,
            "ignore_index": NO_CLASS if self.ignore_index is None else self.ignore_index,
        }

    @property
    def ignored(self) -> int | None:
        return self.ignore_index

    def weights(self, labels: np.ndarray) -> np.ndarray:
        return self.answers(labels).astype(np.float64)

    def prediction(self, y: np.ndarray, input_shape: Shape) -> np.ndarray:
        """Probabilities of the classes, like y: (N, K, *space) float32."""
        return probabilities(y).astype(np.float32)
