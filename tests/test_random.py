"""Streams of random numbers: named, reproducible, independent."""

import subprocess
import sys

import numpy as np
import pytest

from minicnn.errors import SettingError
from minicnn.random import draw_parameter, generator


def test_a_name_and_a_seed_give_the_same_stream_everywhere():
    program = "from minicnn.random import generator; print(generator(7, 'shuffle', 3).integers(2**62))"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": "5"})
    assert int(told.stdout) == generator(7, "shuffle", 3).integers(2**62) == 201121711326079541


def test_other_names_and_seeds_give_other_streams():
    keys = [(0, "a"), (1, "a"), (0, "b"), (0, "a", 0), (0, "a", 1), (0, "a", "b"), (0, "ab"), (2**31, "a")]
    assert len({generator(*key).integers(2**62) for key in keys}) == len(keys)


def test_he_is_uniform_with_variance_two_over_fan_in():
    weights = np.empty(100_000, dtype=np.float32)
    draw_parameter(weights, "conv1.weight", "he", 50, seed=0)
    limit = np.sqrt(6 / 50)
    assert abs(weights).max() <= limit
    assert abs(weights).max() > 0.999 * limit
    assert abs(weights.mean()) < 5 * np.sqrt(2 / 50 / 100_000)  # five standard errors of a mean
    assert weights.var() == pytest.approx(2 / 50, rel=0.02)


@pytest.mark.parametrize(("init", "value"), [("zeros", 0), ("ones", 1)])
def test_constant_inits(init, value):
    out = np.full(5, np.nan, dtype=np.float32)
    draw_parameter(out, "bias", init, 50, seed=0)
    assert (out == value).all()


def test_unknown_init():
    with pytest.raises(SettingError, match=r"^bias: init 'glorot' is not one of he, he/10, zeros, ones$"):
        draw_parameter(np.empty(5, dtype=np.float32), "bias", "glorot", 50, seed=0)
