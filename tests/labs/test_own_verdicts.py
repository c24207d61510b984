"""Labs that judge in their own way: the verdict turns where the numbers turn."""

from __future__ import annotations

import numpy as np
import pytest

from minicnn.labs import cost, invariance, mnist1d, permuted, receptive, relu, training
from minicnn.layers import Flatten, Linear, Sequential
from minicnn.network import Graph
from minicnn.optimizers import SGD


@pytest.mark.parametrize(
    ("errors", "verdict"),
    [([0.16, 0.17], "equal"), ([0.10, 0.11], "same effect"), ([0.55, 0.56], "different"), ([0.26, 0.26], "same effect")],
)
def test_a_figure_read_from_a_curve(errors, verdict):
    assert mnist1d.near(0.17, errors) == verdict


def test_the_first_epoch_below_a_bound():
    assert mnist1d.first_epoch(np.array([0.5, 0.02, 0.005, 0.02])) == 3
    assert mnist1d.first_epoch(np.array([0.5, 0.02])) == 3


def test_no_change_is_small_beside_what_the_other_suffers():
    before, suffering = np.array([0.30, 0.31, 0.32]), np.array([0.2, 0.2, 0.2])
    assert permuted.unchanged(before, before + 0.01, suffering) == "same effect"
    assert permuted.unchanged(before, before + 0.2, suffering) == "different"


def test_shuffling_keeps_every_pixel():
    x = np.arange(24, dtype=np.float32).reshape(2, 1, 3, 4)
    order = np.random.default_rng(0).permutation(12)
    y = permuted.shuffled(x, order)
    assert y.shape == x.shape
    assert np.array_equal(np.sort(y.reshape(2, -1)), x.reshape(2, -1))
    assert np.array_equal(y[1] - y[0], np.full((1, 3, 4), 12))


def test_when_a_training_error_is_reached():
    assert relu.epochs_to(np.array([0.5, 0.2, 0.1])) == pytest.approx(1 + 0.25 / 0.3)
    assert relu.epochs_to(np.array([0.1, 0.05])) == pytest.approx(0.65 / 0.8)
    assert relu.epochs_to(np.array([0.5, 0.4])) == 2


def test_where_lines_cross():
    assert cost.crossing((3, 7, 15), (1, 2, 9), (4, 4, 4)) == "quicker from width 15 on"
    assert cost.crossing((3, 7), (1, 2), (4, 4)) == "not quicker at any width here"


def test_the_middle_that_holds_half():
    arriving = np.zeros((receptive.SIZE, receptive.SIZE))
    middle = receptive.SIZE // 2
    arriving[middle, middle], arriving[middle, middle + 3] = 1, 2
    assert receptive.central_half(arriving) == 7
    arriving[middle, middle] = 3
    assert receptive.central_half(arriving) == 1


def test_waldo_is_not_found_by_another_detector(monkeypatch):
    right = invariance.minicnn.kernels.conv2d
    monkeypatch.setattr(invariance.minicnn.kernels, "conv2d", lambda x, weight: right(x, -weight))
    (row,) = invariance.pattern_anywhere()
    assert row.verdict == "different"


def test_a_lost_loss_leaves_nan_and_no_warning():
    net = Graph(Sequential(Flatten(), Linear(8), Linear(8), Linear(3)), (1, 4, 4))
    x, labels = np.random.default_rng(0).normal(size=(64, 1, 4, 4)).astype(np.float32) * 100, np.arange(64) % 3
    errors = training.trained(net, (x, labels), (x, labels), 4, optimizer=SGD(learning_rate=1e6), batch_size=8)
    assert np.isnan(errors.train[-1])
    assert np.isnan(errors.test[-1])
    assert errors.train.shape == (4,)


def test_training_that_learns_has_errors_between_0_and_1():
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 64)
    x = random.normal(size=(64, 1, 4, 4)).astype(np.float32) + labels[:, None, None, None]
    errors = training.trained(Graph(Sequential(Flatten(), Linear(2)), (1, 4, 4)), (x, labels), (x, labels), 5, batch_size=16)
    assert ((errors.train >= 0) & (errors.train <= 1)).all()
    assert errors.test[-1] < errors.train[0]
