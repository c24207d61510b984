"""What a trained network says of pictures: a class, the class of every pixel, numbers, or boxes, by the loss it was trained with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from minicnn.losses import BOXES, CLASS, MASK, NUMBERS, Loss, check_scores
from minicnn.train.evaluation import logits
from minicnn.train.views import View, at_size
from minicnn.train.weights import TrainedNetwork

UNANSWERED = -1  # in a mask: pixels at the border that a network without padding says nothing of
SURE_SCORE = 0.25  # of a box, from which on it counts as said; mean average precision goes by fainter ones too


class Guess(NamedTuple):
    """One class and its probability."""

    label: int
    name: str
    probability: float


class Answer(NamedTuple):
    """What a network says of one picture.

    kind : "class", "mask", "numbers" or "boxes"
    found : numpy.ndarray
        "class"      (K,) the probability of each class
        "mask"       (rows, columns) of the picture, int64: the class of each pixel, -1 for pixels that nothing is said of
        "numbers"    as the network gives them
        "boxes"      (n, 6): x, y of the left upper corner, w, h in pixels of the picture, class, score; the highest score first
    """

    kind: str
    found: np.ndarray

    def guesses(self, classes: Sequence[str], most: int = 3) -> list[Guess]:
        """The most probable classes, best first; called by their numbers where there are no names."""
        order = np.argsort(-self.found, kind="stable")[:most]
        names = tuple(classes) or tuple(map(str, range(len(self.found))))
        return [Guess(int(k), names[k], float(self.found[k])) for k in order]

    def shares(self, classes: Sequence[str]) -> dict[str, float]:
        """Of a mask: the share of the pixels that each class has, by name."""
        return {name: float((self.found == k).mean()) for k, name in enumerate(classes)}


def answer_kind(loss: Loss, output_shape: tuple[int, ...]) -> str:
    """What kind of answer a network gives that was trained with this loss: one of `minicnn.losses.base.TARGETS`."""
    if BOXES in loss.targets:
        return BOXES
    if not {CLASS, MASK} & set(loss.targets):
        return NUMBERS
    return CLASS if len(output_shape) == 1 else MASK


def decided(prediction: np.ndarray) -> np.ndarray:
    """Probabilities (N, K, *space) as classes (N, *space); of a single channel, class 1 from 1/2 on, else 0."""
    return (prediction[:, 0] >= 0.5).astype(np.int64) if prediction.shape[1] == 1 else prediction.argmax(axis=1)


def guesses(trained: TrainedNetwork, pictures: Sequence[np.ndarray], most: int = 3, device: str = "cpu") -> list[list[Guess]]:
    """For each picture of `fit_picture`, the most probable classes, best first; a DataError if scores are not finite.

    Classes are called by their numbers where training knew no names: it was told shares of them.
    """
    found = answers(trained, [View.whole(picture) for picture in pictures], device)
    return [each.guesses(trained.classes, most) for each in found]


def answers(trained: TrainedNetwork, views: Sequence[View], device: str = "cpu") -> list[Answer]:
    """What a network says of each picture of `view`, in the picture's own pixels.

        trained = load_trained("runs/yolo-digits-digit-scenes-1/best.safetensors")
        (answer,) = answers(trained, [view(trained, read_picture("scene.png"), "scene.png")])
        for x, y, w, h, k, score in answer.found: ...

    Pictures of one size are computed together.

    Raises
    ------
    DataError
        If scores are not finite.
    """
    kind = answer_kind(trained.loss, trained.net.output_shape)
    floats = any(each.pixels.dtype != np.uint8 for each in views)
    found: dict[int, Answer] = {}
    for shape in dict.fromkeys(each.pixels.shape for each in views):
        rows = [n for n, each in enumerate(views) if each.pixels.shape == shape]
        batch = np.stack([views[n].pixels.astype(np.float32) if floats else views[n].pixels for n in rows])
        scores = logits(at_size(trained.net, shape), batch, replace(trained.preparation, input_shape=shape), device=device)
        check_scores(trained.net.name, scores)
        told = trained.loss.prediction(trained.loss.for_size(scores, shape, trained.preparation.input_shape), shape)
        if kind == MASK:
            told = decided(told)
        jump = _last_jump(trained) if kind == MASK and told.shape[1:] != shape[1:] else ()
        for n, one in zip(rows, told, strict=True):
            found[n] = Answer(kind, _in_picture(kind, np.asarray(one), views[n], jump))
    return [found[n] for n in range(len(views))]


def _in_picture(kind: str, one: np.ndarray, view: View, jump: tuple[float, ...]) -> np.ndarray:
    """What is said of the network's input as what it says of the picture."""
    if kind == CLASS:
        return np.array([1 - one[0], one[0]]) if len(one) == 1 else one
    if kind == MASK:
        return view.mask_back(_as_large(one, view.pixels.shape[1:], jump))
    return view.boxes_back(one) if kind == BOXES else one


def _as_large(mask: np.ndarray, space: tuple[int, ...], jump: tuple[float, ...]) -> np.ndarray:
    """A mask in the size of the network's input: in its middle where borders were lost, else each of its places for several pixels."""
    if mask.shape == space:
        return mask
    if all(step == 1 for step in jump):
        whole = np.full(space, UNANSWERED, mask.dtype)
        starts = [(size - inner) // 2 for size, inner in zip(space, mask.shape, strict=True)]
        whole[tuple(slice(start, start + inner) for start, inner in zip(starts, mask.shape, strict=True))] = mask
        return whole
    places = [np.arange(size) * inner // size for size, inner in zip(space, mask.shape, strict=True)]
    return mask[np.ix_(*places)]


def _last_jump(trained: TrainedNetwork) -> tuple[float, ...]:
    """Pixels of the input from one place of the output to the next."""
    row = trained.net.sized(trained.preparation.input_shape).summary().layers[-1]
    return tuple(map(float, row.jump or ()))
