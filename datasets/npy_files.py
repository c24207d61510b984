"""NumPy's files as images and labels: .npz archives, and .npy arrays in pairs, mapped."""

from __future__ import annotations

import math
import warnings
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from minicnn.errors import DataError, one_line

Arrays = npt.NDArray[Any]
Pair = tuple[Arrays, Arrays]

LARGEST_BYTES = 1 << 33  # of an array in an archive, which is read whole
CHUNK_BYTES = 1 << 20
TRAIN_NAMES = (
    ("x_train", "y_train"),
    ("train_images", "train_labels"),
    ("X_train", "y_train"),
    ("images", "labels"),
    ("x", "y"),
    ("X", "y"),
)
TEST_NAMES = {
    "x_train": ("x_test", "y_test"),
    "train_images": ("test_images", "test_labels"),
    "X_train": ("X_test", "y_test"),
    "images": ("test_images", "test_labels"),
    "x": ("x_test", "y_test"),
    "X": ("X_test", "y_test"),
}


def read_npz(path: Path) -> tuple[Pair, Pair | None]:
    """Images and labels for training, and for testing if the archive has them."""
    name = one_line(path.name)
    try:
        with zipfile.ZipFile(path) as archive:
            held = {each.removesuffix(".npy"): each for each in archive.namelist()}
            pair = next((pair for pair in TRAIN_NAMES if all(each in held for each in pair)), None)
            if pair is None:
                there = ", ".join(one_line(each)[:40] for each in list(held)[:6]) or "nothing"
                raise DataError(f"{name} holds {there}, but no images and labels: x_train and y_train, images and labels, or x and y")
            train = _members(archive, held, pair, name)
            other = TEST_NAMES[pair[0]]
            return train, _members(archive, held, other, name) if all(each in held for each in other) else None
    except (DataError, MemoryError):
        raise
    except Exception as error:  # BadZipFile, zlib.error, EOFError, NotImplementedError, ...
        raise DataError(f"{name} is damaged or not an .npz archive: {one_line(str(error))[:200]}") from error


def _members(archive: zipfile.ZipFile, held: dict[str, str], pair: tuple[str, str], name: str) -> Pair:
    images, labels = (_member(archive, held[each], f"{name}: {each}") for each in pair)
    return images, labels


def _member(archive: zipfile.ZipFile, member: str, where: str) -> Arrays:
    """One array: its header is checked before anything is allocated, and memory grows with what really comes."""
    with archive.open(member) as stream:
        shape, fortran, dtype = _header(stream, where)
        if dtype.hasobject or dtype.kind not in "biufUS" or dtype.itemsize == 0:
            raise DataError(f"{where} holds {one_line(str(dtype))[:40]}, expected numbers")
        if any(size < 0 for size in shape) or math.prod(max(1, size) for size in shape) * dtype.itemsize > LARGEST_BYTES:
            raise DataError(f"{where} declares {' x '.join(map(str, shape))[:80]} values, more than the {LARGEST_BYTES:,} bytes read here")
        declared = math.prod(shape) * dtype.itemsize
        content = bytearray()
        while len(content) < declared:
            piece = stream.read(min(CHUNK_BYTES, declared - len(content)))
            if not piece:
                raise DataError(f"{where} ends after {len(content):,} of {declared:,} bytes")
            content += piece
    array = np.frombuffer(content, dtype)
    ordered = array.reshape(shape[::-1]).transpose() if fortran else array.reshape(shape)
    return np.ascontiguousarray(ordered, dtype.newbyteorder("="))


def _header(stream: IO[bytes], where: str) -> tuple[tuple[int, ...], bool, np.dtype]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            version = np.lib.format.read_magic(stream)
            if version not in ((1, 0), (2, 0)):
                raise ValueError(f"version {version} of the format")
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, fortran, dtype = read(stream)
            return tuple(int(size) for size in shape), bool(fortran), dtype
    except (OSError, MemoryError, zipfile.BadZipFile):
        raise
    except Exception as error:  # whatever a wrong dict raises
        raise DataError(f"{where} is not an array that can be read: {one_line(str(error))[:200]}") from error


def read_npy_pair(path: Path) -> tuple[Pair, Pair | None]:
    """The images of a file, mapped, with the labels in the file beside it; and those for testing, if they lie there too."""
    pair = next((pair for pair in TRAIN_NAMES if path.stem == pair[0] and path.with_stem(pair[1]).is_file()), None)
    if pair is None:
        wanted = [labels for images, labels in TRAIN_NAMES if images == path.stem]
        if not wanted:
            names = ", ".join(f"{images}.npy with {labels}.npy" for images, labels in TRAIN_NAMES)
            raise DataError(f"{one_line(path.name)} is not called like images that have labels beside them\n  there are {names}")
        raise DataError(f"{one_line(path.name)} has no labels beside it: there is no {path.with_stem(wanted[0])}")
    train = mapped(path), mapped(path.with_stem(pair[1]))
    other = [path.with_stem(each) for each in TEST_NAMES[pair[0]]]
    return train, (mapped(other[0]), mapped(other[1])) if all(each.is_file() for each in other) else None


def mapped(path: Path) -> Arrays:
    """The array of a .npy file, mapped: what is not used is not read, and what a caller writes does not reach the file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            array: Arrays = np.load(path, mmap_mode="c", allow_pickle=False)
    except (OSError, MemoryError):
        raise
    except Exception as error:  # TokenError, SyntaxError, RecursionError, TypeError, ...: whatever a wrong dict raises
        raise DataError(f"{one_line(path.name)} is not an array that can be read: {one_line(str(error))[:200]}") from error
    if not isinstance(array, np.ndarray) or (not array.size and array.ndim == 0):
        raise DataError(f"{one_line(path.name)} is not an array that can be read: it is {type(array).__name__}")
    return array
