"""Pictures of users, made into what a network takes, or refused with what would fit."""

from dataclasses import replace

import numpy as np
import pytest

from minicnn import datasets
from minicnn.datasets.decoded import cover
from minicnn.datasets.pictures import resize
from minicnn.errors import DataError, ShapeError
from minicnn.train import Preparation, TrainedNetwork, fit_picture, guesses, looks_inverted


@pytest.fixture
def trained(small_net, test_digits):
    net = small_net()
    return TrainedNetwork(net, Preparation.of(test_digits, net.input_shape), test_digits.classes, (1, 8, 8), "digits", 7)


def test_the_size_of_the_training_images_is_scaled_like_them(trained, test_digits):
    np.testing.assert_array_equal(fit_picture(trained, test_digits.images[3], "x"), datasets.scale_to(test_digits.images[3:4], 12, 12)[0])


def test_the_size_of_the_input_is_taken_as_it_is(trained):
    picture = np.arange(144, dtype=np.uint8).reshape(1, 12, 12)
    np.testing.assert_array_equal(fit_picture(trained, picture, "x"), picture)


def test_another_size_is_refused_or_stretched(trained):
    picture = np.arange(16 * 20, dtype=np.uint8).reshape(1, 16, 20)
    with pytest.raises(
        ShapeError,
        match=r"^x is 16 x 20, but small was trained on 8 x 8 \(digits\), scaled to 12 x 12\n"
        r"  rows x columns; use an image of either size, or --resize to have it stretched$",
    ):
        fit_picture(trained, picture, "x")
    stretched = datasets.scale_to(resize(picture, 8, 8)[None], 12, 12)[0]
    np.testing.assert_array_equal(fit_picture(trained, picture, "x", resize=True), stretched)


def test_colour_becomes_grey(trained):
    colour = np.stack([np.full((12, 12), value, np.uint8) for value in (100, 200, 50)])
    assert (fit_picture(trained, colour, "x") == round(0.299 * 100 + 0.587 * 200 + 0.114 * 50)).all()


def test_grey_becomes_colour(small_net):
    net = small_net(channels=3)
    trained = TrainedNetwork(net, Preparation((3, 12, 12), (0.5,) * 3, (0.25,) * 3, 255.0), tuple("0123456789"), (3, 12, 12), "colours", 1)
    picture = np.arange(144, dtype=np.uint8).reshape(1, 12, 12)
    np.testing.assert_array_equal(fit_picture(trained, picture, "x"), picture.repeat(3, axis=0))


def test_floats_are_on_the_scale_of_bytes(trained):
    picture = np.linspace(0, 1, 144, dtype=np.float32).reshape(1, 12, 12)
    np.testing.assert_allclose(fit_picture(trained, picture, "x"), picture * 255)
    with pytest.raises(DataError, match=r"^x holds floats from 0 to 255, expected 0 to 1, or integers from 0 to 255$"):
        fit_picture(trained, picture * 255, "x")


def test_inverting(trained):
    picture = np.arange(144, dtype=np.uint8).reshape(1, 12, 12)
    np.testing.assert_array_equal(fit_picture(trained, picture, "x", invert=True), 255 - picture)
    floats = np.full((1, 12, 12), 0.25, np.float32)
    np.testing.assert_allclose(fit_picture(trained, floats, "x", invert=True), 255 * 0.75)


def test_a_network_trained_on_floats(small_net):
    net = small_net()
    trained = TrainedNetwork(net, Preparation((1, 12, 12), (0.0,), (1.0,), 1.0), tuple("0123456789"), (1, 12, 12), "signals", 1)
    values = np.linspace(-5, 5, 144, dtype=np.float32).reshape(1, 12, 12)
    np.testing.assert_array_equal(fit_picture(trained, values, "x"), values)
    assert not looks_inverted(trained, values)
    with pytest.raises(DataError, match=r"^x holds uint8, but small was trained on signals"):
        fit_picture(trained, np.zeros((1, 12, 12), np.uint8), "x")
    with pytest.raises(DataError, match=r"^x cannot be inverted, but"):
        fit_picture(trained, values, "x", invert=True)


