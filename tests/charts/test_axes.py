"""Ticks that can be counted by, axes that hold every number."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn.charts import Bars, Chart, Line
from minicnn.charts.axes import axis, between, frame


def labels(found):
    return [tick.label for tick in found.ticks]


@pytest.mark.parametrize(
    ("low", "high", "log", "expected"),
    [
        (0, 1, False, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (1, 20, False, ["5", "10", "15", "20"]),
        (0, 12000, False, ["0", "5,000", "10,000"]),
        (0, 1e7, False, ["0", "2e6", "4e6", "6e6", "8e6", "10e6"]),
        (0, 2e-5, False, ["0", "5e-6", "10e-6", "15e-6", "20e-6"]),
        (-0.1, 0.1, False, ["-0.10", "-0.05", "0.00", "0.05", "0.10"]),
        (1e-6, 10, True, ["1e-6", "0.0001", "0.01", "1"]),
        (1, 1000, True, ["1", "10", "100", "1,000"]),
        (1, 9, True, ["1", "2", "5"]),
        (0.5, 0.9, True, ["0.5", "0.6", "0.7", "0.8", "0.9"]),
    ],
)
def test_ticks_are_steps_that_a_reader_counts_by(low, high, log, expected):
    assert labels(between(low, high, 5, log)) == expected


def test_between_whole_numbers_there_are_no_ticks():
    assert labels(axis(np.array([1.0, 2, 3]), 9, log=False, loose=False)) == ["1", "2", "3"]


@given(st.lists(st.floats(-1e30, 1e30), min_size=1, max_size=5), st.booleans(), st.booleans())
def test_every_number_lies_between_the_ends(values, log, loose):
    numbers = np.array([abs(value) + 1e-30 if log else value for value in values])
    found = axis(numbers, 5, log, loose)
    places = found.places(numbers)
    assert (places >= -1e-6).all()
    assert (places <= 1 + 1e-6).all()
    at = found.places([tick.value for tick in found.ticks])
    assert (np.diff(at) > 0).all()
    assert len(set(labels(found))) == len(found.ticks) <= 12


def test_what_is_not_finite_or_not_positive_has_no_place():
    assert np.isnan(between(1, 10, 5, log=True).places([0, -1, np.nan, np.inf])).all()
    assert np.isnan(between(1, 10, 5, log=False).places([np.nan, -np.inf])).all()


def test_bars_start_at_zero_and_stand_inside():
    axes = frame(Chart("", (Bars("", [1, 2, 4], [5, 6, 7]),)), 5, 5)
    assert (axes.x.low, axes.x.high, axes.y.low) == (0.5, 4.5, 0)
    words = frame(Chart("", (Bars("", ["a", "b"], [-1, 2]), Line("", [0, 1], [3, 3]))), 5, 5)
    assert labels(words.x) == list(words.words) == ["a", "b"]
    assert (words.y.low, words.y.high) == (-1, 3)
