"""What a page trains: its bytes become the numbers that training in Python sees."""

import base64
import zlib

import numpy as np
import pytest

from minicnn import zoo
from minicnn.datasets import load
from minicnn.page.tasks import image_task, signal_task
from minicnn.preparation import Preparation


def held(task):
    """The training images that a page holds, as bytes."""
    data = task["data"]
    raw = base64.b64decode(data["train"]["images"])
    count = data["train"]["count"] * int(np.prod(data["shape"]))
    if len(raw) != count:
        raw = zlib.decompress(raw, -15)
    return np.frombuffer(raw, np.uint8).reshape(-1, *data["shape"])


@pytest.mark.parametrize("name", ["signals", "mnist1d"])
def test_signals_are_prepared_from_bytes_as_from_floats(name):
    train, test = load("mnist1d"), load("mnist1d", "test")
    task = signal_task() if name == "signals" else image_task(zoo.build("mnist1d-cnn"), train, test)
    pixels, used = held(task), task["network"]["preparation"]
    seen = pixels * used["scale"][0] + used["shift"][0]
    true = Preparation.of(train, (1, 40))
    wanted = train.images[: len(pixels)] * true.scale[0] + true.shift[0]
    half_a_step = task["data"]["step"] * true.scale[0] / 2
    assert np.abs(seen - wanted).max() < 1.01 * half_a_step
