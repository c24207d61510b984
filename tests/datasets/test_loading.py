"""`load`: small files written here, and the real MNIST and Fashion-MNIST where they are at hand."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from minicnn.datasets import channel_statistics, idx, load
from minicnn.datasets.catalog import RECORDS
from minicnn.datasets.idx import write_idx
from minicnn.errors import DataError

REAL = os.environ.get("MINICNN_DATA")
needs_real_files = pytest.mark.skipif(not REAL, reason="MINICNN_DATA is not set: no folder with the real MNIST and Fashion-MNIST")


def write_pair(folder: Path, prefix: str = "train", shape: tuple[int, ...] = (3, 28, 28)) -> None:
    write_idx(folder / f"{prefix}-images-idx3-ubyte.gz", np.arange(np.prod(shape)).reshape(shape).astype(np.uint8))
    write_idx(folder / f"{prefix}-labels-idx1-ubyte", np.arange(shape[0], dtype=np.uint8))


def test_files_of_a_user(tmp_path):
    write_pair(tmp_path)
    dataset = load("mnist", folder=str(tmp_path))
    assert (dataset.images.shape, dataset.images.dtype, dataset.labels.dtype) == ((3, 1, 28, 28), np.uint8, np.int64)
    assert (dataset.name, dataset.split, dataset.origin) == ("mnist", "train", str(tmp_path))
    assert (dataset.mean, dataset.std) == (RECORDS["mnist"].mean, RECORDS["mnist"].std)
    dataset.images[0] = 0  # belongs to the caller


def test_figures_that_the_catalog_lacks_are_computed(tmp_path):
    write_pair(tmp_path)
    dataset = load("kmnist", folder=tmp_path)
    assert (dataset.mean, dataset.std) == channel_statistics(dataset.images)


def test_qmnist_has_the_class_first_among_eight_numbers(tmp_path):
    folder = tmp_path / "QMNIST" / "raw"
    folder.mkdir(parents=True)
    write_idx(folder / "qmnist-test-images-idx3-ubyte", np.zeros((3, 28, 28), np.uint8))
    numbers = np.arange(24, dtype=np.int32).reshape(3, 8) % 9
    write_idx(folder / "qmnist-test-labels-idx2-int", numbers)
    assert load("qmnist", "test", tmp_path).labels.tolist() == numbers[:, 0].tolist()
    write_idx(folder / "qmnist-test-labels-idx2-int", numbers + 10)
    with pytest.raises(DataError, match="qmnist-test-labels-idx2-int has label 10 at index 0, expected 0 to 9"):
        load("qmnist", "test", tmp_path)


def test_a_large_file_of_raw_bytes_is_mapped(tmp_path, monkeypatch):
    monkeypatch.setattr(idx, "MAPPED_BYTES", 1000)
    images = np.arange(3 * 28 * 28).reshape(3, 28, 28).astype(np.uint8)
    write_idx(tmp_path / "train-images-idx3-ubyte", images)
    write_idx(tmp_path / "train-labels-idx1-ubyte", np.arange(3, dtype=np.uint8))
    found = load("mnist", folder=tmp_path).images
    assert isinstance(found.base, np.memmap)
    np.testing.assert_array_equal(found[:, 0], images)
    found[0] = 0  # belongs to the caller
    np.testing.assert_array_equal(load("mnist", folder=tmp_path).images[:, 0], images)
    content = (tmp_path / "train-images-idx3-ubyte").read_bytes()
    for wrong, words in ((content[:-1], "ends after"), (content + b"x", "continues after"), (b"\1" + content[1:], "is not an IDX file")):
        (tmp_path / "train-images-idx3-ubyte").write_bytes(wrong)
        with pytest.raises(DataError, match=words):
            load("mnist", folder=tmp_path)


def test_images_of_another_size(tmp_path):
    write_pair(tmp_path, shape=(3, 28, 27))
    with pytest.raises(DataError, match="mnist: images are 1 x 28 x 27, expected 1 x 28 x 28"):
        load("mnist", folder=tmp_path)


def test_settings_that_do_not_exist(tmp_path):
    with pytest.raises(DataError, match="did you mean digits"):
        load("digit")
    with pytest.raises(DataError, match="digits: there is no split 'validation', only train and test"):
        load("digits", "validation")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="there is no folder"):
        load("digits", folder=tmp_path / "absent")


def test_import_starts_neither_compiler_nor_network_nor_drawing():
    program = (
        "import sys, minicnn.datasets as d; d.load('digits').digest\n"
        "print([m for m in ('numba', 'click', 'rich', 'urllib.request', 'http.client', 'socket') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"


LABEL_COUNTS = {
    ("mnist", "train"): [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
    ("mnist", "test"): [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
    ("fashion-mnist", "train"): [6000] * 10,
    ("fashion-mnist", "test"): [1000] * 10,
}
FIRST_LABELS = {
    ("mnist", "train"): [5, 0, 4, 1, 9, 2, 1, 3, 1, 4],
    ("mnist", "test"): [7, 2, 1, 0, 4, 1, 4, 9, 5, 9],
    ("fashion-mnist", "train"): [9, 0, 0, 3, 0, 2, 7, 2, 5, 5],
    ("fashion-mnist", "test"): [9, 2, 1, 1, 6, 1, 4, 6, 5, 7],
}
FIGURES = {
    ("mnist", "train"): (0.130660, 0.308108),
    ("mnist", "test"): (0.132515, 0.310480),
    ("fashion-mnist", "train"): (0.286041, 0.353024),
    ("fashion-mnist", "test"): (0.286849, 0.352444),
}
DIGESTS = {("mnist", "train"): "6e9ac7151f53a115289e9f55d070e2b8bb3da5cd347ffd6f770e7d1668d52492"}


@needs_real_files
@pytest.mark.parametrize(("name", "split"), FIGURES)
def test_real_files_have_the_published_content(name, split):
    dataset = load(name, split, REAL)
    assert dataset.images.shape == ((60_000 if split == "train" else 10_000), 1, 28, 28)
    assert dataset.class_counts.tolist() == LABEL_COUNTS[name, split]
    assert dataset.labels[:10].tolist() == FIRST_LABELS[name, split]
    mean, std = channel_statistics(dataset.images)
    np.testing.assert_allclose((*mean, *std), FIGURES[name, split], atol=5e-7)  # six decimals are published
    if split == "train":
        np.testing.assert_allclose((*dataset.mean, *dataset.std), (*mean, *std), atol=5e-7)
    assert dataset.digest == DIGESTS.get((name, split), dataset.digest)


@needs_real_files
@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_real_files_are_the_cataloged_ones(name):
    for file in RECORDS[name].files:
        content = (Path(str(REAL)) / name / file.name).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file.size_bytes, file.sha256)


@needs_real_files
def test_the_real_files_of_another_data_set_are_refused():
    with pytest.raises(DataError, match="belongs to mnist, not fashion-mnist"):
        load("fashion-mnist", folder=Path(str(REAL)) / "mnist")
