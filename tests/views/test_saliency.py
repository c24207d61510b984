"""Saliency is the gradient of a class's score: compared with central differences, and by hand."""

import numpy as np
import pytest

import minicnn
from minicnn import layers as L
from minicnn.errors import SettingError
from minicnn.views import saliency


@pytest.mark.parametrize("k", [0, 2])
def test_saliency_is_the_numeric_gradient(k):
    body = L.Sequential(L.Conv2D(3, 3, padding=1), L.BatchNorm2D(), L.Tanh(), L.AvgPool2D(2), L.Flatten(), L.Dropout(0.5), L.Linear(3))
    net = minicnn.Graph(body, (2, 4, 4), seed=5)
    x = np.random.default_rng(1).standard_normal((2, 4, 4))
    found = saliency(net, x, k)
    numeric = np.empty_like(x)
    for place in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[place] = 1e-5
        up, down = (net.forward((x + sign * step)[None])[0, k] for sign in (1, -1))
        numeric[place] = (up - down) / 2e-5
    assert found.gradient == pytest.approx(numeric, rel=1e-6, abs=1e-9)
    assert (found.map == np.abs(found.gradient).max(axis=0)).all()
    assert found.score == net.forward(x[None])[0, k]


def test_saliency_of_a_fully_connected_layer_is_its_weights():
    net = minicnn.Graph(L.Sequential(L.Flatten(), L.Linear(3)), (1, 2, 3))
    x = np.random.default_rng(2).standard_normal((1, 2, 3)).astype(np.float32)
    found = saliency(net, x)
    assert found.k == int(net.forward(x[None]).argmax())
    assert found.gradient.ravel() == pytest.approx(net.parameters["fc1.weight"][found.k])


def test_a_network_that_answers_for_places_has_its_scores_summed():
    net = minicnn.Graph(L.Conv2D(2, 1), (1, 3, 3))
    net.parameters["conv1.weight"][...] = np.array([2.0, -3.0]).reshape(2, 1, 1, 1)
    found = saliency(net, np.ones((1, 3, 3), np.float32), 1)
    assert (found.gradient == -3).all()
    assert (found.map == 3).all()
    assert found.score == pytest.approx(-27)


def test_there_is_no_such_class():
    net = minicnn.Graph(L.Sequential(L.Flatten(), L.Linear(3)), (1, 2, 2))
    with pytest.raises(SettingError, match="has 3 classes, so that the last is 2, but the class is 3"):
        saliency(net, np.zeros((1, 2, 2), np.float32), 3)
