"""A long training of a pair that nobody tried is announced: its time, and what suits the data."""

from __future__ import annotations

import numpy as np
import pytest

from minicnn import zoo
from minicnn.datasets import from_arrays, load
from minicnn.zoo import suitability


def peak():
    return 250e9


def test_a_large_network_on_small_pictures():
    net = zoo.build("alexnet", 10, (1, 227, 227))
    first, second = suitability.warning(net, load("digits"), 40, peak).splitlines()
    assert first == (
        "alexnet has no recipe for digits, whose images of 1 x 8 x 8 are enlarged to 1 x 227 x 227: 40 epochs will take about 30 minutes"
    )
    assert second.startswith("  what suits digits: ")
    for name, accuracy in (part.split(" (") for part in second.removeprefix("  what suits digits: ").split("), ")):
        assert f"{100 * zoo.find(name).recipe.on('digits').accuracy[0]:.1f} %" in accuracy


def test_the_time_grows_with_images_and_epochs_and_shrinks_with_speed():
    def told(epochs, speed=250e9, count=1438):
        images = np.zeros((count, 1, 8, 8), np.uint8)
        data = from_arrays(images, np.arange(count) % 10, name="mine")
        return suitability.warning(zoo.build("alexnet", 10, (1, 227, 227)), data, epochs, lambda: speed).split(" about ")[1].split("\n")[0]

    assert told(40) == "30 minutes"
    assert told(80) == told(40, count=2 * 1438) == told(40, 125e9) == "60 minutes"
    assert told(400) == "5 hours"
    assert told(4000) == "2 days"


@pytest.mark.parametrize(
    ("name", "shape", "data", "epochs"),
    [
        ("lenet", (1, 28, 28), "digits", 10_000),  # it has a recipe for them
        ("lenet", (1, 28, 28), "mine", 10),  # nobody waits for it
        ("alexnet", (1, 227, 227), "digits", 1),
    ],
)
def test_nothing_is_said_where_all_is_well(name, shape, data, epochs):
    digits = load("digits")
    given = digits if data == "digits" else from_arrays(digits.images, digits.labels, name="mine")
    assert suitability.warning(zoo.build(name, 10, shape), given, epochs, peak) is None


def test_data_that_nobody_tried():
    assert suitability.suggestion("mine") == "no network was tried on mine; 'minicnn recipes' shows what was"
