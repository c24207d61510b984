"""IDX, the file format of MNIST and its relatives: a big-endian header with type and sizes, then the raw values.

Bytes 0 and 1 are zero, byte 2 names the type, byte 3 counts the axes; one unsigned 32-bit size per axis follows, then the
values in C order, big-endian.  Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits", 1998.
"""

from __future__ import annotations

import gzip
import io
import math
import os
import struct
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from minicnn.datasets.compressed import PlainReader
from minicnn.errors import DataError

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
CODES = {np.dtype(name).newbyteorder("="): code for code, name in TYPES.items()}
LARGEST_BYTES = 1 << 31  # 2 GiB: fifteen times the largest file in the catalog
MOST_AXES = 8
MAPPED_BYTES = 1 << 27  # of a file: smaller ones are read


def read_idx(path: str | Path, axes: int | None = None, dtype: npt.DTypeLike | None = None) -> npt.NDArray[Any]:
    """Read one IDX file, raw or gzip; a large one of raw bytes is mapped, so that what is not used is not read.

    Parameters
    ----------
    path : file to read
    axes, dtype : what the file must hold; None accepts any

    Returns
    -------
    array in native byte order, with the shape and type of the header

    Raises
    ------
    DataError
        If the file cannot be opened, is not IDX, has another type or number of axes than requested, or more or fewer bytes than its
        header declares.
    """
    path = Path(path)
    try:
        stream = path.open("rb")
    except OSError as error:
        raise DataError(f"{path.name} cannot be opened: {error.strerror or error}\n  {path}") from error
    with stream:
        mapped = _mapped(stream, path, axes, dtype)
        return read_idx_stream(stream, path.name, axes, dtype) if mapped is None else mapped


def _mapped(stream: IO[bytes], path: Path, axes: int | None, dtype: npt.DTypeLike | None) -> npt.NDArray[Any] | None:
    """The values of a large file of raw bytes as its header says, mapped; what is written to them does not reach the file."""
    size = os.fstat(stream.fileno()).st_size
    header = stream.read(4 + 4 * MOST_AXES) if size >= MAPPED_BYTES else b""
    stream.seek(0)
    if header[:3] != b"\0\0\x08" or not 1 <= header[3] <= MOST_AXES:
        return None
    shape = struct.unpack_from(f">{header[3]}I", header, 4)
    start = 4 + 4 * len(shape)
    if math.prod(shape) != size - start or axes not in (None, len(shape)) or np.dtype(dtype or np.uint8) != np.uint8:
        return None  # reading it says what is wrong
    return np.memmap(path, np.uint8, "c", start, shape)


def read_idx_stream(stream: IO[bytes], name: str, axes: int | None = None, dtype: npt.DTypeLike | None = None) -> npt.NDArray[Any]:
    """As `read_idx`, from an open binary stream; `name` is for messages."""
    reader = PlainReader(stream, name)
    magic = reader.read(4)
    if len(magic) < 4:
        raise DataError(f"{name} ends after {len(magic)} bytes, before the 4 bytes that start an IDX file")
    if magic[:2] != b"\0\0" or magic[2] not in TYPES:
        raise DataError(
            f"{name} is not an IDX file: it starts with {magic.hex()}, expected 0000, a type and a number of axes"
            f"\n  types are {', '.join(f'{code:02x}' for code in TYPES)}"
        )
    kind, axis_count = np.dtype(TYPES[magic[2]]), magic[3]
    if axes is not None and axis_count != axes:
        raise DataError(f"{name} has {axis_count} axes, expected {axes}")
    if dtype is not None and kind.newbyteorder("=") != np.dtype(dtype):
        raise DataError(f"{name} holds {kind.newbyteorder('=').name} values, expected {np.dtype(dtype).name}")
    if not 1 <= axis_count <= MOST_AXES:
        raise DataError(f"{name} has {axis_count} axes, expected 1 to {MOST_AXES}")
    header = reader.read(4 * axis_count)
    if len(header) < 4 * axis_count:
        raise DataError(f"{name} ends after {4 + len(header)} of the {4 + 4 * axis_count} bytes of its header")
    shape = struct.unpack(f">{axis_count}I", header)
    declared = math.prod(shape) * kind.itemsize
    if math.prod(max(1, size) for size in shape) * kind.itemsize > LARGEST_BYTES:
        raise DataError(f"{name} declares {' x '.join(map(str, shape))} values, more than the {LARGEST_BYTES:,} bytes read here")
    content = reader.read(declared)
    if len(content) < declared:
        raise DataError(f"{name} ends after {reader.given_bytes:,} of {reader.given_bytes - len(content) + declared:,} bytes")
    reader.finish()
    return np.frombuffer(content, kind).reshape(shape).astype(kind.newbyteorder("="), copy=False)


def read_images_and_labels(images_path: Path, labels_path: Path, class_count: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Read a pair of IDX files: images uint8 (N, H, W) and labels int64 (N,), each label below `class_count`.

    Raises
    ------
    DataError
        As `read_idx`; or if the counts differ, or a label is out of range.
    """
    images = read_idx(images_path, axes=3, dtype=np.uint8)
    if "idx2" in labels_path.name:  # QMNIST: a row of eight numbers for each image, the class is the first
        rows = read_idx(labels_path, axes=2, dtype=np.int32)
        if not rows.shape[1]:
            raise DataError(f"{labels_path.name} holds no labels: its shape is {' x '.join(map(str, rows.shape))}")
        labels = np.ascontiguousarray(rows[:, 0])
    else:
        labels = read_idx(labels_path, axes=1, dtype=np.uint8)
    return images, check_pair(images, labels, images_path.name, labels_path.name, range(class_count))


def check_pair(images: npt.NDArray[Any], labels: npt.NDArray[Any], images_name: str, labels_name: str, legal: range) -> npt.NDArray[Any]:
    """Check that images and labels belong together; return the labels counted from 0, int64 (N,)."""
    if len(images) != len(labels):
        raise DataError(f"{images_name} holds {len(images):,} images, but {labels_name} holds {len(labels):,} labels")
    if images.size == 0:
        raise DataError(f"{images_name} holds no pixels: its shape is {' x '.join(map(str, images.shape))}")
    wrong = np.flatnonzero((labels < legal.start) | (labels >= legal.stop))
    if wrong.size:
        raise DataError(f"{labels_name} has label {labels[wrong[0]]} at index {wrong[0]}, expected {legal.start} to {legal.stop - 1}")
    return labels.astype(np.int64) - legal.start


def write_idx(path: str | Path, array: npt.NDArray[Any]) -> None:
    """Write one IDX file; gzip if the name ends in .gz, without name and time, so that equal arrays give equal files.

    Raises
    ------
    DataError
        If IDX has no code for the array's type, or it has no axes or more than 8.
    """
    path = Path(path)
    code = CODES.get(array.dtype.newbyteorder("="))
    if code is None:
        raise DataError(f"{path.name}: IDX cannot hold {array.dtype.name} values, only {', '.join(kind.name for kind in CODES)}")
    if not 1 <= array.ndim <= MOST_AXES:
        raise DataError(f"{path.name}: the array has {array.ndim} axes, expected 1 to {MOST_AXES}")
    content = struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape) + array.astype(TYPES[code]).tobytes()
    if path.suffix == ".gz":
        packed = io.BytesIO()
        with gzip.GzipFile(filename="", fileobj=packed, mode="wb", compresslevel=9, mtime=0) as stream:
            stream.write(content)
        content = packed.getvalue()
    path.write_bytes(content)
