"""EMNIST parts, in the archive and unpacked: upright images, letters counted from 0."""

from __future__ import annotations

import contextlib
import zipfile
from pathlib import Path

import numpy as np
import pytest

from minicnn.datasets import load
from minicnn.datasets.emnist import member_names, read_emnist
from minicnn.datasets.idx import write_idx
from minicnn.errors import DataError

UPRIGHT = np.random.default_rng(3).integers(0, 256, (4, 28, 28), dtype=np.uint8)
LETTERS = np.array([1, 26, 5, 2], np.uint8)


def unpacked(folder: Path, part: str, split: str, images: np.ndarray, labels: np.ndarray) -> tuple[Path, Path]:
    """Write the two files of one part as EMNIST does: rows and columns exchanged."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = tuple(folder / name for name in member_names(part, split))
    write_idx(paths[0], images.transpose(0, 2, 1))
    write_idx(paths[1], labels)
    return paths


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    with zipfile.ZipFile(tmp_path / "gzip.zip", "w") as made:
        for split in ("train", "test"):
            for path in unpacked(tmp_path / "parts", "letters", split, UPRIGHT, LETTERS):
                made.write(path, f"gzip/{path.name}")
    return tmp_path / "gzip.zip"


def test_members_of_the_archive(archive):
    images, labels = read_emnist([archive], "letters", "train")
    np.testing.assert_array_equal(images[:, 0], UPRIGHT)
    assert images.flags.c_contiguous
    assert labels.tolist() == [0, 25, 4, 1]


def test_load_finds_the_archive_and_the_unpacked_files(archive, tmp_path):
    from_archive = load("emnist-letters", "test", tmp_path)
    unpacked(tmp_path / "other" / "gzip", "letters", "test", UPRIGHT, LETTERS)
    from_files = load("emnist-letters", "test", tmp_path / "other")
    assert from_archive.digest == from_files.digest
    assert [from_files.classes[label] for label in from_files.labels] == ["A", "Z", "E", "B"]


def test_a_part_that_the_archive_lacks(archive):
    with pytest.raises(DataError, match=r"gzip.zip has no gzip/emnist-digits-train-images-idx3-ubyte.gz"):
        read_emnist([archive], "digits", "train")


@pytest.mark.parametrize(
    ("part", "label", "message"),
    [
        ("letters", 0, "label 0 at index 0, expected 1 to 26"),
        ("letters", 27, "label 27 at index 0, expected 1 to 26"),
        ("digits", 10, "label 10 at index 0, expected 0 to 9"),
    ],
)
def test_a_label_out_of_range(part, label, message, tmp_path):
    paths = unpacked(tmp_path, part, "test", UPRIGHT[:1], np.array([label], np.uint8))
    with pytest.raises(DataError, match=message):
        read_emnist(paths, part, "test")


def test_an_archive_that_is_something_else(tmp_path):
    (tmp_path / "gzip.zip").write_bytes(b"<html>")
    with pytest.raises(DataError, match=r"gzip.zip is damaged or not a zip archive"):
        read_emnist([tmp_path / "gzip.zip"], "letters", "train")


def test_truncations_and_flipped_bits_never_end_in_another_error(archive):
    whole = archive.read_bytes()
    random = np.random.default_rng(0)
    for _ in range(100):
        broken = bytearray(whole[: random.integers(0, len(whole))] if random.integers(4) == 0 else whole)
        for place in random.integers(0, max(1, len(broken)), random.integers(1, 4)):
            if broken:
                broken[place] ^= 1 << int(random.integers(8))
        archive.write_bytes(broken)
        with contextlib.suppress(DataError):
            images, _ = read_emnist([archive], "letters", "train")
            np.testing.assert_array_equal(images[:, 0], UPRIGHT)
