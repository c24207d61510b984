"""Streams of random numbers: named, reproducible, independent."""

import hashlib
import math
import subprocess
import sys

import numpy as np
import pytest

from minicnn.errors import SettingError
from minicnn.random import _log, draw_parameter, generator, normal


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
    with pytest.raises(SettingError, match=r"^bias: init 'xavier' is not known\n  use one of he, glorot, lecun, he-uniform"):
        draw_parameter(np.empty(5, dtype=np.float32), "bias", "xavier", 50, seed=0)


VARIANCES = [
    ("he-uniform", 2 / 50),
    ("he-normal", 2 / 50),
    ("glorot-uniform", 2 / 80),
    ("glorot-normal", 2 / 80),
    ("lecun-uniform", 1 / 50),
    ("lecun-normal", 1 / 50),
    ("gaussian=0.3", 0.09),
]


@pytest.mark.parametrize(("init", "variance"), VARIANCES)
def test_variances(init, variance):
    weights = np.empty(200_000, dtype=np.float32)
    draw_parameter(weights, "conv1.weight", init, 50, seed=3, fan_out=30)
    z = weights / np.sqrt(variance)
    assert abs(z.mean()) < 5 / np.sqrt(z.size)  # five standard errors
    assert z.var() == pytest.approx(1, rel=0.02)
    assert (z**4).mean() == pytest.approx(9 / 5 if init.endswith("uniform") else 3, rel=0.05)
    again = np.empty(200_000, dtype=np.float32)
    draw_parameter(again, "conv1.weight", init, 50, seed=3, fan_out=30)
    assert again.tobytes() == weights.tobytes()


def test_normal_numbers_are_normal_to_their_ends_and_the_same_everywhere():
    numbers = normal(100_001, generator(5, "normal"))
    expected = [(1 + math.erf(z / math.sqrt(2))) / 2 for z in np.sort(numbers).tolist()]
    far = np.abs(expected - (np.arange(len(numbers)) + 0.5) / len(numbers)).max()
    assert far < 1.95 / np.sqrt(len(numbers))  # Kolmogorov and Smirnov: one draw of a thousand is farther off
    assert abs(numbers).max() > 3.9
    own = hashlib.sha256(normal(1000, generator(1, "bits")).astype("<f8").tobytes()).hexdigest()
    assert own == "b0b23b081b13a1e41459fcc9ffab1bda3f8dc6a2341abf3df5cf70b0b3e7b106"


def test_logarithm_is_that_of_the_library():
    x = np.concatenate([np.linspace(1e-12, 1, 100_001), 2.0 ** -np.arange(60), [0.70710678, 0.5, 1 - 2**-53]])
    assert np.abs(_log(x) - np.log(x)).max() < 3e-15 * np.abs(np.log(x)).max()


@pytest.mark.parametrize("shape", [(6, 20), (20, 6), (7, 7), (1, 5), (5, 1), (4, 3, 3, 3)])
@pytest.mark.parametrize("gain", [1.0, 1.4])
def test_orthogonal_rows_or_columns(shape, gain):
    weights = np.empty(int(np.prod(shape)), dtype=np.float32)
    draw_parameter(weights, "fc1.weight", f"orthogonal={gain}", 5, seed=0, rows=shape[0])
    matrix = weights.reshape(shape[0], -1).astype(float)
    short = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    assert np.abs(short @ short.T - gain**2 * np.eye(len(short))).max() < 1e-6


def test_orthogonal_weights_have_no_favourite_direction():
    drawn = []
    for seed in range(400):
        weights = np.empty(16, dtype=np.float32)
        draw_parameter(weights, "w", "orthogonal=1", 4, seed=seed, rows=4)
        drawn.append(weights)
    z = np.array(drawn) * 2  # variance 1/4 each
    assert np.abs(z.mean(axis=0)).max() < 5 / np.sqrt(400)
    assert np.abs(z.var(axis=0) - 1).max() < 0.3


def test_orthogonal_weights_are_the_same_everywhere():
    weights = np.empty(120, dtype=np.float32)
    draw_parameter(weights, "fc1.weight", "orthogonal=1.0", 5, seed=0, rows=6)
    assert hashlib.sha256(weights.astype("<f4").tobytes()).hexdigest() == "31fde54b6a4389a8e1317012a921d95dfe9c7b213088db75b8b083a06cf478d1"


def test_a_seed_of_any_length_gives_the_stream_of_its_words():
    """As `numpy.random.SeedSequence` takes whole numbers of any length, cut into 32 bits."""
    digest = np.frombuffer(hashlib.sha256(b"dropout\x1f5").digest(), "<u4").tolist()
    for seed in (0, 7, (1 << 32) - 1, 1 << 32, 1 << 70):
        words = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *digest])))
        assert generator(seed, "dropout", 5).integers(1 << 63) == words.integers(1 << 63)
