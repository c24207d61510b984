"""Loss and accuracy of a network on a set of images."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from minicnn import engine
from minicnn.errors import DataError, ShapeError
from minicnn.geometry import shape_text
from minicnn.losses import Loss, SoftmaxCrossEntropy, are_numbers, check_scores, log_probabilities
from minicnn.losses.arrays import kind_of
from minicnn.metrics import METRICS, SMALLER_IS_BETTER
from minicnn.train.records import EvaluationRecord

if TYPE_CHECKING:
    from minicnn.network import Graph
    from minicnn.parallel import MPIRanks
    from minicnn.preparation import Preparation


def answers(scores: np.ndarray) -> np.ndarray:
    """The class with the highest score for each image, (N,) int64; -1 if its scores are not finite."""
    return np.where(are_numbers(scores), scores.argmax(axis=1), -1)


def evaluate(
    net: Graph,
    images: np.ndarray,
    labels: ArrayLike,
    preparation: Preparation,
    threads: int | None = None,
    device: str = engine.CPU,
    loss: Loss = engine.SOFTMAX,
) -> EvaluationRecord:
    """Loss and figures of a network over prepared images, (N, C, *space) uint8 or float32.

    Raises
    ------
    DataError
        If there are none, or scores are not finite.
    ShapeError, SettingError
        If the images or the labels do not fit the network.
    """
    images, targets = _prepared(net, images, preparation), net.check_labels("evaluate", labels, len(images), loss)
    if not len(images):
        raise DataError("evaluate: there are no images to average over")
    record, scores = measure(net, loss, images, targets, preparation, threads, device)
    check_scores(f"evaluate: {net.name}", scores)
    return record


def measure(
    net: Graph,
    loss: Loss,
    images: np.ndarray,
    labels: np.ndarray,
    preparation: Preparation,
    threads: int | None = None,
    device: str = engine.CPU,
    ranks: MPIRanks | None = None,
) -> tuple[EvaluationRecord, np.ndarray]:
    """The same for checked images and labels, with the outputs; those that are not finite make the loss NaN.

    ranks : that compute the outputs together, all of which get all
    """
    begin = time.perf_counter()
    scores = logits(net, images, preparation, threads, device, ranks)
    mean, metrics = judged(loss, scores, labels, net.input_shape)
    return EvaluationRecord(mean, metrics, len(images), time.perf_counter() - begin), scores


def judged(loss: Loss, scores: np.ndarray, labels: np.ndarray, input_shape: tuple[int, ...]) -> tuple[float, dict[str, float]]:
    """The loss of outputs, and its metrics by name; what scores that are not finite say is never right."""
    kind = kind_of(loss, labels)
    wanted = loss.figures(kind)
    if loss.is_plain(kind, scores.shape[1:]):
        mean = float(-log_probabilities(scores)[np.arange(len(labels)), labels].mean())
    else:
        total, weight = float(loss.per_image(scores, labels, input_shape).sum()), loss.total_weight(labels)
        mean = total / weight if weight else 0.0
    if isinstance(loss, SoftmaxCrossEntropy) and labels.dtype.kind == "i":
        counted = np.ones(labels.shape, bool) if loss.ignored is None else labels != loss.ignored
        right = (answers(scores) == labels)[counted] if scores.ndim == 2 else (scores.argmax(axis=1) == labels)[counted]
        known = {"accuracy": float(right.mean()) if right.size else 0.0}
    else:
        known = {}
    if not np.isfinite(scores).all():
        return mean, {name: known.get(name, math.inf if name in SMALLER_IS_BETTER else 0.0) for name in wanted}
    others = set(wanted) - set(known)
    prediction = loss.prediction(scores, input_shape) if others else None
    told = labels if loss.ignored is None else np.where(labels == loss.ignored, -1, labels)
    return mean, {name: known[name] if name in known else METRICS[name](prediction, told) for name in wanted}


def logits(
    net: Graph,
    images: np.ndarray,
    preparation: Preparation,
    threads: int | None = None,
    device: str = engine.CPU,
    ranks: MPIRanks | None = None,
) -> np.ndarray:
    """The logits of prepared images: (N, classes) float32."""
    return engine.predict(net, _prepared(net, images, preparation), preparation.scale, preparation.shift, threads, device, ranks)


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
