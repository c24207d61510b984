"""CIFAR-10 batches, in an archive and beside each other, with three records instead of ten thousand."""

from __future__ import annotations

import contextlib
import io
import tarfile
from pathlib import Path

import numpy as np
import pytest

from minicnn.datasets import cifar
from minicnn.datasets.cifar import BATCHES, RECORD_BYTES, read_cifar10
from minicnn.errors import DataError

RECORDS = 3


def batch(seed: int) -> np.ndarray:
    """Records (3, 3073) of random pixels with labels seed, seed + 1, seed + 2 (mod 10)."""
    records = np.random.default_rng(seed).integers(0, 256, (RECORDS, RECORD_BYTES), dtype=np.uint8)
    records[:, 0] = (seed + np.arange(RECORDS)) % 10
    return records


def archive(path: Path, members: dict[str, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


@pytest.fixture
def members() -> dict[str, bytes]:
    """The batches in the jumbled order of the real archive, and its other files."""
    order = [1, 3, 0, 4, 2]
    content = {BATCHES["train"][n]: batch(n).tobytes() for n in order}
    return {"batches.meta.txt": b"airplane\n", **content, "test_batch.bin": batch(9).tobytes(), "readme.html": b"<html>"}


@pytest.mark.parametrize(("name", "mode"), [("cifar-10-binary.tar.gz", "w:gz"), ("cifar-10-binary.tar", "w")])
def test_an_archive_is_read_in_the_order_of_the_batches(name, mode, members, tmp_path):
    path = archive(tmp_path / name, members, mode)
    images, labels = read_cifar10([path], "train", RECORDS)
    assert images.shape == (15, 3, 32, 32)
    assert labels.tolist() == [0, 1, 2, 1, 2, 3, 2, 3, 4, 3, 4, 5, 4, 5, 6]
    assert labels.dtype == np.int64
    record = batch(3)[1]
    np.testing.assert_array_equal(images[10, 2], record[1 + 2 * 1024 :].reshape(32, 32))
    images, labels = read_cifar10([path], "test", RECORDS)
    np.testing.assert_array_equal(images.reshape(RECORDS, -1), batch(9)[:, 1:])
    assert labels.tolist() == [9, 0, 1]
    assert [each.name for each in tmp_path.iterdir()] == [name]


def test_batches_beside_each_other(members, tmp_path):
    for name in BATCHES["train"]:
        (tmp_path / name).write_bytes(members[name])
    images, _ = read_cifar10([tmp_path / name for name in BATCHES["train"]], "train", RECORDS)
    np.testing.assert_array_equal(images[3:6].reshape(RECORDS, -1), batch(1)[:, 1:])


def test_a_missing_batch_is_named(members, tmp_path):
    del members["data_batch_4.bin"]
    with pytest.raises(DataError, match=r"cifar-10-binary.tar.gz has no data_batch_4.bin"):
        read_cifar10([archive(tmp_path / "cifar-10-binary.tar.gz", members)], "train", RECORDS)


def test_a_short_or_long_batch_is_named(members, tmp_path):
    path = tmp_path / "cifar-10-binary.tar.gz"
    members["test_batch.bin"] = members["test_batch.bin"][:-1]
    with pytest.raises(DataError, match=r"test_batch.bin ends after 9,218 of 9,219 bytes"):
        read_cifar10([archive(path, members)], "test", RECORDS)
    members["test_batch.bin"] += b"ab"
    with pytest.raises(DataError, match=r"test_batch.bin continues after the 9,219 bytes"):
        read_cifar10([archive(path, members)], "test", RECORDS)


def test_a_label_above_nine(members, tmp_path):
    records = batch(0)
    records[2, 0] = 10
    members["data_batch_1.bin"] = records.tobytes()
    with pytest.raises(DataError, match=r"data_batch_1.bin has label 10 in record 2, expected 0 to 9"):
        read_cifar10([archive(tmp_path / "cifar-10-binary.tar.gz", members)], "train", RECORDS)


def test_a_link_in_place_of_a_batch_is_not_followed(tmp_path):
    path = tmp_path / "cifar-10-binary.tar"
    with tarfile.open(path, "w") as tar:
        link = tarfile.TarInfo("cifar-10-batches-bin/test_batch.bin")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    with pytest.raises(DataError, match=r"has no test_batch.bin"):
        read_cifar10([path], "test", RECORDS)


def test_an_archive_that_unpacks_to_too_much_is_left(members, tmp_path, monkeypatch):
    monkeypatch.setattr(cifar, "LARGEST_ARCHIVE_BYTES", 20_000)
    with pytest.raises(DataError, match=r"unpacks to more than 20,000 bytes at 'cifar-10-batches-bin/data_batch"):
        read_cifar10([archive(tmp_path / "cifar-10-binary.tar.gz", members)], "test", RECORDS)


@pytest.mark.parametrize("flags", range(32))
def test_a_gzip_header_cut_anywhere(flags, members, tmp_path):
    """tarfile takes a TypeError to say that one is cut after its flags."""
    path = archive(tmp_path / "cifar-10-binary.tar.gz", members)
    whole = bytearray(path.read_bytes())
    whole[3] = flags
    for count in range(3, 24):
        path.write_bytes(whole[:count])
        with pytest.raises(DataError, match=r"^cifar-10-binary.tar.gz is damaged or not a tar archive\n"):
            read_cifar10([path], "train", RECORDS)


def test_truncations_and_flipped_bits_never_end_in_another_error(members, tmp_path):
    whole = archive(tmp_path / "cifar-10-binary.tar.gz", members).read_bytes()
    random = np.random.default_rng(0)
    path = tmp_path / "cifar-10-binary.tar.gz"
    for _ in range(60):
        broken = bytearray(whole[: random.integers(0, len(whole))] if random.integers(2) else whole)
        for place in random.integers(0, max(1, len(broken)), random.integers(1, 4)):
            if broken:
                broken[place] ^= 1 << int(random.integers(8))
        path.write_bytes(broken)
        with contextlib.suppress(DataError):
            images, _ = read_cifar10([path], "train", RECORDS)
            assert images.shape == (15, 3, 32, 32)
