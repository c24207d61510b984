"""Images as lines of text: the label, then the pixels, as in Kaggle's MNIST; with a line of headings or without."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from minicnn.errors import DataError, one_line

Arrays = npt.NDArray[Any]
Pair = tuple[Arrays, Arrays]

LARGEST_BYTES = 1 << 32
LABEL_HEADINGS = ("label", "labels", "class", "target", "y")
DELIMITERS = (",", ";", "\t")
CHUNK_LINES = 4096


def read_csv(path: Path) -> tuple[Pair, Pair | None]:
    """Images and labels of a file; of a file called ...train... also those for testing, if ...test... lies beside it and has labels."""
    train = read_table(path)
    beside = path.with_name(path.name.replace("train", "test"))
    if "train" not in path.name or not beside.is_file():
        return train, None
    test = read_table(beside, columns=_columns(train[0]))
    return train, test


def read_table(path: Path, columns: int | None = None) -> Pair:
    """One file: images (N, side, side), or (N, length) if the pixels of a line are not a square, and labels (N,), integers or words.

    columns : of pixels that a line must have
    """
    name = one_line(path.name)
    if path.stat().st_size > LARGEST_BYTES:
        raise DataError(f"{name} has {path.stat().st_size:,} bytes, more than the {LARGEST_BYTES:,} read here\n  store it as .npy")
    labels: list[str] = []
    chunks: list[Arrays] = []
    with path.open(encoding="utf-8-sig", errors="replace", newline=None) as stream:
        first = stream.readline()
        if not first.strip():
            raise DataError(f"{name} holds no lines of numbers: its first line is empty")
        delimiter = max(DELIMITERS, key=first.count)
        fields = [field.strip().strip('"').lower() for field in first.rstrip("\n").split(delimiter)]
        headed = bool(fields) and not all(_is_number(field) for field in fields[1:] or fields)
        last = headed and fields[0] not in LABEL_HEADINGS and fields[-1] in LABEL_HEADINGS
        if headed and not last and not any(field in LABEL_HEADINGS for field in fields[:1]) and _has_labels_elsewhere(fields):
            raise DataError(f"{name} has its labels in a column in the middle, expected the first or the last")
        if headed and not any(field in LABEL_HEADINGS for field in (fields[0], fields[-1])):
            raise DataError(
                f"{name} has no column of labels: its headings are {', '.join(one_line(each)[:20] for each in fields[:4])}, ..."
            )
        lines = [] if headed else [first]
        number = 2 if headed else 1
        while True:
            lines += stream.readlines(1 << 22)
            if not lines:
                break
            kept = [line.rstrip("\n") for line in lines]
            pixels, words = _parsed(kept, delimiter, last, name, number, columns)
            number += len(lines)
            lines = []
            if len(words):
                columns = pixels.shape[1]
                chunks.append(pixels)
                labels += words
    if not chunks:
        raise DataError(f"{name} holds no lines of numbers")
    pixels = np.concatenate(chunks)
    whole = pixels.dtype.kind == "f" and (pixels >= 0).all() and (pixels <= 255).all() and (pixels == np.rint(pixels)).all()
    images = pixels.astype(np.uint8) if whole and pixels.max() > 1 else pixels
    side = math.isqrt(images.shape[1])
    shaped = images.reshape(-1, side, side) if side * side == images.shape[1] and side > 1 else images
    return shaped, _label_array(labels)


def _parsed(lines: list[str], delimiter: str, last: bool, name: str, number: int, columns: int | None) -> tuple[Arrays, list[str]]:
    """The numbers of lines (N, columns) float32, and their labels; `number` is that of the first line, for messages."""
    words, bodies = [], []
    for n, line in enumerate(lines):
        if not line.strip():
            continue
        label, found, body = line.partition(delimiter) if not last else line.rpartition(delimiter)[::-1]
        if not found:
            raise DataError(f"{name}: line {number + n} holds one value, expected a label and pixels")
        words.append(label.strip().strip('"'))
        bodies.append(body.replace('"', ""))
        count = body.count(delimiter) + 1
        if columns is not None and count != columns:
            raise DataError(f"{name}: line {number + n} has {count:,} pixels, expected {columns:,}")
        columns = count
    if not bodies:
        return np.zeros((0, columns or 0), np.float32), []
    try:
        pixels = np.loadtxt(bodies, np.float32, comments=None, delimiter=delimiter, ndmin=2)
    except ValueError as error:
        raise DataError(f"{name}: {_worse_line(bodies, delimiter, number)} ({one_line(str(error))[:100]})") from error
    if pixels.shape != (len(bodies), columns):
        raise DataError(f"{name}: {len(bodies):,} lines from line {number} on hold {pixels.shape} numbers, expected {columns:,} each")
    if not np.isfinite(pixels).all():
        raise DataError(f"{name} holds values that are infinite or NaN, or too large for float32")
    return pixels, words


def _worse_line(bodies: list[str], delimiter: str, number: int) -> str:
    for n, body in enumerate(bodies):
        for field in body.split(delimiter):
            if not _is_number(field):
                return f"line {number + n} or soon after holds {one_line(repr(field[:20]))}, expected a number"
    return f"a line from line {number} on holds what is not a number"


def _label_array(labels: list[str]) -> Arrays:
    """Integers if all labels are; else words."""
    try:
        return np.array([int(float(label)) if float(label).is_integer() else _fail() for label in labels], np.int64)
    except (ValueError, OverflowError):
        return np.array(labels, str)


def _fail() -> int:
    raise ValueError("not whole")


def _has_labels_elsewhere(fields: list[str]) -> bool:
    return any(field in LABEL_HEADINGS for field in fields[1:-1])


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _columns(images: Arrays) -> int:
    return math.prod(images.shape[1:])
