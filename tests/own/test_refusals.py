"""Own layers and optimizers of the wrong form are refused in plain words."""

import pytest

from minicnn import layers as L
from minicnn.errors import SettingError
from minicnn.optimizers import Optimizer
from minicnn.optimizers.base import OPTIMIZERS


def test_settings_that_no_file_would_keep_are_refused():
    class Sloped(L.Layer, registered=False):
        def __init__(self, slope):
            self.slope = slope

    with pytest.raises(SettingError, match=r"^Sloped: slope would be no setting\n  write @dataclass"):
        Sloped(2.0)


def bare(weight, gradient, learning_rate):
    for i in range(weight.size):
        weight[i] -= learning_rate * gradient[i]


def test_settings_that_are_missing_are_asked_for():
    with pytest.raises(SettingError, match=r"^Heavy: mu is no setting without its type: write mu: float = 0\.9"):

        class Heavy(Optimizer):
            mu = 0.9

    class Bare(Optimizer):
        update = bare

    del OPTIMIZERS["bare"]
    with pytest.raises(SettingError, match=r"^Bare needs its learning_rate: Bare\(learning_rate="):
        Bare()
