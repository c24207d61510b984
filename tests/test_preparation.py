"""Images brought to a network's size, numbers around zero."""

import numpy as np
import pytest

from minicnn import datasets
from minicnn.errors import CheckpointError, ShapeError
from minicnn.train import Preparation

GREY = Preparation((1, 4, 4), (0.5,), (0.25,), 255.0)


def test_scale_and_shift_are_the_statistics():
    x = np.array([0, 128, 255]) * GREY.scale[0] + GREY.shift[0]
    np.testing.assert_allclose(x, (np.array([0, 128, 255]) / 255 - 0.5) / 0.25)
    assert np.isfinite(Preparation((1, 4, 4), (0.5,), (0.0,), 1.0).scale).all()  # a channel without variation


def test_of_a_data_set():
    data = datasets.load("digits")
    assert Preparation.of(data, [1, 28, 28]) == Preparation((1, 28, 28), data.mean, data.std, 255.0)
    floats = datasets.Dataset(np.ones((2, 1, 4), np.float32), np.zeros(2, np.int64), ("a",))
    assert Preparation.of(floats, (1, 4)).unit == 1


def test_images_are_scaled_and_keep_their_type():
    images = np.arange(2 * 4, dtype=np.uint8).reshape(2, 1, 2, 2)
    prepared = GREY.images(images)
    assert (prepared.shape, prepared.dtype, prepared.flags.c_contiguous) == ((2, 1, 4, 4), np.uint8, True)
    np.testing.assert_array_equal(prepared, datasets.scale_to(images, 4, 4))
    whole = np.zeros((3, 1, 4, 4), np.float32)
    assert GREY.images(whole) is whole


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((2, 3, 4, 4), r"^cats: images are 3 x 4 x 4, but the network takes 1 x 4 x 4\n  build the network for 3 channels"),
        ((2, 4, 4), r"^cats: images are 4 x 4, but the network takes 1 x 4 x 4\n  use images\[:, None\] to add a channel axis$"),
        ((2, 4, 4, 1), r"^cats: images are 4 x 4 x 1, but .*\n  channels come first: use images.transpose\(0, 3, 1, 2\)$"),
        ((2, 1, 40), r"^cats: images are 1 x 40, but the network takes 1 x 4 x 4\n  only images with rows and columns can be resized"),
        ((2, 1, 2, 2, 2), r"^cats: images are 1 x 2 x 2 x 2, but"),
    ],
)
def test_images_that_cannot_be_brought_there(shape, words):
    with pytest.raises(ShapeError, match=words):
        GREY.images(np.zeros(shape, np.uint8), "cats")


def test_json_brings_it_back():
    assert Preparation.from_json(GREY.to_json()) == GREY


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (None, "must be an object with input_shape, mean, std, unit"),
        ({"mean": "x"}, ": mean is 'x', but must be a list$"),
        ({"unit": 0.0}, ": unit is 0, but must be 255 or 1$"),
        ({"unit": True}, ": unit is True"),
        ({"std": [float("inf")]}, "of std is inf"),
        ({"std": [-1.0]}, "of std is -1.0"),
        ({"mean": [10**400]}, "of mean is 1000"),
        ({"mean": [0.5, 0.5]}, ": there are 2 means and 1 dev"),
        ({"input_shape": [1, 2**31 - 1, 2**31 - 1]}, ": input_shape is .* must be one to 4 sizes of at most 268,435,456 numbers$"),
        ({"input_shape": [1, 0, 3]}, "of input_shape is 0"),
        ({"input_shape": []}, ": input_shape is "),
    ],
)
def test_a_broken_preparation(change, words):
    with pytest.raises(CheckpointError, match=f"^the preparation of the images.*{words}"):
        Preparation.from_json(None if change is None else {**GREY.to_json(), **change})
