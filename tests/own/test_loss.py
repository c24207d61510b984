"""A loss of one's own in one file: settings, and two loops."""

import json

import numpy as np
import pytest

import minicnn
from minicnn import layers as L
from minicnn.errors import MinicnnError
from minicnn.losses import LOSSES, Loss
from minicnn.losses.base import build_loss


def quantile_forward(loss_per_image, y, target, share):
    N, F = y.shape
    for n in range(N):
        total = np.float64(0.0)
        for f in range(F):
            low = np.float64(target[n, f]) - y[n, f]
            total += share * low if low > 0.0 else (share - 1.0) * low
        loss_per_image[n] = total


def quantile_backward(dy, dloss_per_image, y, target, share):
    N, F = y.shape
    for n in range(N):
        for f in range(F):
            dy[n, f] = dloss_per_image[n] * (-share if target[n, f] > y[n, f] else 1.0 - share)


class Quantile(Loss):
    """Being too low costs `share`, being too high 1 - share: the best guess is that quantile.  Koenker, Bassett, "Regression quantiles", 1978."""

    share: float = 0.5

    forward = quantile_forward
    backward = quantile_backward


NET = minicnn.Graph(L.Sequential(L.Flatten(), L.Linear(1)), (1, 1, 3), seed=0)


def test_by_hand():
    y, labels = np.array([[1.0], [1.0]]), np.array([[2.0], [0.0]])
    assert Quantile(share=0.9).value(y, labels) == pytest.approx((0.9 + 0.1) / 2)
    np.testing.assert_allclose(Quantile(share=0.9).gradient(y, labels), [[-0.45], [0.05]])


def test_it_runs_in_the_engine_and_learns_a_quantile():
    x, labels = np.zeros((100, 1, 1, 3), np.float32), np.arange(100.0, dtype=np.float32)[:, None] / 100
    for _ in range(300):
        _, gradients = NET.backward(x, labels, loss=Quantile(share=0.8))
        for name, gradient in gradients.items():
            NET.parameters[name][...] -= 0.05 * gradient
    assert NET.forward(x[:1])[0, 0] == pytest.approx(0.8, abs=0.05)


def test_a_file_of_its_network_is_read_with_its_class(tmp_path, monkeypatch):
    x, labels = np.zeros((4, 1, 1, 3), np.float32), np.zeros((4, 1), np.float32)
    net = minicnn.Graph(L.Sequential(L.Flatten(), L.Linear(1)), (1, 1, 3), seed=0)
    minicnn.Trainer(net, loss=Quantile(share=0.8)).fit((x, labels), epochs=1, progress=False)
    net.save(tmp_path / "net.safetensors")
    monkeypatch.delitem(LOSSES, "Quantile")  # as in a process that does not define it
    with pytest.raises(MinicnnError, match="there is no loss"):
        minicnn.load(tmp_path / "net.safetensors")
    assert minicnn.load(tmp_path / "net.safetensors", custom_objects=[Quantile]).trained_on.loss == Quantile(share=0.8)


def forgetful_forward(loss_per_image, y, target, weight):
    for n in range(len(y)):
        loss_per_image[n] = weight * (y[n, 0] - target[n, 0])


def forgetful_backward(dy, dloss_per_image, y, target):
    for n in range(len(y)):
        dy[n, 0] = dloss_per_image[n]


class Forgetful(Loss):
    forward = forgetful_forward
    backward = forgetful_backward


def test_what_a_loop_asks_for_and_nobody_knows_is_named():
    with pytest.raises(MinicnnError, match="Forgetful: the loop forgetful_forward asks for 'weight', which is no array or setting of it"):
        Forgetful().value(np.zeros((1, 1)), np.zeros((1, 1)))


def weighted_forward(loss_per_image, y, target, w):
    N, F = y.shape
    for n in range(N):
        total = np.float64(0.0)
        for f in range(F):
            total += w[f] * (y[n, f] - target[n, f]) ** 2
        loss_per_image[n] = total


def weighted_backward(dy, dloss_per_image, y, target, w):
    N, F = y.shape
    for n in range(N):
        for f in range(F):
            dy[n, f] = dloss_per_image[n] * 2.0 * w[f] * (y[n, f] - target[n, f])


class Weighted(Loss):
    """A squared error whose outputs weigh differently."""

    w: tuple[float, ...] = (1.0,)

    forward = weighted_forward
    backward = weighted_backward


@pytest.mark.parametrize("w", [(1.0, 3.0), [1.0, 3.0], np.array([1.0, 3.0])], ids=["tuple", "list", "array"])
def test_a_setting_may_be_several_numbers_in_any_form(w):
    net, loss = minicnn.Graph(L.Linear(2), (3,), seed=0), Weighted(w=w)
    x, target = np.ones((4, 3), np.float32), np.zeros((4, 2), np.float32)
    assert net.backward(x, target, loss=loss)[0] == pytest.approx(float((net.forward(x)[0].astype(float) ** 2) @ [1, 3]))
    assert build_loss(json.loads(json.dumps(loss.describe()))) == loss
