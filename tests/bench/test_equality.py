"""Wrong results are found, whatever their kind."""

from __future__ import annotations

import numpy as np
import pytest

from minicnn.bench.equality import all_alike, relative_error, tolerance

X = np.linspace(-2, 4, 24, dtype=np.float32).reshape(2, 3, 4)


def changed(index, value):
    other = X.copy()
    other[index] = value
    return other


@pytest.mark.parametrize(
    ("ours", "theirs", "error"),
    [
        (X, X, 0),
        (X, changed((1, 2, 3), 4.4), pytest.approx(0.4 / 4.4)),
        (2.0, 2.5, pytest.approx(0.2)),
        (np.zeros(3), np.zeros(3), 0),
        (np.zeros((0, 3)), np.zeros((0, 3)), 0),
        (X, X[:1], np.inf),
        (X, X.reshape(3, 2, 4), np.inf),
        ([X, X], [X, changed((0, 0, 0), -1)], pytest.approx(0.25)),
        ({"a": X, "b": X}, {"b": X, "a": changed((0, 0, 0), -1)}, pytest.approx(0.25)),
    ],
    ids=["same", "one number", "scalars", "zeros", "nothing", "fewer", "another shape", "two arrays", "by name"],
)
def test_relative_error(ours, theirs, error):
    assert relative_error(ours, theirs) == error


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_never_agrees(value):
    assert not relative_error(X, changed((0, 1, 2), value)) <= 1e9
    assert not relative_error(changed((0, 1, 2), value), X) <= 1e9
    assert not relative_error(changed((0, 1, 2), value), changed((0, 1, 2), value)) <= 1e9


def test_an_array_of_noise_is_measured_against_the_largest():
    """The gradient of a bias before batch normalization is 0; what is computed is rounding."""
    assert relative_error({"weight": X, "bias": np.float32([1e-8])}, {"weight": X, "bias": np.float32([-2e-8])}) < 1e-5
    assert relative_error({"bias": np.float32([1e-8])}, {"bias": np.float32([-2e-8])}) == pytest.approx(1.5)


def test_tolerance_grows_like_the_square_root():
    assert tolerance(1) == tolerance(100) == 1e-5
    assert tolerance(1_000_000) == pytest.approx(1e-3)


def test_all_alike():
    assert all_alike(iter([X, X, X]), 1e-5).holds
    assert not all_alike(iter([X, X, changed((0, 0, 0), 9)]), 1e-5).holds
    assert all_alike(iter([X, None, changed((0, 0, 0), 9)]), 1e-5).error > 1
    assert all_alike(iter([X, None]), 1e-5) is None
    assert all_alike(iter([None, X, X]), 1e-5) is None
