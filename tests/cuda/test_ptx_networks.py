"""Networks on a device whose every launch is executed as compiled PTX, against the same networks on the CPU."""

import os

import numpy as np
import pytest

import minicnn
from minicnn import layers as L

from . import networks_simulated
from .executed import take_the_device
from .networks_simulated import BODIES

FULL = os.environ.get("MINICNN_CUDA_FULL") == "1"
USUAL = {
    "load_images",
    "gather_tile",
    "reduce_tile",
    "max_pool2d_forward",
    "max_pool_backward",
    "relu_backward",
    "row_sums",
    "softmax_cross_entropy",
    "sgd",
    "advance",
}


LARGER = [networks_simulated.resnet20, networks_simulated.unet] if FULL else []


@pytest.mark.parametrize("network", [networks_simulated.lenet, *LARGER])
def test_a_step_of_a_network(network, monkeypatch):
    launched = take_the_device(monkeypatch)
    network()
    assert network is not networks_simulated.lenet or set(launched) >= USUAL


@pytest.mark.parametrize("number", range(len(BODIES)) if FULL else (2, 5, 8, 15))
def test_a_step_with_every_layer(number, monkeypatch):
    """Without the full run: unshared convolution, batch and response normalization, dropout."""
    take_the_device(monkeypatch)
    shape, body = BODIES[number]
    net = minicnn.Graph(L.Sequential(*body, L.Flatten(), L.Linear(3)), input_shape=shape, seed=number, name=f"body {number}")
    networks_simulated.one_step(net, np.random.default_rng(number).standard_normal((3, *shape)).astype(np.float32), np.arange(3))
