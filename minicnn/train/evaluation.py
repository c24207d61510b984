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


def probabilities(logits: np.ndarray) -> np.ndarray:
    """Softmax over classes, (N, classes) float64."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    exponentials = np.exp(shifted)
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def mean_loss_and_accuracy(logits: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Mean softmax cross-entropy in nats and share of right answers."""
    right = probabilities(logits)[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(right, np.finfo(float).tiny)).mean()), float((logits.argmax(axis=1) == labels).mean())


def evaluate(net: Graph, images: np.ndarray, labels: np.ndarray, preparation: Preparation, threads: int | None = None) -> EvaluationRecord:
    """Loss and accuracy of a network over prepared images, (N, C, *space) uint8 or float32."""
    begin = time.perf_counter()
    logits = engine.predict(net, images, preparation.scale, preparation.shift, threads)
    loss, accuracy = mean_loss_and_accuracy(logits, labels)
    return EvaluationRecord(loss, accuracy, len(images), time.perf_counter() - begin)
