"""Images and labels in single files: NumPy's archives and pairs, and CSV."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

import minicnn
from minicnn.datasets import files, from_file, load
from minicnn.errors import DataError
from minicnn.losses import SoftmaxCrossEntropy
from minicnn.preparation import Preparation
from minicnn.train.intake import Held

IMAGES = np.arange(20 * 4 * 6, dtype=np.uint8).reshape(20, 4, 6)
LABELS = np.arange(20) % 4
KERAS = {"x_train": IMAGES, "y_train": LABELS, "x_test": IMAGES[:8], "y_test": LABELS[:8]}


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_of_keras(tmp_path, save):
    save(tmp_path / "mnist.npz", **KERAS)
    train, test = load(tmp_path / "mnist.npz"), load(str(tmp_path / "mnist.npz"), "test")
    np.testing.assert_array_equal(train.images, IMAGES[:, None])
    np.testing.assert_array_equal(test.images, IMAGES[:8, None])
    assert train.labels.tolist() == LABELS.tolist()
    assert (train.name, train.classes, train.images.dtype) == ("mnist.npz", ("0", "1", "2", "3"), np.uint8)
    assert (test.mean, test.std) == (train.mean, train.std)


@pytest.mark.parametrize("names", [("images", "labels"), ("x", "y"), ("X", "y"), ("train_images", "train_labels")])
def test_without_images_for_testing_a_fifth_of_every_class_is(tmp_path, names):
    np.savez(tmp_path / "a.npz", **dict(zip(names, (IMAGES, LABELS), strict=True)))
    train, test = load(tmp_path / "a.npz"), load(tmp_path / "a.npz", "test")
    assert train.class_counts.tolist() == [4, 4, 4, 4]
    assert test.class_counts.tolist() == [1, 1, 1, 1]
    assert len(np.unique(np.concatenate([train.images, test.images]), axis=0)) == 20
    assert from_file(tmp_path / "a.npz", "test", seed=1).digest != test.digest


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        (IMAGES.astype(np.int64), IMAGES[:, None]),
        (IMAGES > 90, np.where(IMAGES > 90, 255, 0)[:, None]),
        (IMAGES / 255, (IMAGES / 255).astype(np.float32)[:, None]),
        (IMAGES.astype(np.int32) * 9, (IMAGES.astype(np.int32) * 9).astype(np.float32)[:, None]),
        (IMAGES.astype(">f4"), IMAGES.astype(np.float32)[:, None]),
        (np.asfortranarray(IMAGES), IMAGES[:, None]),
        (IMAGES[..., None], IMAGES[:, None]),
        (IMAGES[:, None], IMAGES[:, None]),
        (IMAGES[..., None].repeat(3, axis=3), IMAGES[:, None].repeat(3, axis=1)),
        (IMAGES[:, 0], IMAGES[:, :1]),
    ],
    ids=["int64", "bool", "float64", "large", "big-endian", "Fortran", "last axis 1", "channels", "channels last", "signals"],
)
def test_images_of_every_kind(tmp_path, images, expected):
    np.savez(tmp_path / "a.npz", x_train=images, y_train=LABELS, x_test=images, y_test=LABELS)
    data = load(tmp_path / "a.npz")
    assert data.images.dtype == (np.uint8 if expected.dtype.kind in "iu" else np.float32)
    np.testing.assert_array_equal(data.images, expected)


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (LABELS[:, None], "0123"),
        (LABELS.astype(float), "0123"),
        (np.eye(4)[LABELS], "0123"),
        (np.array(["b10", "b9", "a", "2"])[LABELS], ("2", "a", "b9", "b10")),
        (np.array([b"yes", b"no"])[LABELS % 2], ("no", "yes")),
        (LABELS == 1, "01"),
    ],
    ids=["column", "float", "one-hot", "words", "bytes", "bool"],
)
def test_labels_of_every_kind(tmp_path, labels, classes):
    np.savez(tmp_path / "a.npz", x_train=IMAGES, y_train=labels, x_test=IMAGES, y_test=labels)
    data = load(tmp_path / "a.npz")
    assert data.classes == tuple(classes)
    plain = labels.argmax(axis=1) if labels.shape == (20, 4) else labels.ravel()
    for n in range(20):
        word = plain[n].decode() if isinstance(plain[n], bytes) else str(plain[n]) if plain.dtype.kind == "U" else str(int(plain[n]))
        assert data.classes[data.labels[n]] == word


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"a": IMAGES, "b": LABELS}, "a.npz holds a, b, but no images and labels: x_train and y_train, images and labels, or x and y"),
        ({"x": IMAGES, "y": LABELS[:5]}, "a.npz: 20 images, but 5 labels"),
        ({"x": IMAGES, "y": LABELS - 1}, "a.npz: labels run from -1 to 2, expected 0 to"),
        ({"x": IMAGES, "y": LABELS * 100_000}, "a.npz: labels run from 0 to 300000, expected 0 to"),
        ({"x": IMAGES, "y": LABELS + 0.5}, "a.npz: labels are float64, and not whole numbers"),
        ({"x": IMAGES, "y": np.full(20, np.nan)}, "a.npz: labels are float64, and not whole numbers"),
        ({"x": IMAGES, "y": IMAGES}, "a.npz: labels are uint8 .20, 4, 6., expected the class of each image"),
        ({"x": IMAGES[0, 0], "y": LABELS}, "a.npz: images have the shape .6,."),
        ({"x": IMAGES[:0], "y": LABELS[:0]}, "a.npz: images have the shape .0, 4, 6."),
        ({"x": IMAGES + 0j, "y": LABELS}, "a.npz: x holds complex128, expected numbers"),
        ({"x": np.array([{}] * 20), "y": LABELS}, "a.npz: x holds object, expected numbers"),
        ({"x": np.full((20, 2, 2), np.inf), "y": LABELS}, "a.npz: images hold values that are infinite or NaN"),
        ({"x": np.array(["a"] * 20)[:, None], "y": LABELS}, "a.npz: images are <U1, expected numbers"),
        ({**KERAS, "x_test": IMAGES[:8, :2]}, "a.npz: images for testing are .1, 2, 6., those for training .1, 4, 6."),
    ],
)
def test_arrays_that_do_not_fit(tmp_path, arrays, words):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(DataError, match=f"^{words}"):
        load(tmp_path / "a.npz")


def test_a_header_that_lies_allocates_nothing(tmp_path):
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "|u1", "fortran_order": False, "shape": (10**6, 40, 40)})
    for shape_bytes, words in ((b"", "ends after 0 of 1,600,000,000 bytes"), (b"abc", "ends after 3 of 1,600,000,000 bytes")):
        with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
            archive.writestr("x.npy", stream.getvalue() + shape_bytes)
            archive.writestr("y.npy", stream.getvalue())
        with pytest.raises(DataError, match=f"^a.npz: x {words}"):
            load(tmp_path / "a.npz")


def test_files_that_are_none_of_the_kind(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"no zip archive")
    with pytest.raises(DataError, match=r"^a.npz is damaged or not an .npz archive"):
        load(tmp_path / "a.npz")
    (tmp_path / "a.txt").write_bytes(b"words")
    with pytest.raises(DataError, match=r"^a.txt is not a file of images and labels that can be read: .npz, .npy, .csv, or a folder"):
        load(tmp_path / "a.txt")
    with pytest.raises(DataError, match=r"^there is no file or folder .*none.csv"):
        load(tmp_path / "none.csv")
    with pytest.raises(DataError, match=r"^no data set is called 'mnst': did you mean mnist"):
        load("mnst")


@pytest.fixture
def pair(tmp_path):
    np.save(tmp_path / "images.npy", IMAGES)
    np.save(tmp_path / "labels.npy", LABELS)
    return tmp_path / "images.npy"


def test_npy_with_the_labels_beside_it(pair):
    assert load(pair).class_counts.tolist() == [4, 4, 4, 4]
    assert load(pair, "test").class_counts.tolist() == [1, 1, 1, 1]
    pair.with_name("labels.npy").unlink()
    with pytest.raises(DataError, match=r"^images.npy has no labels beside it: there is no .*labels.npy$"):
        load(pair)
    np.save(pair.with_name("pixels.npy"), IMAGES)
    with pytest.raises(
        DataError, match=r"^pixels.npy is not called like images that have labels beside them\n  there are x_train.npy with"
    ):
        load(pair.with_name("pixels.npy"))


def test_npy_with_images_for_testing(tmp_path):
    for name, array in KERAS.items():
        np.save(tmp_path / f"{name}.npy", array)
    assert (len(load(tmp_path / "x_train.npy")), len(load(tmp_path / "x_train.npy", "test"))) == (20, 8)


def test_objects_are_never_unpickled(pair):
    np.save(pair, np.array([{}] * 20), allow_pickle=True)
    with pytest.raises(DataError, match=r"^images.npy is not an array that can be read: "):
        load(pair)


def test_a_set_larger_than_memory_is_mapped_and_stays_mapped_in_training(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAPPED_BYTES", 1 << 20)
    monkeypatch.setattr("minicnn.train.intake.COPY_BYTES", 1 << 10)
    chance = np.random.default_rng(0)
    images = chance.integers(0, 100, (20_000, 8, 8), np.uint8)
    images[np.arange(20_000), 0, np.arange(20_000) % 8] = 255
    np.save(tmp_path / "images.npy", images)
    np.save(tmp_path / "labels.npy", np.arange(20_000) % 8)
    train, test = load(tmp_path / "images.npy"), load(tmp_path / "images.npy", "test")
    assert (len(train), len(test)) == (16_000, 4_000)  # the last ones
    assert isinstance(train.images.base.base, np.memmap)
    held = Held(train, Preparation.of(train, (1, 8, 8)), SoftmaxCrossEntropy())
    assert np.shares_memory(held.images, train.images)
    net = minicnn.Graph(minicnn.layers.Sequential(minicnn.layers.Flatten(), minicnn.layers.Linear(8)), (1, 8, 8))
    minicnn.Trainer(net).fit(train, epochs=1)
    with (tmp_path / "images.npy").open("r+b") as stream:
        stream.truncate(1000)
    with pytest.raises(DataError, match="the file behind the array was cut short"):
        minicnn.Trainer(net).fit(train, epochs=1)


def test_a_mapped_set_in_the_order_of_its_classes_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAPPED_BYTES", 1)
    np.save(tmp_path / "images.npy", IMAGES)
    np.save(tmp_path / "labels.npy", np.repeat(np.arange(4), (6, 5, 5, 4)))
    with pytest.raises(
        DataError, match=r"^images.npy: class 3 is only among the last images, which are for testing\n  put images for testing"
    ):
        load(tmp_path / "images.npy")


def csv(path, heading="", delimiter=",", images=None, labels=LABELS, quote=""):
    images = IMAGES[:, :4, :4].reshape(20, -1) if images is None else images
    lines = [delimiter.join(f"{quote}{each}{quote}" for each in (label, *row)) for label, row in zip(labels, images, strict=True)]
    path.write_text("\n".join(([heading] if heading else []) + lines) + "\n", "utf-8")
    return path


@pytest.mark.parametrize("heading", ["", "label," + ",".join(f"pixel{n}" for n in range(16)), "Label," + ",".join("p" * 16)])
@pytest.mark.parametrize("quote", ["", '"'])
def test_csv_with_headings_and_without(tmp_path, heading, quote):
    data = load(csv(tmp_path / "a.csv", heading, quote=quote))
    assert (data.input_shape, data.images.dtype, data.classes) == ((1, 4, 4), np.uint8, ("0", "1", "2", "3"))
    both = np.concatenate([data.images, load(tmp_path / "a.csv", "test").images])
    assert {each.tobytes() for each in both} == {np.ascontiguousarray(each[:4, :4]).tobytes() for each in IMAGES}


def test_csv_of_another_kind(tmp_path):
    data = load(csv(tmp_path / "a.csv", delimiter=";", labels=np.array(["dog", "cat"])[LABELS % 2]))
    assert (data.classes, data.class_counts.tolist()) == (("cat", "dog"), [8, 8])
    data = load(csv(tmp_path / "b.csv", images=IMAGES.reshape(20, -1)[:, :10] / 7))
    assert (data.input_shape, data.images.dtype) == ((1, 10), np.float32)
    lines = [f"{row[0]},{row[1]},{label}" for row, label in zip(IMAGES.reshape(20, -1), LABELS, strict=True)]
    (tmp_path / "c.csv").write_text("a,b,class\n" + "\n".join(lines))
    assert load(tmp_path / "c.csv").input_shape == (1, 2)
    (tmp_path / "d.csv").write_bytes(b"\xef\xbb\xbf" + csv(tmp_path / "a.csv").read_bytes().replace(b"\n", b"\r\n\r\n"))
    assert load(tmp_path / "d.csv").class_counts.tolist() == [4, 4, 4, 4]


def test_csv_with_the_file_for_testing_beside_it(tmp_path):
    csv(tmp_path / "mnist_train.csv")
    csv(tmp_path / "mnist_test.csv", images=IMAGES[:8, :4, :4].reshape(8, -1), labels=LABELS[:8])
    assert (len(load(tmp_path / "mnist_train.csv")), len(load(tmp_path / "mnist_train.csv", "test"))) == (20, 8)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "a.csv holds no lines of numbers"),
        ("label,a,b\n", "a.csv holds no lines of numbers"),
        ("1\n2\n", "a.csv: line 1 holds one value, expected a label and pixels"),
        ("0,1,2\n1,2\n", "a.csv: line 2 has 1 pixels, expected 2"),
        ("0,1,2\n1,2,x\n", "a.csv: line 2 or soon after holds 'x', expected a number"),
        ("0,1,2\n1,2,\n", "a.csv: line 2 or soon after holds '', expected a number"),
        ("0,1,2\n1,2,inf\n", "a.csv holds values that are infinite or NaN"),
        ("a,label,b\n1,2,3\n", "a.csv has its labels in a column in the middle"),
        ("a,b,c\n1,2,3\n", "a.csv has no column of labels: its headings are a, b, c"),
    ],
)
def test_csv_that_is_wrong(tmp_path, content, words):
    (tmp_path / "a.csv").write_text(content)
    with pytest.raises(DataError, match=f"^{words}"):
        load(tmp_path / "a.csv")
