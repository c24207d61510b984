"""Verdicts follow the numbers: where these turn, the verdict turns."""

from __future__ import annotations

import numpy as np
import pytest

from minicnn.labs import effect, percent, same


@pytest.mark.parametrize(
    ("claimed", "measured", "within", "verdict"),
    [
        (25, 25, 0, "equal"),
        (25, 24, 0, "different"),
        ([1, 2, 3], [1, 2, 3], 0, "equal"),
        ([1, 2, 3], [1, 2, 4], 0, "different"),
        ([1, 2, 3], [1, 2], 0, "different"),
        (0, 1e-7, 1e-6, "equal"),
        (0, 1e-5, 1e-6, "different"),
        (0, float("nan"), 1e-6, "different"),
    ],
)
def test_same(claimed, measured, within, verdict):
    assert same(claimed, measured, within) == verdict


@pytest.mark.parametrize(
    ("smaller", "larger", "by", "verdict"),
    [
        (0.1, 0.3, 0, "same effect"),
        (0.3, 0.1, 0, "different"),
        (0.1, 0.1, 0, "not seen"),
        (0.10, 0.12, 0.05, "not seen"),
        (0.12, 0.10, 0.05, "not seen"),
        (0.10, 0.16, 0.05, "same effect"),
        (0.16, 0.10, 0.05, "different"),
        (0.1, float("inf"), 0.05, "same effect"),
        (float("inf"), 0.1, 0.05, "different"),
        (float("nan"), 0.1, 0, "not seen"),
    ],
)
def test_effect_of_one_measurement(smaller, larger, by, verdict):
    assert effect(smaller=smaller, larger=larger, by=by) == verdict


def test_an_effect_over_seeds_must_exceed_chance():
    calm, wild = [0.20, 0.21, 0.19], [0.10, 0.40, 0.13]
    assert effect(smaller=[0.1, 0.1, 0.1], larger=calm) == "same effect"
    assert effect(smaller=calm, larger=[0.1, 0.1, 0.1]) == "different"
    assert effect(smaller=[0.1, 0.1, 0.1], larger=wild) == "not seen"


def test_seeds_are_compared_in_pairs():
    """Some seeds are hard for both."""
    hard = np.array([0.1, 0.3, 0.5])
    assert effect(smaller=hard, larger=hard + np.array([0.04, 0.05, 0.06])) == "same effect"
    assert effect(smaller=hard, larger=hard[::-1] + 0.05) == "not seen"


def test_percent():
    assert percent(0.1024) == "10.2 %"
    assert percent([0.1, 0.12]) == "11.0 ± 1.4 %"
