"""Scores (N, K, *space) of classes: what they say as probabilities, and whether they can be compared."""

from __future__ import annotations

import numpy as np

from minicnn.errors import DataError


def log_probabilities(scores: np.ndarray) -> np.ndarray:
    """Logarithm of `probabilities`, which stays finite where a probability is too small for a number."""
    with np.errstate(invalid="ignore"):  # infinity - infinity: NaN, as it should be
        shifted = scores.astype(np.float64) - scores.max(axis=1, keepdims=True)
        return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def probabilities(scores: np.ndarray) -> np.ndarray:
    """Softmax over axis 1: scores (N, K, *space) -> (N, K, *space) float64."""
    return np.exp(log_probabilities(scores))


def yes_probabilities(scores: np.ndarray) -> np.ndarray:
    """Sigmoid of every score, float64."""
    small = np.exp(-np.abs(scores.astype(np.float64)))  # never above 1, so that it cannot overflow
    return np.where(scores < 0, small, 1.0) / (1.0 + small)


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
