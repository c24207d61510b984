"""Sheets of paper with one digit somewhere, for tests, and what a network makes of them.

    python -m tests.datasets.sheets RUN      # 300 digits of MNIST's test images, both polarities; MINICNN_DATA holds MNIST

RUN is a run of `minicnn train lenet --data mnist`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from minicnn.datasets import Dataset, load
from minicnn.datasets.pictures import resize

COUNT = 300
LEAST, MOST = 56, 150  # rows and columns of a digit on its sheet


def sheets(data: Dataset, count: int, seed: int) -> Iterator[tuple[np.ndarray, int]]:
    """(picture, label): images drawn at random, enlarged, placed anywhere on a sheet with a grey gradient, every second one dark on light."""
    chance = np.random.default_rng(seed)
    for n, row in enumerate(chance.choice(len(data), count, replace=False)):
        rows, columns = int(chance.integers(140, 301)), int(chance.integers(140, 401))
        side = int(chance.integers(LEAST, min(MOST, rows, columns) + 1))
        digit = resize(data.images[row].astype(np.float32), side, side)[0] / 255
        ink = np.zeros((rows, columns))
        h, w = int(chance.integers(rows - side + 1)), int(chance.integers(columns - side + 1))
        ink[h : h + side, w : w + side] = digit
        slope = chance.uniform(-1, 1, 2)
        v, u = np.meshgrid(np.linspace(-0.5, 0.5, rows), np.linspace(-0.5, 0.5, columns), indexing="ij")
        shade = 35 * (slope[0] * v + slope[1] * u)
        ground, colour = (chance.uniform(170, 220), chance.uniform(0, 60)) if n % 2 else (chance.uniform(35, 85), chance.uniform(195, 255))
        sheet = (ground + shade) * (1 - ink) + colour * ink
        yield np.rint(sheet).clip(0, 255).astype(np.uint8)[None], int(data.labels[row])


def share_recognised(run: Path, data: Dataset, count: int, seed: int = 0) -> float:
    """The share of sheets that the network of a run reads correctly."""
    from minicnn.train import guesses, load_trained, prepare_picture

    trained = load_trained(run / "best.safetensors")
    pictures, labels = zip(*sheets(data, count, seed), strict=True)
    answers = guesses(trained, [prepare_picture(trained, picture, f"sheet {n}") for n, picture in enumerate(pictures)])
    return float(np.mean([best[0].label == label for best, label in zip(answers, labels, strict=True)]))


if __name__ == "__main__":
    mnist = load("mnist", "test", os.environ["MINICNN_DATA"])
    for seed in range(5):
        print(f"seed {seed}: {100 * share_recognised(Path(sys.argv[1]), mnist, COUNT, seed):.2f} % of {COUNT} sheets")
