"""Occlusion of a network that looks at one pixel: only windows that cover it change the answer."""

import numpy as np
import pytest

import minicnn
from minicnn import layers as L
from minicnn.errors import SettingError
from minicnn.views import occlusion


@pytest.fixture
def detector():
    """Class 1 is twice pixel (2, 3), class 0 is 1."""
    net = minicnn.Graph(L.Sequential(L.Flatten(), L.Linear(2)), (1, 5, 6))
    net.parameters["fc1.weight"][...] = 0
    net.parameters["fc1.weight"][1, 2 * 6 + 3] = 2
    net.parameters["fc1.bias"][...] = (1, 0)
    return net


def test_only_windows_over_the_pixel_count(detector):
    x = np.ones((1, 5, 6), np.float32)
    found = occlusion(detector, x, window=2, stride=1)
    assert (found.k, found.score) == (1, 2)
    assert found.probability == pytest.approx(np.exp(2) / (np.exp(2) + np.exp(1)))
    covers = np.zeros((4, 5), bool)
    covers[1:3, 2:4] = True
    assert found.starts == ((0, 1, 2, 3), (0, 1, 2, 3, 4))
    assert ((found.scores == 0) == covers).all()
    assert (found.scores[~covers] == 2).all()
    assert (found.best == np.where(covers, 0, 1)).all()
    assert ((found.drop > 0) == covers).all()
    assert found.drop[covers] == pytest.approx(found.probability - 1 / (1 + np.e))
    assert (x == 1).all()


def test_what_is_lost_per_pixel_is_the_mean_over_the_windows_that_cover_it(detector):
    found = occlusion(detector, np.ones((1, 5, 6), np.float32), window=2, stride=1)
    lost = found.drop.max()
    pixels = found.per_pixel
    assert pixels.shape == (5, 6)
    assert pixels[2, 3] == pytest.approx(lost)  # every window over it covers the pixel that counts
    assert pixels[2, 2] == pytest.approx(lost / 2)
    assert pixels[1, 2] == pytest.approx(lost / 4)
    assert (pixels[:, :2] == 0).all()
    assert np.isnan(occlusion(detector, np.ones((1, 5, 6), np.float32), window=1, stride=3).per_pixel).any()


def test_the_last_window_reaches_the_border(detector):
    found = occlusion(detector, np.ones((1, 5, 6), np.float32), window=(2, 3), stride=2)
    assert found.starts == ((0, 2, 3), (0, 2, 3))
    assert found.scores.shape == (3, 3)


def test_the_usual_window_is_a_fifth_of_the_picture():
    net = minicnn.Graph(L.Sequential(L.GlobalAvgPool(), L.Linear(2)), (3, 40, 28))
    found = occlusion(net, np.zeros((3, 40, 28), np.float32))
    assert found.window == (8, 6)
    assert [len(starts) for starts in found.starts] == [12, 12]
    assert [starts[-1] for starts in found.starts] == [32, 22]


def test_what_a_covered_pixel_holds(detector):
    found = occlusion(detector, np.ones((1, 5, 6), np.float32), 1, window=(5, 6), fill=7.0)
    assert found.scores.tolist() == [[14]]


def test_a_signal():
    net = minicnn.Graph(L.Sequential(L.Flatten(), L.Linear(2)), (1, 7))
    assert occlusion(net, np.ones((1, 7), np.float32), window=3, stride=4).starts == ((0, 4),)


def test_errors(detector):
    x = np.ones((1, 5, 6), np.float32)
    with pytest.raises(SettingError, match="the window covers 6 rows, but the picture has 5"):
        occlusion(detector, x, window=6)
    with pytest.raises(SettingError, match="the class is 2"):
        occlusion(detector, x, 2)
