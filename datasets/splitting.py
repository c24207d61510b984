"""The order of classes, and a part of the images held out for testing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from minicnn.errors import DataError

TEST_FRACTION = 0.2  # where files do not say which images are for testing


def natural_order(names: Iterable[str]) -> list[str]:
    """Numbers by value, before words: 2, 10, cat, cat9, cat10."""

    def key(name: str) -> tuple[bool, list[tuple[bool, int, str]], str]:
        parts = re.findall(r"[0-9]{1,18}|[^0-9]+", name)
        return not name.isdecimal(), [(not part.isdecimal(), int(part) if part.isdecimal() else 0, part.lower()) for part in parts], name

    return sorted(names, key=key)


def held_out_rows(where: str, labels: Sequence[int] | npt.NDArray[Any], fraction: float, seed: int) -> npt.NDArray[np.bool_]:
    """Which images are for testing, a mask (N,): of every class the same fraction, at least one and not all.

    The choice depends on the seed and on how many images of each class there are, and is the same with every version of NumPy.

    Raises
    ------
    DataError
        If no class has two images.
    """
    classes = np.asarray(labels, np.int64)
    chosen = np.zeros(len(classes), bool)
    for label in np.unique(classes):
        rows = np.flatnonzero(classes == label)
        count = min(max(1, round(fraction * len(rows))), len(rows) - 1)
        ranks = [hashlib.sha256(f"{seed} {label} {n}".encode()).digest() for n in range(len(rows))]
        chosen[rows[sorted(range(len(rows)), key=ranks.__getitem__)[:count]]] = True
    if not chosen.any():
        raise DataError(f"{where}: no class has two images, so none can be held out for testing")
    return chosen
