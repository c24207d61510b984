"""Softmax cross-entropy: minus the logarithm of the probability of the correct class.

p[n,k] = exp(scores[n,k]) / sum over j of exp(scores[n,j])        loss = mean over n of -log p[n, labels[n]]
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from minicnn.errors import GraphError, SettingError, quoted
from minicnn.layers import Shape
from minicnn.losses.base import CLASS, MASK, NUMBERS, Loops, Loss
from minicnn.losses.channel_weights import check_count, checked_weights
from minicnn.losses.scores import probabilities

NO_CLASS = -(1 << 31)  # ignores nothing: no label of 32 bits is below
LARGEST_LABEL = (1 << 31) - 1


class SoftmaxCrossEntropy(Loss):
    """For a network that gives one score for each class; what is compared is a class, from 0, for each image or for each pixel.

    Or, as floats in the shape of the scores, the share of each class: those of several that were mixed, or of a network to learn from.
    Weights, smoothing, ignored labels and their means are those of PyTorch's cross_entropy: a mean divides by the sum of the labels'
    weights; that of shares, which knows no labels, by the number of positions.

    label_smoothing : at least 0, below 1: the part of the truth that all classes share equally
    class_weights : one number for each class, at least 0: how much an image or pixel of that class counts
    ignore_index : a label of images or pixels that count for nothing

    >>> round(SoftmaxCrossEntropy(class_weights=(1, 5)).value(np.zeros((2, 2)), np.array([0, 1])), 4)
    0.6931

    Bridle, "Probabilistic interpretation of feedforward classification network outputs", 1990; smoothing: Szegedy and others, "Rethinking
    the Inception architecture for computer vision", 2016, section 7.
    """

    targets: ClassVar[tuple[str, ...]] = (CLASS, MASK, NUMBERS)
    metrics: ClassVar[tuple[str, ...]] = ("accuracy",)

    label_smoothing: float = 0.0
    class_weights: tuple[float, ...] | None = None
    ignore_index: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_number("label_smoothing", 0.0, below=1.0)
        checked_weights(self, "class_weights")
        ignored = self.ignore_index
        if ignored is None:
            return
        if isinstance(ignored, bool) or not isinstance(ignored, int | np.integer) or not NO_CLASS < ignored <= LARGEST_LABEL:
            raise SettingError(f"{self.kind()}: ignore_index is {quoted(ignored)}, but must be a whole number of 32 bits, as labels are")
        object.__setattr__(self, "ignore_index", int(ignored))

    def check(self, network: str, output_shape: Shape, input_shape: Shape) -> None:
        """A GraphError if there is nothing to choose from, or there are not as many weights as classes."""
        if len(output_shape) == 0 or output_shape[0] < 2:
            raise GraphError(
                f"{network} gives one score for an image, but softmax cross-entropy needs one for each class:"
                f" that of a single class is always 0"
                f"\n  end it with Linear(2) for yes and no, labels 1 and 0"
            )
        check_count(self, "class_weights", network, output_shape)

    def figures(self, target: str) -> tuple[str, ...]:
        """Accuracy; for masks intersection over union before it, which does not praise a network for what most pixels are."""
        return ("mean_iou", *self.metrics) if target == MASK else self.metrics

    def is_plain(self, target: str, output_shape: Shape) -> bool:
        """Whether it is the mean over images of one class each."""
        return self == SoftmaxCrossEntropy() and target == CLASS and len(output_shape) == 1

    def loops(self, target: str) -> Loops:
        """Those of labels, or of shares."""
        if target != NUMBERS:
            return Loops("cross_entropy_forward", "cross_entropy_backward", "right_answers_forward")
        if self.ignore_index is not None:
            raise SettingError(
                f"{self.kind()}: ignore_index is {self.ignore_index}, but labels hold shares of classes, none of which is a class to ignore"
            )
        return Loops("soft_cross_entropy_forward", "soft_cross_entropy_backward", "right_shares_forward")

    def loop_settings(self, output_shape: Shape, input_shape: Shape) -> dict[str, Any]:
        return {
            "class_weights": np.ones(output_shape[0]) if self.class_weights is None else np.array(self.class_weights),
            "label_smoothing": self.label_smoothing,
            "ignore_index": NO_CLASS if self.ignore_index is None else self.ignore_index,
        }

    @property
    def ignored(self) -> int | None:
        return self.ignore_index

    def weights(self, labels: np.ndarray) -> np.ndarray:
        """(N,) float64: the weights of an image's labels, summed; of shares, their positions."""
        if labels.dtype.kind == "f" or self.class_weights is None:
            return self.answers(labels).astype(np.float64)
        counted = np.ones(labels.shape, bool) if self.ignore_index is None else labels != self.ignore_index
        each = np.array(self.class_weights)[np.where(counted, labels, 0)] * counted
        return each.reshape(len(labels), math.prod(labels.shape[1:])).sum(axis=1)

    def total_weight(self, labels: np.ndarray) -> float:
        if self.class_weights is None and self.ignore_index is None and type(self).weights is SoftmaxCrossEntropy.weights:
            return float(labels[:, :1].size if labels.dtype.kind == "f" else labels.size)
        return super().total_weight(labels)

    def answers(self, labels: np.ndarray) -> np.ndarray:
        """One for each label that is not ignored; of shares, one for each position."""
        return super().answers(labels[:, 0] if labels.dtype.kind == "f" else labels)

    def prediction(self, y: np.ndarray, input_shape: Shape) -> np.ndarray:
        """Probabilities of the classes, like y: (N, K, *space) float32."""
        return probabilities(y).astype(np.float32)
