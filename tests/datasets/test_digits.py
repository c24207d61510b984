"""The embedded digits: content, scaling of the values, the held-out fifth."""

from __future__ import annotations

import hashlib

import numpy as np

from minicnn.datasets import channel_statistics, load
from minicnn.datasets.catalog import RECORDS
from minicnn.datasets.digits import held_out, read_stored


def test_the_stored_values_are_the_published_ones():
    images, labels = read_stored()
    assert images.shape == (1797, 8, 8)
    assert (int(images.min()), int(images.max())) == (0, 16)
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert labels[:12].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]
    assert images[0, 0].tolist() == [0, 0, 5, 13, 9, 1, 0, 0]
    assert hashlib.sha256(images.tobytes()).hexdigest() == "8f26b2bd9d135c256808f68f14fdabddde6d9c7f869ae419704b051f0f14b3b3"


def test_a_fifth_is_held_out_of_every_class():
    train, test = load("digits"), load("digits", "test")
    assert (len(train), len(test)) == (1438, 359)
    assert test.class_counts.tolist() == [36, 36, 35, 37, 36, 36, 36, 36, 35, 36]
    assert (train.class_counts + test.class_counts).sum() == 1797
    _, labels = read_stored()
    mask = held_out(labels)
    zeros = np.flatnonzero(labels == 0)
    assert np.flatnonzero(mask[zeros])[:3].tolist() == [2, 7, 12]


def test_no_image_is_in_both_parts_by_position():
    images, labels = read_stored()
    train, test = load("digits"), load("digits", "test")
    together = np.empty((1797, 8, 8), np.uint8)
    together[held_out(labels)], together[~held_out(labels)] = test.images[:, 0], train.images[:, 0]
    np.testing.assert_array_equal(together, np.rint(images * (255 / 16) + 1e-9))


def test_values_and_shape_are_those_of_images():
    train = load("digits")
    assert train.images.dtype == np.uint8
    assert train.input_shape == (1, 8, 8)
    assert sorted(np.unique(train.images).tolist())[-3:] == [223, 239, 255]  # 14, 15 and 16 sixteenths of 255
    assert train.origin == "embedded"
    assert train.classes == tuple("0123456789")


def test_the_catalog_has_its_mean_and_deviation():
    mean, std = channel_statistics(load("digits").images)
    np.testing.assert_allclose(RECORDS["digits"].mean, mean, atol=5e-7)  # half of the last digit that is written down
    np.testing.assert_allclose(RECORDS["digits"].std, std, atol=5e-7)


def test_the_content_never_changes():
    assert load("digits").digest == load("digits").digest == "882866277c65937c95a8912385a4ae22e12afcabdc7c45d96aa4d271fa7e0b38"
    assert load("digits", "test").digest == "c04d83753432b6108d39a145bb0ba88e734a7b3211219ecb2b7f0488425c8602"
