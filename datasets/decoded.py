"""Pictures of a folder decoded once and kept in the data store, to be mapped by the next program that wants them.

A cache is two files: the images as .npy, and a JSON file with what belongs to them.  Its name is a digest of the names, sizes and
times of the pictures and of the size wanted, so that a changed folder is decoded again; the JSON file holds a digest of the images, so
that a damaged cache is too.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from minicnn.datasets import places
from minicnn.datasets.pictures import Picture, read_picture, resize, to_channels
from minicnn.errors import DataError, one_line

FORMAT = "minicnn pictures 1"
LARGEST_SIDE = 256  # of images, where no size is wanted
KEPT_BYTES = 1 << 28  # of decoded pictures kept between the two passes
CACHES = 4  # kept of one folder, for different sizes
CHUNK_BYTES = 1 << 20
WITHOUT_PILLOW = (".pgm", ".ppm")


class Decoded(NamedTuple):
    """images (N, 1 or 3, rows, columns) uint8; `rows`, the indices of those that could be read; a line for each of the others."""

    images: npt.NDArray[np.uint8]
    rows: list[int]
    faults: list[str]


def decode(root: Path, names: list[str], size: tuple[int, int] | None) -> Decoded:
    """The pictures of these names below `root`, brought to one size, from the cache or decoded anew.

    size : rows and columns; None for the median of rows and of columns, at most 256

    Raises
    ------
    DataError
        If Pillow is needed and not installed, or a file's size cannot be asked for.
    """
    if importlib.util.find_spec("PIL") is None:
        need = next((name for name in names if not name.lower().endswith(WITHOUT_PILLOW)), None)
        if need is not None:
            raise DataError(f"{root / need} can be read only with Pillow, which is not installed\n  run: pip install pillow")
    folder, key = places.data_home() / "folders" / _digest(str(root.resolve()))[:16], _state(root, names, size)
    held = _read(folder, key, len(names))
    if held is not None:
        return held
    shapes, kept, faults = _first_pass(root, names)
    if not shapes:
        return Decoded(np.zeros((0, 1, 1, 1), np.uint8), [], faults)
    channels = 3 if any(colour for _, _, colour in shapes.values()) else 1
    rows, columns = size or _usual_size([shape[:2] for shape in shapes.values()])
    shape = (len(shapes), channels, rows, columns)

    def fitted() -> Iterator[Picture]:
        for row in shapes:
            picture = kept[row] if row in kept else read_picture(root / names[row])
            yield np.ascontiguousarray(cover(_as_channels(picture, channels), rows, columns))

    try:
        _write(folder, key, shape, fitted(), {"rows": list(shapes), "faults": faults})
        held = _read(folder, key, len(names))
    except OSError:  # nowhere to write, or a full disk
        held = None
    if held is not None:
        return held
    images = np.empty(shape, np.uint8)
    for n, picture in enumerate(fitted()):
        images[n] = picture
    return Decoded(images, list(shapes), faults)


def cover(picture: Picture, rows: int, columns: int) -> Picture:
    """A picture (C, H, W) scaled, its shape kept, until it covers rows x columns, and cut in its middle."""
    _, H, W = picture.shape
    factor = max(rows / H, columns / W)
    high, wide = max(rows, round(H * factor)), max(columns, round(W * factor))
    scaled = picture if (high, wide) == (H, W) else resize(picture, high, wide)
    h, w = (high - rows) // 2, (wide - columns) // 2
    return scaled[:, h : h + rows, w : w + columns]


def _first_pass(root: Path, names: list[str]) -> tuple[dict[int, tuple[int, int, bool]], dict[int, Picture], list[str]]:
    """By index: (rows, columns, colourful) of each picture; some of the pictures; and a line for each that cannot be read."""
    shapes: dict[int, tuple[int, int, bool]] = {}
    kept: dict[int, Picture] = {}
    faults, held_bytes = [], 0
    for row, name in enumerate(names):
        try:
            picture = read_picture(root / name)
        except DataError as error:
            faults.append(one_line(error.headline))
            continue
        colour = len(picture) == 3 and bool((picture[1:] != picture[:1]).any())
        shapes[row] = (picture.shape[1], picture.shape[2], colour)
        held_bytes += picture.nbytes
        if held_bytes <= KEPT_BYTES:
            kept[row] = picture
    return shapes, kept, faults


def _usual_size(sizes: list[tuple[int, int]]) -> tuple[int, int]:
    rows, columns = (sorted(each)[(len(each) - 1) // 2] for each in zip(*sizes, strict=True))
    shrink = min(1.0, LARGEST_SIDE / max(rows, columns))
    return max(1, round(rows * shrink)), max(1, round(columns * shrink))


def _as_channels(picture: Picture, channels: int) -> Picture:
    return picture[:1] if channels == 1 else to_channels(picture, channels)


def _state(root: Path, names: list[str], size: tuple[int, int] | None) -> str:
    """A digest of all that decides about the decoded images."""
    running = hashlib.sha256(f"{FORMAT} {size}".encode())
    for name in names:
        try:
            about = os.stat(root / name)
        except OSError:  # a broken link: reading it says so
            running.update(f"{name!r}".encode())
            continue
        running.update(f"{name!r} {about.st_size} {about.st_mtime_ns}".encode())
    return running.hexdigest()[:32]


def _read(folder: Path, key: str, count: int) -> Decoded | None:
    """The cache of this state, if it is there and whole."""
    path = folder / f"{key}.npy"
    try:
        about = json.loads((folder / f"{key}.json").read_text("utf-8"))
        rows, faults = about["rows"], about["faults"]
        if about["format"] != FORMAT or about["sha256"] != _file_digest(path):
            return None
        images = np.load(path, mmap_mode="c", allow_pickle=False)
        fits = images.ndim == 4 and images.dtype == np.uint8 and len(images) == len(rows)
        if not fits or not all(isinstance(row, int) and 0 <= row < count for row in rows):
            return None
        return Decoded(images, rows, [str(fault) for fault in faults])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):  # not there, or not what we wrote
        return None


def _write(folder: Path, key: str, shape: tuple[int, ...], pictures: Iterable[Picture], about: dict[str, Any]) -> None:
    """Both files, under their names only when they are whole; the oldest caches of the folder go.  An OSError if that fails."""
    folder.mkdir(parents=True, exist_ok=True)
    part, words = _part(folder, f"{key}.npy"), _part(folder, f"{key}.json")
    try:
        with part.open("wb") as stream:
            np.lib.format.write_array_header_1_0(stream, {"descr": "|u1", "fortran_order": False, "shape": shape})
            for picture in pictures:
                stream.write(picture.data)
        words.write_text(json.dumps({"format": FORMAT, "sha256": _file_digest(part), **about}), "utf-8")
        os.replace(part, folder / f"{key}.npy")
        os.replace(words, folder / f"{key}.json")
    finally:
        for each in (part, words):
            with suppress(OSError):
                each.unlink(missing_ok=True)
    for each in sorted(folder.glob("*.json"), key=lambda each: each.stat().st_mtime_ns, reverse=True)[CACHES:]:
        each.unlink(missing_ok=True)
        each.with_suffix(".npy").unlink(missing_ok=True)


def _part(folder: Path, name: str) -> Path:
    return folder / f".{name}.{os.getpid()}.part"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _file_digest(path: Path) -> str:
    running = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            running.update(chunk)
    return running.hexdigest()
