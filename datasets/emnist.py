"""EMNIST: IDX files inside one zip archive, or unpacked from it; images are stored transposed, letters counted from 1.

Source: G. Cohen, S. Afshar, J. Tapson, A. van Schaik, "EMNIST: an extension of MNIST to handwritten letters", 2017.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from minicnn.datasets.catalog import Split
from minicnn.datasets.idx import check_pair, read_idx, read_idx_stream
from minicnn.errors import DataError

ARCHIVE_NAME = "gzip.zip"
LABELS = {"letters": range(1, 27), "digits": range(10), "mnist": range(10), "balanced": range(47), "byclass": range(62)}


def member_names(part: str, split: Split) -> tuple[str, str]:
    """Names of the images and the labels of one part (one of LABELS), as in the archive's folder gzip/."""
    return f"emnist-{part}-{split}-images-idx3-ubyte.gz", f"emnist-{part}-{split}-labels-idx1-ubyte.gz"


def read_emnist(paths: Sequence[Path], part: str, split: Split) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Read one part of EMNIST.

    Parameters
    ----------
    paths : the zip archive alone, or the image file and the label file
    part : "letters", "digits", "mnist", "balanced" or "byclass"
    split : "train" or "test"

    Returns
    -------
    images (N, 1, 28, 28) uint8, upright; labels (N,) int64 from 0

    Raises
    ------
    DataError
        If the archive is damaged or lacks a file, or as `idx.read_images_and_labels`.
    """
    names = member_names(part, split)
    if len(paths) == 1:
        images, labels = _read_members(paths[0], names)
    else:
        names = (paths[0].name, paths[1].name)
        images, labels = read_idx(paths[0], axes=3, dtype=np.uint8), read_idx(paths[1], axes=1, dtype=np.uint8)
    labels = check_pair(images, labels, *names, LABELS[part])
    return np.ascontiguousarray(images.transpose(0, 2, 1))[:, None], labels


def _read_members(path: Path, names: tuple[str, str]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Images and labels from the archive, read in memory."""
    try:
        with zipfile.ZipFile(path) as archive:
            for name in names:
                if f"gzip/{name}" not in archive.namelist():
                    raise DataError(f"{path.name} has no gzip/{name}\n  {path}")
            with archive.open(f"gzip/{names[0]}") as stream:
                images = read_idx_stream(stream, names[0], axes=3, dtype=np.uint8)
            with archive.open(f"gzip/{names[1]}") as stream:
                labels = read_idx_stream(stream, names[1], axes=1, dtype=np.uint8)
    except DataError:
        raise
    except Exception as error:  # BadZipFile, zlib.error, EOFError, NotImplementedError, ...
        raise DataError(f"{path.name} is damaged or not a zip archive\n  {path}: {error}") from error
    return images, labels
