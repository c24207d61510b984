"""MNIST-1D from its recipe: facts that the authors' frozen set has, and that set itself where it is at hand."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from minicnn.datasets import load, mnist1d


@pytest.fixture(scope="module")
def generated() -> tuple[np.ndarray, np.ndarray]:
    return mnist1d.generate()


def test_labels_are_the_reference_ones(generated):
    _, y = generated
    assert y[:10].tolist() == [2, 6, 4, 5, 6, 6, 6, 0, 3, 1]
    assert np.bincount(y[:4000]).tolist() == [398, 396, 411, 394, 394, 402, 401, 404, 402, 398]
    assert np.bincount(y[4000:]).tolist() == [102, 104, 89, 106, 106, 98, 99, 96, 98, 102]


def test_signals_have_the_reference_moments(generated):
    x, _ = generated
    assert abs(x.mean()) < 1e-12
    assert abs(x.std() - 1) < 1e-12
    figures = (x[:4000].mean(), x[:4000].std(), x[4000:].mean(), x[4000:].std())
    np.testing.assert_allclose(figures, (-0.000324, 0.997648, 0.001295, 1.009352), atol=5e-7)  # six decimals are published


def test_load_delivers_signals_as_float32(generated):
    x, y = generated
    for split, rows in (("train", slice(4000)), ("test", slice(4000, None))):
        dataset = load("mnist1d", split)
        assert dataset.images.dtype == np.float32
        np.testing.assert_array_equal(dataset.images[:, 0], x[rows].astype(np.float32))
        np.testing.assert_array_equal(dataset.labels, y[rows])
    assert dataset.input_shape == (1, 40)
    assert (dataset.mean, dataset.std, dataset.origin) == ((0.0,), (1.0,), "generated")


def test_another_seed_gives_other_signals(generated):
    x, _ = mnist1d.generate(seed=43)
    assert np.abs(x - generated[0]).max() > 0.1


def test_templates_start_and_end_at_zero():
    templates = mnist1d.normalised_templates()
    np.testing.assert_allclose(templates[:, [0, -1]], 0, atol=1e-15)
    np.testing.assert_allclose(templates.std(axis=1), 1 / 6, rtol=1e-12)


def test_smoothing_keeps_a_constant_and_mirrors_the_ends():
    matrix = mnist1d.smoothing_matrix()
    np.testing.assert_allclose(matrix @ np.ones(72), 1, rtol=1e-12)
    weights = np.exp(-(np.arange(-8, 9) ** 2) / 8)
    np.testing.assert_allclose(matrix[0, :2] * weights.sum(), [weights[8] + weights[7], weights[9] + weights[6]], rtol=1e-12)


def test_the_frozen_reference_set(generated):
    folder = os.environ.get("MINICNN_DATA")
    if not folder:
        pytest.skip("MINICNN_DATA is not set: no folder with mnist1d/mnist1d.npz to compare with")
    with np.load(Path(folder) / "mnist1d" / "mnist1d.npz", allow_pickle=False) as frozen:
        np.testing.assert_array_equal(generated[1], np.concatenate([frozen["y"], frozen["y_test"]]))
        # A few roundings of values below 5 add up to some 1e-15; 1e-13 leaves room for other libraries' exp and sums.
        np.testing.assert_allclose(generated[0], np.concatenate([frozen["x"], frozen["x_test"]]), rtol=0, atol=1e-13)
        np.testing.assert_array_equal(mnist1d.normalised_templates(), frozen["templates"])
