"""Pictures of sheets become images like MNIST's: whatever the light, the polarity, the place and the size."""

from __future__ import annotations

import os

import numpy as np
import pytest

import minicnn
from minicnn.datasets import as_handwriting, load
from minicnn.datasets.handwriting import find_ink, made_like, smooth_ground, strokes
from minicnn.datasets.pictures import resize
from minicnn.errors import DataError, SettingError
from minicnn.preparation import Preparation
from minicnn.train import TrainedNetwork, Trainer, guesses, handwriting_kind, load_trained, prepare_picture

from .sheets import sheets

REAL = os.environ.get("MINICNN_DATA")
needs_mnist = pytest.mark.skipif(not REAL, reason="MINICNN_DATA is not set: no folder with the real MNIST")


def seven():
    """28 x 28 pixels, light on black, drawn as two strokes."""
    pixels = np.zeros((28, 28), np.uint8)
    pixels[6:9, 7:21] = 255
    for h in range(9, 23):
        column = 20 - (h - 9) // 2
        pixels[h, column - 2 : column + 1] = 255
    return pixels


def on_sheet(ink, rows=150, columns=220, top=20, left=90, ground=200.0, colour=30.0, slope=(0.0, 0.0)):
    share = np.zeros((rows, columns))
    share[top : top + ink.shape[0], left : left + ink.shape[1]] = ink / 255
    v, u = np.meshgrid(np.linspace(-1, 1, rows), np.linspace(-1, 1, columns), indexing="ij")
    return np.rint(((ground + slope[0] * v + slope[1] * u) * (1 - share) + colour * share).clip(0, 255)).astype(np.uint8)[None]


LARGE = resize(seven()[None], 112, 112)[0]


@pytest.mark.parametrize(
    "sheet",
    [
        on_sheet(LARGE),
        on_sheet(LARGE, ground=40, colour=240),
        on_sheet(LARGE, slope=(15, 40)),
        on_sheet(LARGE, ground=60, colour=250, slope=(-30, 20)),
        on_sheet(LARGE, top=38, left=108),
        on_sheet(LARGE).astype(np.float32),
        on_sheet(LARGE).repeat(3, axis=0),
        on_sheet(LARGE).repeat(8, axis=1).repeat(8, axis=2),
    ],
    ids=["dark", "light", "gradient", "light on a gradient", "in the corner", "floats", "colour", "a photograph's size"],
)
def test_a_digit_of_a_sheet_is_cut_out_scaled_and_centred(sheet):
    image = as_handwriting(sheet)
    assert (image.shape, image.dtype) == ((1, 28, 28), np.uint8)
    rows, columns = np.flatnonzero(image[0].max(axis=1)), np.flatnonzero(image[0].max(axis=0))
    assert max(rows[-1] - rows[0], columns[-1] - columns[0]) == 19  # 20 pixels
    mass = image[0] / image.sum()
    for axis in range(2):
        assert abs(mass.sum(axis=1 - axis) @ np.arange(28) - 14) <= 0.5
    plain = as_handwriting(on_sheet(LARGE))
    assert np.abs(image.astype(float) - plain).mean() < 6  # of 255 grey levels: edges fall otherwise onto pixels


def test_the_box_of_emnist():
    image = as_handwriting(on_sheet(LARGE), "emnist")
    rows, columns = np.flatnonzero(image[0].max(axis=1)), np.flatnonzero(image[0].max(axis=0))
    assert (rows[0], rows[-1]) == (2, 25)
    assert abs(columns[0] + columns[-1] - 27) <= 1


def test_specks_are_left_out():
    sheet = on_sheet(LARGE)
    clean = as_handwriting(sheet)
    for h, w in ((3, 3), (140, 10), (8, 210)):
        sheet[0, h : h + 3, w : w + 3] = 20
    assert np.array_equal(as_handwriting(sheet), clean)


def test_a_thin_pen_is_as_dark_as_a_thick_one():
    sheet = on_sheet(np.zeros((1, 1)), 400, 400)
    sheet[0, 60:340, 200:202] = 90
    assert as_handwriting(sheet).max() == 255


@pytest.mark.parametrize("noise", [0, 3, 8])
def test_a_blank_sheet_is_an_error(noise):
    chance = np.random.default_rng(0)
    sheet = on_sheet(np.zeros((1, 1)), slope=(20, 30)) + chance.normal(0, noise, (1, 150, 220))
    with pytest.raises(DataError, match=r"^blank.png is blank: nothing stands out|^blank.png holds no ink that can be told"):
        as_handwriting(sheet.clip(0, 255).astype(np.uint8), where="blank.png")
    with pytest.raises(DataError, match=r"^blank.png is blank: all of its pixels have the same brightness$"):
        as_handwriting(np.full((1, 28, 28), 255, np.uint8), where="blank.png")


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (np.zeros((1, 8, 8)), "is 8 x 8, too small to tell ink from ground: at least 20 x 20"),
        (np.zeros((1, 28)), "is 1 x 28, expected a grey or colour picture"),
        (np.zeros((4, 28, 28)), "is 4 x 28 x 28, expected a grey or colour picture"),
    ],
)
def test_what_is_no_sheet(picture, words):
    with pytest.raises(DataError, match=f"^the picture {words}"):
        as_handwriting(picture)
    with pytest.raises(SettingError, match="like is 'digits', but must be one of mnist, emnist"):
        as_handwriting(np.zeros((1, 28, 28)), "digits")


