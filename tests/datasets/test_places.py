"""Where the loaders look, in which order, and what they say when nothing is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from minicnn.datasets import catalog, places
from minicnn.errors import DataError

MNIST, CIFAR, EMNIST = catalog.record("mnist"), catalog.record("cifar10"), catalog.record("emnist-letters")
IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


@pytest.mark.parametrize("subfolder", ["mnist", ""])
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_a_users_files_are_found_packed_and_plain(subfolder, ending, tmp_path):
    paths = tmp_path / subfolder / (IMAGES + ending), tmp_path / subfolder / (LABELS + ending)
    touch(*paths)
    assert places.find(MNIST, "train", tmp_path) == paths


def test_the_name_that_old_unpackers_wrote(tmp_path):
    touch(tmp_path / "train-images.idx3-ubyte", tmp_path / "train-labels.idx1-ubyte")
    assert places.find(MNIST, "train", tmp_path)[0].name == "train-images.idx3-ubyte"


def test_a_folder_of_the_name_comes_before_the_folder_itself(tmp_path):
    touch(*(tmp_path / place / name for place in ("", "mnist") for name in (IMAGES, LABELS)))
    assert places.find(MNIST, "train", tmp_path)[0].parent == tmp_path / "mnist"


def test_the_users_folder_comes_before_the_store_and_the_store_after_it(tmp_path, home, monkeypatch):
    touch(*(home / "mnist" / name for name in (IMAGES, LABELS)))
    assert places.find(MNIST, "train", tmp_path)[0].parent == home / "mnist"
    touch(*(tmp_path / name for name in (IMAGES, LABELS)))
    assert places.find(MNIST, "train", tmp_path)[0].parent == tmp_path


def test_half_a_pair_is_named_not_passed_over(tmp_path, home):
    touch(*(home / "mnist" / name for name in (IMAGES, LABELS)), tmp_path / LABELS)
    with pytest.raises(DataError, match=f"holds {LABELS}, but not {IMAGES}.gz"):
        places.find(MNIST, "train", tmp_path)


def test_nothing_found_says_where_it_looked_and_what_to_do(tmp_path, home):
    with pytest.raises(DataError) as caught:
        places.find(MNIST, "test", tmp_path)
    assert caught.value.headline == "mnist (test) is not here: run 'minicnn data get mnist' to download 11.6 MB"
    for words in (str(tmp_path / "mnist"), str(home / "mnist"), "t10k-images-idx3-ubyte.gz"):
        assert words in str(caught.value)


@pytest.mark.parametrize(("record", "name"), [(CIFAR, "cifar-10-binary.tar.gz"), (CIFAR, "cifar-10-binary.tar"), (EMNIST, "gzip.zip")])
def test_archives_are_found(record, name, tmp_path):
    touch(tmp_path / name)
    assert places.find(record, "train", tmp_path) == (tmp_path / name,)


def test_unpacked_archives_are_found(tmp_path):
    names = [tmp_path / "cifar-10-batches-bin" / f"data_batch_{n}.bin" for n in range(1, 6)]
    touch(*names)
    assert places.find(CIFAR, "train", tmp_path) == tuple(names)


def test_a_stored_file_of_another_size_is_refused(home):
    touch(home / "mnist" / f"{IMAGES}.gz", home / "mnist" / f"{LABELS}.gz")
    with pytest.raises(DataError, match=f"{IMAGES}.gz of mnist is not the file we know: it has 1 bytes, expected 9,912,422"):
        places.find(MNIST, "train")


def test_the_namesake_of_another_data_set_is_refused(tmp_path):
    touch(tmp_path / f"{IMAGES}.gz", tmp_path / f"{LABELS}.gz")
    with (tmp_path / f"{IMAGES}.gz").open("wb") as stream:
        stream.truncate(26_421_880)
    with pytest.raises(DataError, match="belongs to fashion-mnist, not mnist: it has 26,421,880 bytes, expected 9,912,422"):
        places.find(MNIST, "train", tmp_path)


def test_a_folder_that_is_not_there(tmp_path):
    for name in ("x" * 300, "~nobody-is-called-so", "a\0b"):
        with pytest.raises(DataError, match=r"^there is no folder "):
            places.check_folder(name)
    with pytest.raises(DataError, match=r"^there is no folder .*absent$"):
        places.find(MNIST, "train", tmp_path / "absent")
    touch(tmp_path / "file")
    with pytest.raises(DataError, match="file is a file, expected a folder"):
        places.find(MNIST, "train", tmp_path / "file")


def test_whereabouts(tmp_path, home):
    assert places.whereabouts(catalog.record("digits")) == "embedded"
    assert places.whereabouts(catalog.record("mnist1d")) == "generated"
    touch(tmp_path / IMAGES, tmp_path / LABELS)
    assert places.whereabouts(MNIST, tmp_path) == ""  # the test images are not there
    touch(tmp_path / "t10k-images-idx3-ubyte", tmp_path / "t10k-labels-idx1-ubyte")
    assert places.whereabouts(MNIST, tmp_path) == str(tmp_path)


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {"HOME": "/u"}, "/u/.cache/minicnn/data"),
        ("linux", {"HOME": "/u", "XDG_CACHE_HOME": "/c"}, "/c/minicnn/data"),
        ("darwin", {"HOME": "/u"}, "/u/Library/Caches/minicnn/data"),
        ("win32", {"HOME": "/u", "LOCALAPPDATA": "/l"}, "/l/minicnn/data"),
        ("linux", {"HOME": "/u", "MINICNN_DATA_HOME": "~/mine"}, "/u/mine"),
    ],
)
@pytest.mark.skipif("sys.platform == 'win32'", reason="paths are written as on POSIX systems")
def test_the_store_lies_where_the_system_wants_it(platform, variables, expected, monkeypatch):
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", places.HOME_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(places.sys, "platform", platform)
    assert str(places.data_home()) == expected


@pytest.mark.parametrize("given", ["", "MNIST", "MNIST/raw"])
def test_files_of_torchvision_are_found_from_its_root(given, tmp_path):
    paths = tuple(tmp_path / "MNIST" / "raw" / name for name in (IMAGES, LABELS))
    touch(*paths)
    assert places.find(MNIST, "train", tmp_path / given) == paths


def test_another_set_of_torchvision_is_not_taken_for_it(tmp_path):
    touch(*(tmp_path / "FashionMNIST" / "raw" / name for name in (IMAGES, LABELS)))
    with pytest.raises(DataError, match=r"^mnist .train. is not here"):
        places.find(MNIST, "train", tmp_path)
    assert places.find(catalog.record("fashion-mnist"), "train", tmp_path)[0].parent == tmp_path / "FashionMNIST" / "raw"


def test_torchvisions_unpacked_emnist(tmp_path):
    names = [f"emnist-balanced-test-{kind}-ubyte" for kind in ("images-idx3", "labels-idx1")]
    touch(*(tmp_path / "EMNIST" / "raw" / name for name in names))
    assert [path.name for path in places.find(catalog.record("emnist-balanced"), "test", tmp_path)] == names
