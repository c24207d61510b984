"""Networks on a device whose every launch is executed as compiled PTX, against the same networks on the CPU."""

import os

import pytest

import minicnn
from minicnn import layers as L
from minicnn import zoo
from minicnn.optimizers import SGD, Adam

from . import networks_simulated
from .executed import take_the_device
from .networks_simulated import BODIES, step

FULL = os.environ.get("MINICNN_CUDA_FULL") == "1"


def test_a_step_of_lenet(monkeypatch):
    launched = take_the_device(monkeypatch)
    step(zoo.build("lenet"), 4, SGD(0.1, momentum=0.9))
    print(sorted(launched))


@pytest.mark.parametrize("number", range(len(BODIES)) if FULL else (2, 5, 15))
def test_a_step_with_every_layer(number, monkeypatch):
    take_the_device(monkeypatch)
    shape, body = BODIES[number]
    net = minicnn.Graph(L.Sequential(*body, L.Flatten(), L.Linear(3)), input_shape=shape, seed=number, name=f"body {number}")
    step(net, 5, Adam(0.01) if number % 2 else SGD(0.1), seed=number)
