"""Words for augmentation, and what a training does with them."""

import warnings

import numpy as np
import pytest

import minicnn
from minicnn import datasets, zoo
from minicnn.errors import MinicnnWarning, SettingError
from minicnn.optimizers import SGD
from minicnn.train import Augmentation, augmentation
from minicnn.train.augmentation import CHANGES, PCA, Brightness, Cutout, Elastic, Flip, Mixup, Rotate, Shift
from minicnn.train.augmentation.pca import principal_components


@pytest.mark.parametrize(
    ("words", "expected", "text"),
    [
        ("", (), ""),
        ((), (), ""),
        ("flip", (Flip(),), "flip"),
        ("shift", (Shift(2),), "shift=2"),
        ("flip, shift=5", (Shift(5), Flip()), "shift=5,flip"),
        (["shift=1", Rotate(5.5)], (Shift(1), Rotate(5.5)), "shift=1,rotate=5.5"),
        ("cutout=4,brightness=0.25,elastic", (Elastic(34, 4), Brightness(0.25), Cutout(4)), "elastic=34:4,brightness=0.25,cutout=4"),
        ("elastic=20", (Elastic(20.0),), "elastic=20:4"),
        ("elastic=20:6", (Elastic(20, 6),), "elastic=20:6"),
        ("mixup,cutout=4", (Cutout(4), Mixup(0.2)), "cutout=4,mixup=0.2"),
        (Rotate(1e-5), (Rotate(1e-5),), "rotate=1e-05"),
    ],
)
def test_words(words, expected, text):
    assert augmentation(words) == Augmentation(expected)
    assert augmentation(words).words == text
    assert augmentation(text) == augmentation(words)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("rotat", r"^augment 'rotat' is not known: did you mean rotate\?\n  use shift, crop, flip, rotate, "),
        ("shift=-1", r"^augment 'shift=-1' is not known\n  use shift, or shift=PIXELS$"),
        ("shift=a", r"^augment 'shift=a' is not known\n"),
        ("rotate=", r"^augment 'rotate=' is not known\n"),
        ("elastic=1e9", r"^augment elastic: strength is 1e\+09, but must be below 1,000,000$"),
        ("shift=", r"^augment 'shift="),
        ("flip=2", r"^augment 'flip=2' is not known\n  use flip$"),
        ("elastic=1:2:3", r"^augment 'elastic=1:2:3' is not known\n  use elastic, or elastic=STRENGTH:SIGMA$"),
        ("shift=1.5", r"^augment shift: pixels is 1.5, but must be a whole number$"),
        ("elastic=1:0", r"^augment elastic: sigma is 0, but must be between 0.1 and 100 pixels$"),
        ("scale=2", r"^augment scale: share is 2, but must be at most 0.9"),
        ("mixup=0", r"^augment mixup: alpha is 0, but must be above 0 and at most 1000$"),
        ("shift,shift=3", r"^augment has shift twice$"),
    ],
)
def test_words_that_do_not_fit(words, message):
    with pytest.raises(SettingError, match=message):
        augmentation(words)


@pytest.mark.parametrize(
    ("words", "shape", "message"),
    [
        ("shift=12", (1, 12, 12), r"^augment shift=12 moves the images out of sight: they have 12 pixels$"),
        ("cutout=24", (1, 12, 12), r"^augment cutout=24 leaves nothing of the images: they have 12 pixels$"),
        ("rotate", (1, 40), r"^augment rotate: a rotation needs rows and columns, but the images are 1x40$"),
        ("elastic", (1, 4, 8, 8), r"^augment elastic: an elastic distortion is a field over rows and columns, but the images are 1x4x8x8$"),
        ("flip", (7,), r"^augment flip: "),
    ],
)
def test_changes_that_make_no_sense_for_images(words, shape, message):
    with pytest.raises(SettingError, match=message):
        augmentation(words).checked(shape)


def test_shift_and_flip_alone_are_applied_where_pixels_are_fetched():
    assert augmentation("flip,shift=3").loading() == {"shifts": 3, "flips": True}
    assert augmentation("").loading() == {"shifts": 0, "flips": False}
    assert augmentation("flip").loading("mask") == {"changes": (Flip(),)}
    assert augmentation("flip,rotate").loading() == {"changes": (Flip(), Rotate())}


@pytest.mark.parametrize("name", ["digits", "mnist", "mnist1d", "kmnist", "emnist-letters"])
def test_mirrored_signs_are_warned_of(name):
    with pytest.warns(MinicnnWarning, match=f"^augment flip: mirrored images of {name} are other signs, or none$"):
        augmentation("flip").warn(name)


def test_other_images_are_not_warned_of():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        augmentation("flip").warn("fashion-mnist")
        augmentation("rotate").warn("mnist")


def test_principal_components_of_a_set_worked_by_hand():
    """Red and green go together, with twice the spread; blue goes alone: covariance [[4, 4, 0], [4, 4, 0], [0, 0, 1]] / 255^2."""
    images = np.empty((2, 3, 1, 2), np.uint8)
    images[:, 0] = images[:, 1] = [[[10, 10]], [[14, 14]]]
    images[:, 2] = [[[50, 52]], [[52, 50]]]
    first, second, third = np.array(principal_components(images)) * 255**2
    np.testing.assert_allclose(np.abs(first), np.array([8, 8, 0]) / 2**0.5, atol=1e-9)
    assert first[0] * first[1] > 0
    np.testing.assert_allclose(second, [0, 0, 1], atol=1e-9)
    np.testing.assert_allclose(third, 0, atol=1e-9)
    assert PCA(0.1).fitted(images) == PCA(0.1).fitted(images)
    assert PCA(0.1).fitted(images).text == "pca=0.1"


def test_training_sees_changed_images_and_ends_with_the_same_bits_on_any_number_of_threads():
    words = ",".join(word for word in CHANGES if CHANGES[word].__module__.startswith("minicnn.") and word != "flip")

    def trained(threads, augment=words):
        net = zoo.build("lenet", seed=3)
        trainer = minicnn.Trainer(net, SGD(), batch_size=100, threads=threads, seed=5)
        list(trainer.stream(datasets.load("digits"), until_epoch=2, augment=augment))
        return net.parameter_memory.copy()

    one = trained(1)
    np.testing.assert_array_equal(trained(3), one)
    assert np.abs(one - trained(1, "")).max() > 1e-3


@pytest.mark.parametrize("degrees", [0.1 + 0.2, 0.1 / 3, 0.00012345678901234567, 1e-5 / 3, 999999.9])
def test_every_setting_is_read_again_as_it_was(degrees):
    change = Rotate(degrees)
    assert augmentation(change.text) == Augmentation((change,))
