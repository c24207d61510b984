"""The Dataset record: what it checks, its figures and its digest."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from minicnn.datasets import Dataset, channel_statistics
from minicnn.errors import DataError

RANDOM = np.random.default_rng(1)
IMAGES = RANDOM.integers(0, 256, (12, 3, 4, 5), dtype=np.uint8)
LABELS = np.arange(12) % 4
CLASSES = ("a", "b", "c", "d")


def test_figures_are_computed_where_none_are_given():
    dataset = Dataset(IMAGES, LABELS, CLASSES)
    scaled = IMAGES / 255
    np.testing.assert_allclose(dataset.mean, scaled.mean(axis=(0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(dataset.std, scaled.std(axis=(0, 2, 3)), rtol=1e-12)
    assert dataset.input_shape == (3, 4, 5)
    assert dataset.class_counts.tolist() == [3, 3, 3, 3]
    assert repr(dataset) == "Dataset('custom' train: 12 images 3x4x5 uint8, 4 classes)"


def test_statistics_over_several_chunks_and_of_floats():
    images = RANDOM.integers(0, 256, (9000, 1, 2, 2), dtype=np.uint8)
    np.testing.assert_allclose(channel_statistics(images), [[(images / 255).mean()], [(images / 255).std()]], rtol=1e-12)
    floats = RANDOM.normal(3, 2, (50, 2, 40)).astype(np.float32)
    mean, std = channel_statistics(floats)
    np.testing.assert_allclose(mean, floats.astype(float).mean(axis=(0, 2)), rtol=1e-12)
    np.testing.assert_allclose(std, floats.astype(float).std(axis=(0, 2)), rtol=1e-12)


def test_a_constant_channel_has_deviation_one():
    assert channel_statistics(np.full((2, 1, 3), 255, np.uint8)) == ((1.0,), (1.0,))


def test_given_figures_are_kept_also_by_a_subset():
    dataset = Dataset(IMAGES, LABELS, CLASSES, mean=(0.1, 0.2, 0.3), std=(1.0, 2.0, 3.0))
    part = dataset.subset(LABELS == 2, split="validation")
    assert (part.mean, part.std, part.split, len(part)) == ((0.1, 0.2, 0.3), (1.0, 2.0, 3.0), "validation", 3)
    np.testing.assert_array_equal(part.images, IMAGES[2::4])
    assert dataset.subset([5, 1]).labels.tolist() == [1, 1]


def test_digest_depends_on_content_alone():
    dataset = Dataset(IMAGES, LABELS, CLASSES)
    strided = np.asfortranarray(IMAGES)
    assert Dataset(strided, LABELS, CLASSES, name="other", mean=(0, 0, 0), std=(1, 1, 1)).digest == dataset.digest
    changed = IMAGES.copy()
    changed[11, 2, 3, 4] ^= 1
    others = [
        Dataset(changed, LABELS, CLASSES),
        Dataset(IMAGES, LABELS[::-1].copy(), CLASSES),
        Dataset(IMAGES, LABELS, (*CLASSES[:3], "e")),
        Dataset(IMAGES.reshape(12, 3, 5, 4), LABELS, CLASSES),
    ]
    assert len({dataset.digest, *(other.digest for other in others)}) == 5


def test_the_record_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Dataset(IMAGES, LABELS, CLASSES).name = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (IMAGES.astype(float), LABELS, "images are float64, expected uint8 or float32"),
        (IMAGES[:, 0, 0, 0], LABELS, r"images have shape \(12,\), expected \(N, C, \*space\)"),
        (IMAGES, LABELS.astype(complex), r"labels are complex128 \(12,\), expected integers \(N,\)"),
        (IMAGES, LABELS.astype(np.uint64) + 2**63, r"labels run from 9223372036854775807 to 9223372036854775807"),
        (IMAGES.astype(np.complex64), LABELS, r"use abs\(images\), or images.real and images.imag as two channels, in float32"),
        (IMAGES, LABELS[:, None], r"labels are int32 \(12, 1\), expected integers \(N, \*space\)"),
        (IMAGES[:11], LABELS, "11 images, but 12 labels"),
        (IMAGES[:0], LABELS[:0], "no pixels"),
        (IMAGES, LABELS + 1, "labels run from 1 to 4, but there are 4 classes, 0 to 3"),
        (IMAGES, LABELS - 1, "labels run from -1 to 2"),
        (IMAGES.tolist(), LABELS, "list and ndarray, expected NumPy arrays"),
    ],
)
def test_what_does_not_fit_is_refused(images, labels, message):
    with pytest.raises(DataError, match=message):
        Dataset(images, labels, CLASSES)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", ">i4", "int32", "uint32", "uint64", ">i8"])
def test_labels_of_any_integer_type_are_taken(dtype):
    dataset = Dataset(IMAGES, LABELS.astype(dtype), CLASSES)
    assert dataset.labels.dtype == np.int64
    assert dataset.labels.tolist() == LABELS.tolist()
    assert dataset.digest == Dataset(IMAGES, LABELS, CLASSES).digest


def test_labels_are_a_copy_that_cannot_be_written_to():
    labels = LABELS.copy()
    dataset = Dataset(IMAGES, labels, CLASSES)
    labels[:] = -(10**7)
    assert dataset.labels.tolist() == LABELS.tolist()
    with pytest.raises(ValueError, match="read-only"):
        dataset.labels[0] = -(10**7)


@pytest.mark.parametrize(
    "given", [{"classes": None}, {"classes": 5}, {"classes": "abcd"}, {"mean": "x"}, {"std": 3}, {"mean": (None,)}], ids=str
)
def test_names_and_figures_are_lists(given):
    with pytest.raises(DataError, match=r"^custom: classes must be a list of names, mean and std one number for each channel: "):
        Dataset(**{"images": IMAGES, "labels": LABELS, "classes": CLASSES, **given})


def test_one_figure_per_channel():
    with pytest.raises(DataError, match="1 means and 3 deviations, but the images have 3 channels"):
        Dataset(IMAGES, LABELS, CLASSES, mean=(0.5,))
