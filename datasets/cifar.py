"""CIFAR-10, the binary version: batches of records, each one label byte and three colour planes, inside a tar archive.

Source: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from minicnn.datasets.catalog import Split
from minicnn.datasets.compressed import PlainReader
from minicnn.errors import DataError

ARCHIVE_NAME = "cifar-10-binary.tar.gz"
BATCHES: dict[Split, tuple[str, ...]] = {"train": tuple(f"data_batch_{n}.bin" for n in range(1, 6)), "test": ("test_batch.bin",)}
BATCH_RECORDS = 10_000
IMAGE_SHAPE = (3, 32, 32)
RECORD_BYTES = 1 + 3 * 32 * 32
CLASS_COUNT = 10
LARGEST_ARCHIVE_BYTES = 1 << 29  # unpacked; the real one has 184 MB

Pair = tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]


def read_cifar10(paths: Sequence[Path], split: Split, batch_records: int = BATCH_RECORDS) -> Pair:
    """Read the images of one split.

    Parameters
    ----------
    paths : the tar archive alone, or the batch files of the split in order
    split : "train" or "test"
    batch_records : int
        Records in each batch.

    Returns
    -------
    images (N, 3, 32, 32) uint8, red, green, blue; labels (N,) int64

    Raises
    ------
    DataError
        If a batch is missing, has another size, or holds a label above 9; or if the archive is damaged.
    """
    names = BATCHES[split]
    images = np.empty((len(names) * batch_records, *IMAGE_SHAPE), np.uint8)
    labels = np.empty(len(images), np.int64)
    archived = len(paths) == 1 and paths[0].name.startswith(ARCHIVE_NAME.removesuffix(".gz"))
    found = set()
    for name, content in _members(paths[0], names, batch_records) if archived else _files(paths, batch_records):
        place = names.index(name.removesuffix(".gz"))
        rows = slice(place * batch_records, (place + 1) * batch_records)
        records = np.frombuffer(content, np.uint8).reshape(batch_records, RECORD_BYTES)
        wrong = np.flatnonzero(records[:, 0] >= CLASS_COUNT)
        if wrong.size:
            raise DataError(f"{name} has label {records[wrong[0], 0]} in record {wrong[0]}, expected 0 to {CLASS_COUNT - 1}")
        images[rows] = records[:, 1:].reshape(batch_records, *IMAGE_SHAPE)
        labels[rows] = records[:, 0]
        found.add(names[place])
    missing = [name for name in names if name not in found]
    if missing:
        raise DataError(f"{paths[0].name} has no {missing[0]}")
    return images, labels


def _members(path: Path, names: Sequence[str], batch_records: int) -> Iterator[tuple[str, bytearray]]:
    """The wanted members of the archive in its order, read as a stream; nothing is written to disk."""
    try:
        with tarfile.open(path, "r|*") as archive:
            wanted = set(names)
            for member in archive:
                if member.offset_data + member.size > LARGEST_ARCHIVE_BYTES:
                    raise DataError(f"{path.name} unpacks to more than {LARGEST_ARCHIVE_BYTES:,} bytes at {member.name!r}")
                name = PurePosixPath(member.name).name
                stream = archive.extractfile(member) if name in wanted and member.isreg() else None
                if stream is not None:
                    wanted.remove(name)
                    yield name, _batch(stream, name, batch_records)  # type: ignore[arg-type]
    except DataError:
        raise
    except Exception as error:  # TarError, zlib.error, LZMAError, EOFError, TypeError where a header is cut, ...
        raise DataError(f"{path.name} is damaged or not a tar archive\n  {path}: {error}") from error


def _files(paths: Sequence[Path], batch_records: int) -> Iterator[tuple[str, bytearray]]:
    """The batches from separate files."""
    for path in paths:
        try:
            with path.open("rb") as stream:
                yield path.name, _batch(stream, path.name, batch_records)
        except OSError as error:
            raise DataError(f"{path.name} cannot be read: {error.strerror or error}\n  {path}") from error


def _batch(stream: BinaryIO, name: str, batch_records: int) -> bytearray:
    """One batch of exactly `batch_records` records."""
    expected = batch_records * RECORD_BYTES
    reader = PlainReader(stream, name)
    content = reader.read(expected)
    if len(content) < expected:
        raise DataError(f"{name} ends after {len(content):,} of {expected:,} bytes")
    reader.finish()
    return content
