"""What the functions of all losses share: the mean over a batch and its gradient by the textbook loops, and the checks of labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from minicnn.errors import SettingError, ShapeError
from minicnn.kernels import textbook
from minicnn.kernels.activation import real_number
from minicnn.kernels.checks.arrays import as_array, beside, check_one_place, contiguous, empty, extremes, on_host
from minicnn.kernels.dispatch import run


def mean_loss(where: str, loss: str, y: np.ndarray, target: np.ndarray, divisor: float, *settings: Any) -> float:
    """The sum of the images' losses, divided; y and target in the axes of the loop."""
    losses = empty(where, y.shape[:1], y, np.float64)
    run(getattr(textbook, f"{loss}_forward"), losses, y, target, *settings)
    return float(on_host(losses).sum(dtype=np.float64) / divisor)


def mean_loss_backward(
    where: str, loss: str, dloss: object, y: np.ndarray, target: np.ndarray, divisor: float, *settings: Any
) -> np.ndarray:
    """Its gradient with respect to y, in the axes of the loop."""
    share = real_number(where, "dloss", dloss) / (divisor if y.size else 1)
    dy = empty(where, y.shape, y)
    run(getattr(textbook, f"{loss}_backward"), dy, beside(y, np.full(len(y), share)), y, target, *settings)
    return dy


def check_scores(where: str, name: str, y: np.ndarray) -> None:
    """An array must have images and at least one channel; any number of spatial axes."""
    if y.ndim < 2:
        raise ShapeError(f"{where}: {name} has {y.ndim} axes, but needs at least 2\n  {name}  {y.shape}\n  wanted  (N, K, *space)")
    if not y.shape[1]:
        raise ShapeError(f"{where}: {name} has no classes\n  {name}  {y.shape}  {letters(y)}")


def check_any(where: str, name: str, y: np.ndarray) -> None:
    """There must be something to average over."""
    if not y.size:
        missing = "positions" if len(y) else "images"
        raise ShapeError(f"{where}: {name} hold no {missing}, and the mean of nothing is undefined\n  {name}  {y.shape}  {letters(y)}")


def letters(y: np.ndarray) -> str:
    """Letters of scores: "N K", "N K *space"."""
    return "N K" if y.ndim == 2 else "N K *space"


def whole_labels(where: str, logits: np.ndarray, labels: ArrayLike, classes: int, ignored: int | None = None) -> np.ndarray:
    """Labels (N, *space) as contiguous integers, int64 on the host: classes from 0, or the one that is ignored.

    Raises
    ------
    ShapeError
        If there is not one for each position.
    SettingError
        If they are not integers, or one of them is no class.
    DeviceError
        If they lie elsewhere than the scores.
    """
    array, shape = as_array(where, "labels", labels), (*logits.shape[:1], *logits.shape[2:])
    if type(array) is np.ndarray and not array.size and array.ndim == 1:
        array = array.astype(np.int64)  # an empty list is float64 to NumPy
    if array.dtype.kind not in "iu":
        raise SettingError(f"{where}: labels are {array.dtype}, but must be integers\n  use labels.astype('int64')")
    if array.shape != shape:
        wanted = f"there are {len(logits)} images" if logits.ndim == 2 else f"need {shape}, one for each position of the scores"
        raise ShapeError(
            f"{where}: labels have the shape {array.shape}, but {wanted}"
            f"\n  logits  {logits.shape}  {letters(logits)}\n  labels  {array.shape}  {letters(logits).replace(' K', '')}"
        )
    check_one_place(where, "logits", logits, "labels", array)
    known = array if ignored is None else on_host(array)
    known = known if ignored is None else known[known != ignored]
    low, high = extremes(known) if known.size else (0, 0)
    if not 0 <= low <= high < classes:
        beside_them = "" if ignored is None else f", and {ignored} is ignored"
        raise SettingError(f"{where}: labels run from {low} to {high}, but the classes are 0 to {classes - 1}{beside_them}")
    return contiguous(array if type(array) is not np.ndarray else array.astype(np.int64))


def channel_weights(where: str, name: str, value: Any, like: np.ndarray) -> np.ndarray:
    """One number of at least 0 for each of K channels, (K,) of the type of the scores; None stands for ones, one number for all."""
    channels = like.shape[1]
    if value is None:
        return np.ones(channels, like.dtype)
    given = on_host(as_array(where, name, value))
    if given.dtype.kind not in "iuf":
        raise SettingError(f"{where}: {name} are {given.dtype}, but must be numbers")
    if given.shape not in ((), (channels,)):
        raise ShapeError(f"{where}: {name} has the shape {given.shape}, but needs ({channels},), one number for each channel")
    wrong = given[~(np.isfinite(given) & (given >= 0))]
    if wrong.size:
        raise SettingError(f"{where}: {name} holds {wrong.flat[0]}, but must hold finite numbers of at least 0")
    return np.full(channels, given, like.dtype)
