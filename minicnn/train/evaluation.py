"""How good a network is on a set of images."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from minicnn import engine
from minicnn.train.preparation import Preparation
from minicnn.train.records import EvaluationRecord

if TYPE_CHECKING:
    from minicnn.network import Graph


def probabilities(scores: np.ndarray) -> np.ndarray:
    """Softmax of logits over classes, (N, classes) float64."""
    return np.exp(log_probabilities(scores))


def log_probabilities(scores: np.ndarray) -> np.ndarray:
    """Logarithm of `probabilities`, which stays finite where a probability is too small for a number."""
    shifted = scores.astype(np.float64) - scores.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def mean_loss_and_accuracy(scores: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Mean softmax cross-entropy in nats and share of right answers, from logits."""
    right = log_probabilities(scores)[np.arange(len(labels)), labels]
    return float(-right.mean()), float((scores.argmax(axis=1) == labels).mean())


def evaluate(net: Graph, images: np.ndarray, labels: np.ndarray, preparation: Preparation, threads: int | None = None) -> EvaluationRecord:
    """Loss and accuracy of a network over prepared images, (N, C, *space) uint8 or float32."""
    begin = time.perf_counter()
    loss, accuracy = mean_loss_and_accuracy(logits(net, images, preparation, threads), labels)
    return EvaluationRecord(loss, accuracy, len(images), time.perf_counter() - begin)


def logits(net: Graph, images: np.ndarray, preparation: Preparation, threads: int | None = None) -> np.ndarray:
    """What a network says about prepared images: (N, classes) float32."""
    return engine.predict(net, images, preparation.scale, preparation.shift, threads)
