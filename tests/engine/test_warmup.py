"""Plans made ahead are those that forward and predict use."""

import numpy as np
import pytest

from minicnn import datasets, engine, zoo
from minicnn.errors import ShapeError
from minicnn.train import Trainer


@pytest.mark.parametrize("batch", [1, 5, 16, 700])
def test_forward_after_it_makes_no_plan(batch, monkeypatch):
    net = zoo.build("lenet")
    net.warmup((batch, 1, 28, 28))
    monkeypatch.setattr(engine, "new_plan", lambda *args, **named: pytest.fail("a plan was made"))
    x = np.random.default_rng(0).standard_normal((batch, 1, 28, 28)).astype(np.float32)
    assert net.forward(x).shape == (batch, 10)


def test_predict_of_a_trained_network_after_it_makes_no_plan(monkeypatch):
    net = zoo.build("lenet", input_shape=(1, 16, 16))
    data = datasets.load("digits")
    Trainer(net, batch_size=256).prepare(data)
    net.warmup((4, 1, 16, 16))
    monkeypatch.setattr(engine, "new_plan", lambda *args, **named: pytest.fail("a plan was made"))
    assert net.predict(data.images[:4]).shape == (4, 10)


@pytest.mark.parametrize("shape", [(1, 28, 28), (0, 1, 28, 28), (2, 3, 28, 28), 5, (2.0, 1, 28, 28), (True, 1, 28, 28), None])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ShapeError, match=r"^warmup: the shape is .*, but lenet takes images of 1 x 28 x 28\n  wanted  \(N, 1, 28, 28\)"):
        zoo.build("lenet").warmup(shape)
