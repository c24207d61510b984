"""Folders of pictures by class as people have them; pictures are written as PGM and PPM, so that most tests need no Pillow."""

from __future__ import annotations

import os
import warnings

import numpy as np
import pytest

from minicnn.datasets import decoded, from_folder, load
from minicnn.datasets.decoded import cover
from minicnn.errors import DataError, MinicnnWarning


def write(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.asarray(pixels, np.uint8)
    kind = b"P5" if pixels.ndim == 2 else b"P6"
    path.write_bytes(kind + f" {pixels.shape[1]} {pixels.shape[0]} 255\n".encode() + pixels.tobytes())
    return path


def grey(value, rows=6, columns=5):
    return np.full((rows, columns), value)


@pytest.fixture
def folder(tmp_path):
    """Three classes, train and test apart; every picture has a grey of its own."""
    root = tmp_path / "pictures"
    for split, start in (("train", 0), ("test", 100)):
        for k, name in enumerate(("cat", "10", "2")):
            for n in range(3):
                write(root / split / name / f"{n}.pgm", grey(start + 10 * k + n))
    return root


def test_classes_that_are_numbers_come_by_value(folder):
    train, test = load(folder), load(folder, "test")
    assert train.classes == test.classes == ("2", "10", "cat")
    assert train.images[:, 0, 0, 0].tolist() == [20, 21, 22, 10, 11, 12, 0, 1, 2]
    assert test.images[:, 0, 0, 0].tolist() == [120, 121, 122, 110, 111, 112, 100, 101, 102]
    assert train.labels.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert (train.name, train.split, train.input_shape, train.origin) == ("pictures/", "train", (1, 6, 5), str(folder))
    assert (test.mean, test.std) == (train.mean, train.std)  # those of the training pictures


def test_what_is_hidden_or_no_picture_is_not_looked_at(folder):
    before = load(folder).digest
    for name in (".DS_Store", "Thumbs.db", "2/.DS_Store", "2/._0.pgm", "notes.txt", ".ipynb_checkpoints/0.pgm", "__MACOSX/2/0.pgm"):
        (folder / "train" / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / "train" / name).write_bytes(b"\0\1")
    assert load(folder).digest == before


def test_a_class_without_pictures_is_said_to_be_left_out(folder):
    (folder / "train" / "empty").mkdir()
    with pytest.warns(MinicnnWarning, match=r"^empty/ holds no pictures: the class is left out$"):
        assert load(folder).classes == ("2", "10", "cat")


def test_pictures_that_cannot_be_read_are_named_each_time(folder):
    for n in range(5):
        (folder / "train" / "cat" / f"broken{n}.pgm").write_bytes(b"P5 6 5 255\n")
    for _ in range(2):  # decoded, and from the cache
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            assert len(load(folder)) == 9
        lines = [str(each.message) for each in caught]
        assert lines[:3] == [f"left out: {folder}/train/cat/broken{n}.pgm is cut short: 0 of 30 values are there" for n in range(3)]
        assert lines[3:] == ["left out: 2 more pictures of pictures/ that cannot be read"]


def test_a_fifth_of_every_class_is_for_testing_where_nothing_else_is(tmp_path):
    for k, count in (("a", 10), ("b", 5), ("c", 2), ("d", 1)):
        for n in range(count):
            write(tmp_path / "own" / k / f"{n}.pgm", grey(16 * (ord(k) - ord("a")) + n))
    train, test = load(tmp_path / "own"), load(tmp_path / "own", "test")
    assert train.class_counts.tolist() == [8, 4, 1, 1]
    assert test.class_counts.tolist() == [2, 1, 1, 0]
    seen = np.concatenate([train.images[:, 0, 0, 0], test.images[:, 0, 0, 0]])
    assert len(np.unique(seen)) == 18  # each in one of them
    other = from_folder(tmp_path / "own", "test", seed=1)
    assert other.class_counts.tolist() == [2, 1, 1, 0]
    assert other.digest != test.digest
    assert from_folder(tmp_path / "own", test_fraction=0.5).class_counts.tolist() == [5, 3, 1, 1]


def test_folders_of_other_names_and_depths(tmp_path):
    write(tmp_path / "Train" / "cat" / "deep" / "1.pgm", grey(1))
    write(tmp_path / "Train" / "dog" / "1.PGM", grey(2))
    write(tmp_path / "val" / "dog" / "1.pgm", grey(3))
    assert load(tmp_path).images[:, 0, 0, 0].tolist() == [1, 2]
    assert (load(tmp_path, "test").labels.tolist(), load(tmp_path, "test").images[0, 0, 0, 0]) == ([1], 3)


def test_pictures_are_brought_to_the_usual_size(tmp_path):
    for n, (rows, columns) in enumerate(((6, 5), (6, 5), (12, 10), (3, 30), (6, 5))):
        picture = np.zeros((rows, columns))
        picture[:, columns // 2 :] = 200
        write(tmp_path / "own" / "a" / f"{n}.pgm", picture)
    images = from_folder(tmp_path / "own", test_fraction=0.2).images
    assert images.shape[1:] == (1, 6, 5)
    assert from_folder(tmp_path / "own", size=(4, 4)).images.shape[1:] == (1, 4, 4)


def test_a_picture_covers_the_size_and_is_cut_in_its_middle():
    wide = np.arange(24, dtype=np.uint8).reshape(1, 2, 12).repeat(2, axis=1)
    assert np.array_equal(cover(wide, 4, 4), wide[:, :, 4:8])
    assert cover(wide, 2, 2).shape == (1, 2, 2)
    assert cover(wide, 8, 30).shape == (1, 8, 30)
    assert cover(wide, 4, 12) is wide or np.array_equal(cover(wide, 4, 12), wide)


def test_large_pictures_are_shrunk(tmp_path):
    for n in range(2):
        write(tmp_path / "a" / f"{n}.pgm", grey(n, 600, 300))
    assert from_folder(tmp_path).input_shape == (1, 256, 128)


def test_one_colour_picture_makes_all_colour(folder):
    colour = np.zeros((6, 5, 3))
    colour[..., 0] = 255
    write(folder / "train" / "cat" / "3.ppm", colour)
    train = load(folder)
    assert train.input_shape == (3, 6, 5)
    assert train.images[-1, :, 0, 0].tolist() == [255, 0, 0]
    assert train.images[0, :, 0, 0].tolist() == [20, 20, 20]
    assert len(train.mean) == len(train.std) == 3


def test_grey_pictures_saved_in_colour_stay_grey(folder):
    write(folder / "train" / "cat" / "3.ppm", np.full((6, 5, 3), 9))
    assert load(folder).input_shape == (1, 6, 5)


def reads(monkeypatch):
    """The names of pictures that are decoded from here on."""
    seen = []
    read = decoded.read_picture
    monkeypatch.setattr(decoded, "read_picture", lambda path: seen.append(path.name) or read(path))
    return seen


def test_pictures_are_decoded_once(folder, home, monkeypatch):
    first = load(folder)
    seen = reads(monkeypatch)
    again = load(folder)
    assert isinstance(again.images, np.memmap)
    assert (again.digest, seen) == (first.digest, [])
    again.images[0] = 7  # belongs to the caller
    assert load(folder).digest == first.digest
    write(folder / "train" / "2" / "0.pgm", grey(77))
    os.utime(folder / "train" / "2" / "0.pgm", (1, 1))
    assert load(folder).images[0, 0, 0, 0] == 77
    assert len(seen) == 18


@pytest.mark.parametrize("ending", ["npy", "json"])
@pytest.mark.parametrize("damage", ["cut", "flipped", "gone", "other"])
def test_a_damaged_cache_is_made_anew(folder, home, monkeypatch, ending, damage):
    first = load(folder).digest
    (cache,) = home.glob(f"folders/*/*.{ending}")
    content = cache.read_bytes()
    cache.unlink()
    if damage != "gone":
        cache.write_bytes({"cut": content[:-9], "flipped": content[:-3] + b"\x01" + content[-2:], "other": b"[1]"}[damage])
    seen = reads(monkeypatch)
    assert load(folder).digest == first
    assert len(seen) == 18
    assert load(folder).digest == first
    assert len(seen) == 18  # from the cache again


def test_caches_do_not_pile_up(folder, home):
    for n in range(2, 9):
        from_folder(folder, size=(n, n))
    assert len(list(home.glob("folders/*/*.npy"))) == len(list(home.glob("folders/*/*.json"))) == decoded.CACHES
    assert not list(home.glob("folders/*/.*"))


def test_where_nothing_can_be_kept_pictures_are_read_all_the_same(folder, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MINICNN_DATA_HOME", str(tmp_path / "file"))
    assert load(folder).images[:, 0, 0, 0].tolist() == [20, 21, 22, 10, 11, 12, 0, 1, 2]


def test_folders_that_are_none_of_the_kind(tmp_path):
    with pytest.raises(DataError, match=r"holds no pictures in a folder for each class, as in .*cat"):
        load(tmp_path)
    write(tmp_path / "0.pgm", grey(1))
    with pytest.raises(DataError, match="its pictures must lie in a folder for each class"):
        load(tmp_path)
    write(tmp_path / "one" / "0.pgm", grey(1))
    with pytest.raises(DataError, match="no class has two images, so none can be held out for testing"):
        load(tmp_path)
    with pytest.raises(DataError, match=r"there is no file or folder .*nothing"):
        load(tmp_path / "nothing")
    with pytest.raises(DataError, match="no split 'validation'"):
        load(tmp_path, "validation")
    with pytest.raises(DataError, match="test_fraction is 1, but must be above 0 and below 1"):
        from_folder(tmp_path, test_fraction=1)


def test_a_class_that_only_the_test_pictures_have(folder):
    write(folder / "test" / "dog" / "0.pgm", grey(1))
    with pytest.raises(DataError, match=r"test has the class dog, but .*train has not\n  there are 2, 10, cat"):
        load(folder)


def test_nothing_that_can_be_read(tmp_path):
    for n in range(3):
        (tmp_path / "a").mkdir(exist_ok=True)
        (tmp_path / "a" / f"{n}.pgm").write_bytes(b"")
    with pytest.warns(MinicnnWarning), pytest.raises(DataError, match="none of the train pictures can be read"):
        load(tmp_path)


def test_without_pillow_the_fix_is_said_and_no_picture_called_broken(folder, monkeypatch):
    (folder / "train" / "2" / "x.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    monkeypatch.setattr(decoded.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataError, match=r"x.png can be read only with Pillow, which is not installed\n  run: pip install pillow"):
        load(folder)


def test_pictures_of_every_kind(folder):
    image = pytest.importorskip("PIL.Image", reason="Pillow, of the extra 'images', is not installed")
    pixels = image.fromarray(np.full((6, 5), 40, np.uint8))
    here = folder / "train" / "10"
    pixels.save(here / "UPPER.PNG")
    pixels.convert("P").save(here / "palette.png")
    pixels.convert("RGB").convert("CMYK").save(here / "cmyk.jpg")
    pixels.convert("LA").save(here / "la.png")
    image.fromarray(np.full((6, 5), 40 * 257, np.uint16)).save(here / "grey16.png")
    image.fromarray(np.zeros((6, 5), bool)).save(here / "bits.png")
    exif = image.Exif()
    exif[0x112] = 6  # lies on its side
    image.fromarray(np.full((5, 6), 40, np.uint8)).save(here / "exif6.jpg", exif=exif)
    pixels.save(here / "animated.gif", save_all=True, append_images=[image.fromarray(np.full((6, 5), 90, np.uint8))])
    train = load(folder)
    assert train.input_shape == (1, 6, 5)
    values = train.images[train.labels == 1][:, 0, 0, 0].astype(int).tolist()
    order = [10, 11, 12, 40, 0, 40, 40, 40, 40, 40, 40]  # 0, 1, 2, animated, bits, cmyk, exif6, grey16, la, palette, UPPER
    assert np.abs(np.array(values) - order).max() <= 3
