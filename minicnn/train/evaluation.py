"""Loss and accuracy of a network on a set of images."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from minicnn import engine
from minicnn.errors import DataError, ShapeError
from minicnn.geometry import shape_text
from minicnn.losses import are_numbers, check_scores, log_probabilities
from minicnn.train.records import EvaluationRecord

if TYPE_CHECKING:
    from minicnn.network import Graph
    from minicnn.preparation import Preparation


def mean_loss_and_accuracy(scores: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Mean softmax cross-entropy in nats and share of correct answers, from logits; NaN is never correct."""
    right = log_probabilities(scores)[np.arange(len(labels)), labels]
    return float(-right.mean()), float((answers(scores) == labels).mean())


def answers(scores: np.ndarray) -> np.ndarray:
    """The class with the highest score for each image, (N,) int64; -1 if its scores are not finite."""
    return np.where(are_numbers(scores), scores.argmax(axis=1), -1)


def evaluate(
    net: Graph, images: np.ndarray, labels: ArrayLike, preparation: Preparation, threads: int | None = None, device: str = engine.CPU
) -> EvaluationRecord:
    """Loss and accuracy of a network over prepared images, (N, C, *space) uint8 or float32.

    Raises
    ------
    DataError
        If there are none, or scores are not finite.
    ShapeError, SettingError
        If the images or the labels do not fit the network.
    """
    images, labels = _prepared(net, images, preparation), net.check_labels("evaluate", labels, len(images))
    if not len(images):
        raise DataError("evaluate: there are no images to average over")
    record, scores = measure(net, images, labels, preparation, threads, device)
    check_scores(f"evaluate: {net.name}", scores)
    return record


def measure(
    net: Graph, images: np.ndarray, labels: np.ndarray, preparation: Preparation, threads: int | None = None, device: str = engine.CPU
) -> tuple[EvaluationRecord, np.ndarray]:
    """The same for checked images and labels, with the logits; scores that are not finite make the loss NaN."""
    begin = time.perf_counter()
    scores = logits(net, images, preparation, threads, device)
    loss, accuracy = mean_loss_and_accuracy(scores, labels)
    return EvaluationRecord(loss, accuracy, len(images), time.perf_counter() - begin), scores


def logits(net: Graph, images: np.ndarray, preparation: Preparation, threads: int | None = None, device: str = engine.CPU) -> np.ndarray:
    """The logits of prepared images: (N, classes) float32."""
    return engine.predict(net, _prepared(net, images, preparation), preparation.scale, preparation.shift, threads, device)


def _prepared(net: Graph, images: np.ndarray, preparation: Preparation) -> np.ndarray:
    """The images as an array that the engine can read, in the size of network and preparation."""
    try:
        images = np.asarray(images)
    except (ValueError, TypeError) as error:
        raise ShapeError(f"{net.name}: images are not an array: {error}") from error
    if preparation.input_shape != net.input_shape or images.shape[1:] != net.input_shape or images.ndim != len(net.input_shape) + 1:
        raise ShapeError(
            f"{net.name} takes images of {shape_text(net.input_shape)}, but gets {tuple(images.shape)}, prepared for"
            f" {shape_text(preparation.input_shape)}\n  use preparation.images(images)"
        )
    return preparation.images(images, net.name)
