"""Handwritten digits of many sizes on one canvas, with a box around each, generated each time.

The digits are MNIST's where its files are at hand, otherwise the embedded ones, enlarged; those of the training images and those of the
test images stay apart.  Everything is drawn in whole numbers, so that every machine gets the same pictures.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from minicnn.datasets import catalog, digits, idx, places
from minicnn.datasets.catalog import Split

Picture = npt.NDArray[np.uint8]  # (rows, columns)

SIZE = 96
COUNTS: dict[Split, int] = {"train": 4000, "test": 500}
SEEDS: dict[Split, int] = {"train": 20_160, "test": 20_161}
MOST_DIGITS = 6
LEAST_PIXELS, MOST_PIXELS = 12, 40  # of a digit's longer side
MOST_OVERLAP = (3, 10)  # of two boxes: their intersection is at most three tenths of their union, so that each can be read
TRIES = 20
INK = 64  # grey value from which a pixel belongs to the digit
BRIGHTNESS = (160, 256)  # of full ink, out of 255
NOISE = 25  # grey values, at most
ONE = 256  # the weight of a whole pixel


def read_digit_scenes(split: Split, folder: str | Path | None = None) -> tuple[Picture, npt.NDArray[np.float32], str]:
    """Scenes (N, 1, 96, 96) uint8, boxes (N, 6, 5) float32, and where the digits came from; N is 4,000 for "train" and 500 for "test".

    A box is x, y (its left upper corner), width, height in pixels, and the digit; rows beyond the scene's digits hold -1.
    """
    images, labels, origin = source(split, folder)
    random = np.random.RandomState(SEEDS[split])
    scenes = np.empty((COUNTS[split], 1, SIZE, SIZE), np.uint8)
    boxes = np.full((COUNTS[split], MOST_DIGITS, 5), -1, np.float32)
    for scene, box in zip(scenes, boxes, strict=True):
        draw_scene(random, images, labels, scene[0], box)
    return scenes, boxes, origin


def source(split: Split, folder: str | Path | None = None) -> tuple[Picture, npt.NDArray[np.int64], str]:
    """The single digits (N, rows, columns), their classes, and a word for where they are from."""
    mnist = catalog.record("mnist")
    if where := places.whereabouts(mnist, folder):
        images_path, labels_path = places.find(mnist, split, folder)
        images, labels = idx.read_images_and_labels(images_path, labels_path, class_count=10)
        return images, labels, f"generated from mnist in {where}"
    images, labels = digits.read_digits(split)
    return images[:, 0], labels, "generated from digits"


def draw_scene(
    random: np.random.RandomState, images: Picture, labels: npt.NDArray[np.int64], scene: Picture, boxes: npt.NDArray[Any]
) -> None:
    """Draw one scene and list its boxes; both are written."""
    scene[...] = random.randint(NOISE + 1, size=scene.shape)
    count = 0
    for _ in range(random.randint(1, MOST_DIGITS + 1)):
        n, longer = random.randint(len(images)), random.randint(LEAST_PIXELS, MOST_PIXELS + 1)
        digit = scaled(cropped(images[n]), longer) * random.randint(*BRIGHTNESS) // 255
        rows, columns = digit.shape
        for _ in range(TRIES):
            y, x = random.randint(SIZE - rows + 1), random.randint(SIZE - columns + 1)
            if not any(overlap_too_much((x, y, columns, rows), tuple(map(int, box[:4]))) for box in boxes[:count]):
                part = scene[y : y + rows, x : x + columns]
                np.maximum(part, digit, out=part, casting="unsafe")
                boxes[count] = x, y, columns, rows, labels[n]
                count += 1
                break


def overlap_too_much(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether two boxes x, y, width, height share more of their union than allowed, or more than half of the smaller one."""
    (x1, y1, w1, h1), (x2, y2, w2, h2) = one, other
    shared = max(0, min(x1 + w1, x2 + w2) - max(x1, x2)) * max(0, min(y1 + h1, y2 + h2) - max(y1, y2))
    most, of = MOST_OVERLAP
    return of * shared > most * (w1 * h1 + w2 * h2 - shared) or 2 * shared > min(w1 * h1, w2 * h2)


def cropped(picture: Picture) -> Picture:
    """The part that holds the ink."""
    ink = picture >= INK
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def scaled(picture: Picture, longer: int) -> npt.NDArray[np.int64]:
    """With a longer side of so many pixels, the other in proportion but at least a third of it, so that a one stays a stroke that is seen."""
    rows, columns = picture.shape
    sizes = [max(-(-longer // 3), (2 * size * longer + max(rows, columns)) // (2 * max(rows, columns))) for size in (rows, columns)]
    h, w = (between(size, out) for size, out in zip((rows, columns), sizes, strict=True))
    values = picture.astype(np.int64)
    down = values[h[0]] * (ONE - h[2])[:, None] + values[h[1]] * h[2][:, None]
    whole = down[:, w[0]] * (ONE - w[2]) + down[:, w[1]] * w[2]
    return (whole // (ONE * ONE)).astype(np.int64)


def between(size: int, out: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """For each of `out` pixels the two of `size` that its centre lies between, and the weight of the second, of 256."""
    centre = np.clip(((2 * np.arange(out) + 1) * size * ONE) // (2 * out) - ONE // 2, 0, (size - 1) * ONE)
    first = centre // ONE
    return first, np.minimum(first + 1, size - 1), centre % ONE
