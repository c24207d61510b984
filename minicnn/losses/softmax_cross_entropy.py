"""Softmax cross-entropy: minus the logarithm of the probability that the right class gets.

p[n,k] = exp(scores[n,k]) / sum over j of exp(scores[n,j])        loss = mean over n of -log p[n, labels[n]]
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from minicnn.errors import DataError, GraphError


def log_probabilities(scores: np.ndarray) -> np.ndarray:
    """Logarithm of `probabilities`, which stays finite where a probability is too small for a number."""
    with np.errstate(invalid="ignore"):  # infinity - infinity: NaN, as it should be
        shifted = scores.astype(np.float64) - scores.max(axis=1, keepdims=True)
        return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def probabilities(scores: np.ndarray) -> np.ndarray:
    """Softmax over axis 1: scores (N, K, *space) -> (N, K, *space) float64."""
    return np.exp(log_probabilities(scores))


def are_numbers(scores: np.ndarray) -> np.ndarray:
    """(N,) bool: which images got scores that can be compared, (N, K, *space); a score of -infinity can, NaN and infinity cannot."""
    largest = scores.max(axis=1)  # NaN if there is one among the classes
    return np.isfinite(largest).reshape(len(scores), -1).all(axis=1)


def check_scores(where: str, scores: np.ndarray) -> None:
    """A DataError that starts with `where` if some scores are not numbers."""
    if not len(scores):
        return
    wrong = np.flatnonzero(~are_numbers(scores))
    if len(wrong):
        raise DataError(
            f"{where}: the scores of {len(wrong):,} of {len(scores):,} images are not numbers: the weights, or the images, hold"
            f" NaN or infinity\n  the first is image {wrong[0]}"
        )


@dataclass(frozen=True, kw_only=True)
class SoftmaxCrossEntropy:
    """For a network that gives one score for each class; labels are the classes, from 0.

    Bridle, "Probabilistic Interpretation of Feedforward Classification Network Outputs", 1990.
    """

    def check(self, network: str, classes: int) -> None:
        """A GraphError where there is nothing to choose from."""
        if classes < 2:
            raise GraphError(
                f"{network} gives one score for an image, but softmax cross-entropy needs one for each class:"
                f" that of a single class is always 0"
                f"\n  end it with Linear(2) for yes and no, labels 1 and 0"
            )