def test_the_ground_is_found_below_the_ink():
    sheet = on_sheet(LARGE, slope=(20, 30))[0].astype(float)
    v, u = np.meshgrid(np.linspace(-1, 1, 150), np.linspace(-1, 1, 220), indexing="ij")
    assert np.abs(smooth_ground(sheet) - (200 + 20 * v + 30 * u)).max() < 2
    ink = find_ink(sheet, "sheet")
    assert ((ink > 0.5) == (on_sheet(LARGE, ground=0, colour=1)[0] > 0.5)).mean() > 0.99


def test_strokes_touch_at_corners_too():
    mask = np.array([[1, 0, 1, 0, 1], [0, 1, 0, 0, 1], [0, 0, 0, 0, 1], [1, 1, 0, 0, 0], [0, 1, 0, 1, 1]], bool)
    names = strokes(mask)
    assert ((names > 0) == mask).all()
    assert names[0, 0] == names[1, 1] == names[0, 2]
    assert names[0, 4] == names[2, 4]
    assert names[3, 0] == names[4, 1]
    assert len(np.unique(names)) == 1 + 4


@pytest.fixture(scope="module")
def trained():
    """LeNet after two epochs of MNIST."""
    train = load("mnist", "train", REAL)
    trainer = Trainer(minicnn.zoo.build("lenet"))
    trainer.fit(train, epochs=2)
    return TrainedNetwork(trainer.net, trainer.preparation, train.classes, train.input_shape, "mnist", 2)


def answers(trained, pictures):
    return np.array([best[0].label for best in guesses(trained, [prepare_picture(trained, picture) for picture in pictures])])


@needs_mnist
def test_digits_on_sheets_are_recognised(trained):
    pictures, labels = zip(*sheets(load("mnist", "test", REAL), 100, seed=0), strict=True)
    assert (answers(trained, pictures) == labels).mean() >= 0.96  # of 300: 98.7 % after four epochs, see sheets.py


@needs_mnist
def test_images_that_are_prepared_already_stay_as_good(trained):
    test = load("mnist", "test", REAL).subset(slice(0, 300))
    for images in (test.images, 255 - test.images):
        assert (answers(trained, images) == test.labels).mean() >= 0.96


@needs_mnist
def test_a_seven_of_two_strokes(trained):
    assert answers(trained, [seven()[None], 255 - seven()[None], on_sheet(LARGE)]).tolist() == [7, 7, 7]


def sevens(count=40):
    """Prepared as MNIST's images are, light on black: strokes of several sizes and places."""
    chance = np.random.default_rng(0)
    sheets = [on_sheet(resize(seven()[None], *chance.integers(60, 120, 2))[0], top=int(chance.integers(20))) for _ in range(count)]
    return np.stack([as_handwriting(sheet) for sheet in sheets])


def test_images_made_by_the_rule_of_mnist_are_recognised_from_whatever_file():
    images = sevens()
    assert made_like(images) == "mnist"
    assert made_like(images[:10]) == ""  # too few to tell
    assert made_like(255 - images) == ""
    assert made_like(images.astype(np.float32)) == ""
    assert made_like(np.roll(images, 3, axis=2)) == ""
    assert made_like(np.stack([as_handwriting(on_sheet(LARGE), "emnist")] * 40)) == ""
    assert made_like(np.concatenate([images, np.zeros_like(images[:1])])) == ""
    assert made_like(images[:, :, :20]) == ""
    compressed = np.clip(images + np.random.default_rng(1).normal(0, 6, images.shape), 0, 255).astype(np.uint8)
    assert made_like(compressed) == "mnist"


@needs_mnist
@pytest.mark.parametrize(("name", "like"), [("mnist", "mnist"), ("fashion-mnist", "")])
def test_the_data_sets_themselves(name, like):
    assert made_like(load(name, "test", REAL).images) == like


def test_a_network_knows_how_its_training_images_were_made(tmp_path):
    """Trained on a pair of arrays, as Keras' mnist.npz holds them: no name tells what they are."""
    net = minicnn.zoo.build("lenet", seed=1)
    Trainer(net, threads=1).fit((sevens(), np.arange(40) % 10), epochs=1)
    net.save(tmp_path / "net.safetensors")
    kept = load_trained(tmp_path / "net.safetensors")
    assert (kept.data, kept.making, handwriting_kind(kept)) == ("custom", "mnist", "mnist")
    assert np.array_equal(prepare_picture(kept, on_sheet(LARGE)), as_handwriting(on_sheet(LARGE)))
    Trainer(net, threads=1).fit((np.roll(sevens(), 4, axis=3), np.arange(40) % 10), epochs=1)
    assert net.trained_on.making == ""


def test_which_networks_have_their_pictures_prepared():
    net = minicnn.zoo.build("lenet")
    for data, unit, kind in (
        ("mnist", 255.0, "mnist"),
        ("emnist-letters", 255.0, "emnist"),
        ("fashion-mnist", 255.0, None),
        ("mnist", 1.0, None),
    ):
        preparation = Preparation((1, 28, 28), (0.0,), (1.0,), unit)
        trained = TrainedNetwork(net, preparation, tuple("0123456789"), (1, 28, 28), data, 1)
        assert handwriting_kind(trained) == kind
        if kind is None:
            with pytest.raises(DataError, match=f"x.png cannot be prepared like the images of {data}"):
                prepare_picture(trained, on_sheet(LARGE), "x.png")
