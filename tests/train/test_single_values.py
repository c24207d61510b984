"""A batch of one image through batch normalization over flat features or maps of one pixel: no variance, so nothing follows it."""

import warnings

import numpy as np
import pytest

import minicnn
from minicnn import layers as L
from minicnn.datasets import Dataset
from minicnn.errors import MinicnnWarning
from minicnn.optimizers import SGD
from minicnn.train import Trainer

FLAT = L.Sequential(L.Flatten(), L.BatchNorm1D(), L.Linear(2))
PIXEL = L.Sequential(L.Conv2D(6, 3), L.BatchNorm2D(), L.Conv2D(6, 2), L.BatchNorm2D(), L.Flatten(), L.Linear(2))
WORDS = "^a batch of one image gives bn[12] a single number in each channel"


def data(images):
    x = np.random.default_rng(0).standard_normal((images, 4, 4, 4)).astype(np.float32)
    return Dataset(x, (np.arange(images) % 2).astype(np.int64), ("a", "b"), mean=(0.0,) * 4, std=(1.0,) * 4)


def trainer_of(body, batch_size=128):
    net, still = minicnn.Graph(body, input_shape=(4, 4, 4)), SGD(learning_rate=0.0, momentum=0.0, weight_decay=0.0)
    return Trainer(net, still, batch_size=batch_size, threads=1)


@pytest.mark.filterwarnings("ignore::minicnn.errors.LearningWarning")  # with a rate of 0
@pytest.mark.parametrize(("body", "name"), [(FLAT, "bn1"), (PIXEL, "bn2")])
def test_running_statistics_do_not_follow_a_last_batch_of_one(body, name):
    """129 images in batches of 128: as if the last were not there."""
    trainer = trainer_of(body)
    with pytest.warns(MinicnnWarning, match=WORDS) as caught:
        trainer.fit(data(129), epochs=30)
    assert sum("a single number" in str(each.message) for each in caught) == 1  # once a run
    variance = trainer.net.arrays[f"{name}.running_var"]
    assert trainer.batch == 0
    assert variance.min() > (0.6 if body is FLAT else 0.001)  # of numbers of variance 1, and of means of four of their sums


def test_the_rest_of_the_network_follows():
    """Maps of several pixels have a variance even in a batch of one image."""
    trainer = trainer_of(PIXEL)
    before = trainer.net.arrays["bn1.running_var"].copy()
    with pytest.warns(MinicnnWarning, match=WORDS):
        trainer.step(data(1).images, data(1).labels)
    assert (trainer.net.arrays["bn1.running_var"] != before).all()
    assert (trainer.net.arrays["bn2.running_var"] == 1).all()
    assert (trainer.net.arrays["bn2.running_mean"] == 0).all()


@pytest.mark.parametrize(("images", "batch_size"), [(128, 64), (130, 128), (2, 2)])
def test_no_warning_without_reason(images, batch_size):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trainer_of(FLAT, batch_size).fit(data(images), epochs=1)


def test_steps_warn_once():
    trainer, one = trainer_of(FLAT), data(1)
    with pytest.warns(MinicnnWarning):
        trainer.step(one.images, one.labels)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trainer.step(one.images, one.labels)


@pytest.mark.parametrize("body", [FLAT, PIXEL])
def test_gradient_of_one_image_is_that_of_the_textbook(body):
    net, one = minicnn.Graph(body, input_shape=(4, 4, 4)), data(1)
    loss, gradients = net.backward(one.images, one.labels)
    wanted_loss, wanted = net.backward(one.images.astype(np.float64), one.labels)
    assert loss == pytest.approx(wanted_loss, abs=1e-5)
    for name, gradient in gradients.items():
        np.testing.assert_allclose(gradient, wanted[name], atol=1e-5)