@pytest.mark.parametrize("shape", [(1, 40), (2, 8, 8), (4, 12, 12), (1, 8, 8, 8)])
@pytest.mark.parametrize("stretch", [True, False])
def test_what_no_stretching_helps(trained, shape, stretch):
    with pytest.raises(ShapeError, match=r"^x is [\d x]+, but small was trained on 1 x 8 x 8 \(digits\)\n  give it an array of 1 x 8 x 8$"):
        fit_picture(trained, np.zeros(shape, np.uint8), "x", resize=stretch)


@pytest.mark.parametrize(
    "picture", [np.float32(1), np.zeros((1, 0, 8), np.uint8), np.zeros(0, np.float32)], ids=["number", "no rows", "empty"]
)
def test_pictures_without_pixels(trained, picture):
    with pytest.raises(ShapeError, match=r"^x holds no pixels: its shape is "):
        fit_picture(trained, picture, "x", resize=True)


def test_pictures_of_other_numbers(trained):
    with pytest.raises(DataError, match=r"^x holds complex128, expected uint8 or float32$"):
        fit_picture(trained, np.zeros((1, 8, 8), complex), "x")


def test_dark_on_light_is_noticed(trained, test_digits):
    for image in test_digits.images[:20]:
        assert not looks_inverted(trained, fit_picture(trained, image, "x"))
        assert looks_inverted(trained, fit_picture(trained, 255 - image, "x"))
        assert not looks_inverted(trained, fit_picture(trained, 255 - image, "x", invert=True))


def test_guesses_are_the_most_probable_first(trained, test_digits):
    pictures = [fit_picture(trained, image, "x") for image in test_digits.images[:5]]
    answers = guesses(trained, pictures)
    for best, picture in zip(answers, pictures, strict=True):
        x = picture[None] * np.float32(trained.preparation.scale[0]) + np.float32(trained.preparation.shift[0])
        logits = trained.net.forward(x)[0].astype(float)
        shares = np.exp(logits) / np.exp(logits).sum()
        assert [guess.label for guess in best] == np.argsort(-shares)[:3].tolist()
        assert [guess.probability for guess in best] == pytest.approx(sorted(shares)[:-4:-1], rel=1e-4)
        assert [guess.name for guess in best] == [str(guess.label) for guess in best]


def test_bytes_and_floats_together(trained, test_digits):
    image = test_digits.images[0]
    both = [fit_picture(trained, image, "x"), fit_picture(trained, (image / 255).astype(np.float32), "x")]
    first, second = guesses(trained, both)
    assert [guess.label for guess in first] == [guess.label for guess in second]
    assert first[0].probability == pytest.approx(second[0].probability, abs=0.02)  # bytes were rounded after scaling


def test_classes_without_names_are_called_by_their_numbers(trained, test_digits):
    nameless = replace(trained, classes=())  # as after training on shares of classes
    pictures = [fit_picture(trained, image, "x") for image in test_digits.images[:3]]
    for named, numbered in zip(*(guesses(each, pictures) for each in (trained, nameless)), strict=True):
        assert [guess.name for guess in numbered] == [str(guess.label) for guess in named]


def test_pictures_like_those_of_a_folder_are_scaled_and_cut_like_them(trained):
    """Whose sizes differed too: nothing is stretched unless that is asked for."""
    picture = np.arange(20 * 30, dtype=np.float32).reshape(1, 20, 30).astype(np.uint8)
    from_folder = replace(trained, making="cover")
    seen = fit_picture(from_folder, picture, "x")
    np.testing.assert_array_equal(seen, datasets.scale_to(cover(picture, 8, 8)[None], 12, 12)[0])
    np.testing.assert_array_equal(fit_picture(from_folder, picture, "x", resize=True), fit_picture(trained, picture, "x", resize=True))
    with pytest.raises(ShapeError, match="give it an array of 1 x 8 x 8"):
        fit_picture(from_folder, np.zeros((2, 20, 30), np.uint8), "x")
