"""Scenes of digits: sizes, overlaps, boxes that hold the ink, where the digits come from, the same bits everywhere."""

import hashlib
import os

import numpy as np
import pytest

from minicnn.datasets import digit_scenes, load
from minicnn.kernels import box_overlap


@pytest.fixture(scope="module")
def test_split():
    return load("digit-scenes", "test")


def test_what_load_delivers(test_split):
    assert (test_split.images.shape, test_split.images.dtype) == ((500, 1, 96, 96), np.uint8)
    assert (test_split.labels.shape, test_split.labels.dtype, test_split.target) == ((500, 6, 5), np.float32, "boxes")
    assert len(load("digit-scenes")) == 4000


def test_one_to_six_digits_of_12_to_40_pixels_inside_the_canvas(test_split):
    there = test_split.labels[..., 4] >= 0
    assert sorted(set(there.sum(axis=1))) == [1, 2, 3, 4, 5, 6]
    x, y, w, h, k = test_split.labels[there].T
    assert (np.maximum(w, h).min(), np.maximum(w, h).max()) == (12, 40)
    assert (3 * np.minimum(w, h) >= np.maximum(w, h)).all()
    assert x.min() >= 0
    assert y.min() >= 0
    assert (x + w).max() <= 96
    assert (y + h).max() <= 96
    assert set(k) == set(range(10))
    assert (test_split.labels[~there] == -1).all()


def test_overlaps_up_to_three_tenths(test_split):
    overlaps = box_overlap(test_split.labels, test_split.labels)
    pairs = (test_split.labels[:, :, None, 4] >= 0) & (test_split.labels[:, None, :, 4] >= 0) & ~np.eye(6, dtype=bool)
    assert 0.25 < overlaps[pairs].max() <= 0.3 + 1e-6
    assert (overlaps[pairs] > 0.05).sum() > 100


def test_a_box_holds_the_ink_of_its_digit():
    """One digit alone: what is brighter than noise lies in its box and reaches all four sides."""
    images = np.zeros((1, 28, 28), np.uint8)
    images[0, 4:24, 9:19] = 255
    scene, boxes = np.zeros((96, 96), np.uint8), np.full((6, 5), -1, np.float32)
    random = np.random.RandomState(1)
    while (boxes[:, 4] >= 0).sum() != 1:
        boxes[...] = -1
        digit_scenes.draw_scene(random, images, np.array([7]), scene, boxes)
    rows, columns = np.nonzero(scene > digit_scenes.NOISE)
    x, y, w, h, k = boxes[0]
    assert k == 7
    assert (columns.min(), columns.max() + 1, rows.min(), rows.max() + 1) == (x, x + w, y, y + h)


def test_the_same_bits_on_every_machine(test_split):
    content = test_split.images.tobytes() + test_split.labels.astype("<f4").tobytes()
    if test_split.origin == "generated from digits":
        assert hashlib.sha256(content).hexdigest() == "ce50aadf379b6fa62047109629905263773b628880d62e100d87384b7329ae01"


def test_digits_of_mnist_where_they_are():
    folder = os.environ.get("MINICNN_DATA")
    if not folder:
        pytest.skip("MINICNN_DATA is not set: no folder with MNIST's files to draw from")
    scenes = load("digit-scenes", "test", folder)
    assert scenes.origin.startswith("generated from mnist in ")
    assert not np.array_equal(scenes.images, load("digit-scenes", "test").images)
