"""Random bits: the same everywhere, and without a pattern that a mask could show."""

import numpy as np
import pytest
from numba import njit

from minicnn.kernels import random_bits
from minicnn.kernels.textbook import compile as compiled

KNOWN = [2381976349, 3385346091, 3508894400, 1777461219, 3367035252]


@njit
def table(key, images, elements):
    bits = np.empty((images, elements), np.int64)
    for image in range(images):
        for element in range(elements):
            bits[image, element] = compiled.uniform_bits(key, image, element)
    return bits


def test_known_bits():
    """Written down so that a saved run stays repeatable; a change here changes every dropout mask."""
    assert [random_bits.uniform_bits(*words) for words in [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (2**32 - 1, 127, 4095)]] == KNOWN


def test_compiled_and_plain_python_agree():
    for key in (0, 1, 2**31, 2**32 - 1):
        bits = table(key, 5, 40)
        assert bits.tolist() == [[random_bits.uniform_bits(key, image, element) for element in range(40)] for image in range(5)]
    for image, element in [(2**40 + 3, 7), (3, 2**40 + 7), (2**31, 2**31)]:
        assert compiled.uniform_bits(9, image, element) == random_bits.uniform_bits(9, image, element)


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.25, 0.5, 0.999, 1.0 - 2.0**-33])
def test_threshold(rate):
    assert random_bits.drop_threshold(rate) == round(rate * 2**32)
    assert compiled.drop_threshold(rate) == random_bits.drop_threshold(rate)


@pytest.mark.parametrize("key", [0, 1, 2, 0xDEADBEEF])
def test_looks_uniform(key):
    """Limits are five standard deviations of what true randomness would show."""
    bits = table(key, 128, 2048)
    count = bits.size
    shares = ((bits[..., None] >> np.arange(32)) & 1).mean((0, 1))
    assert np.abs(shares - 0.5).max() < 5 * 0.5 / np.sqrt(count)
    histogram = np.bincount((bits >> 24).ravel(), minlength=256)
    chi_square = ((histogram - count / 256) ** 2 / (count / 256)).sum()
    assert abs(chi_square - 255) < 5 * np.sqrt(2 * 255)
    u = bits / 2.0**32 - 0.5
    for one, other in [(u[1:], u[:-1]), (u[:, 1:], u[:, :-1]), (u[:, 16:], u[:, :-16]), (u[1:, 1:], u[:-1, :-1])]:
        assert abs((one * other).mean() * 12) < 5 / np.sqrt(one.size)


def test_keys_give_unrelated_masks():
    u, v = table(6, 64, 1024) / 2.0**32 - 0.5, table(7, 64, 1024) / 2.0**32 - 0.5
    assert abs((u * v).mean() * 12) < 5 / np.sqrt(u.size)


@pytest.mark.parametrize("word", [0, 1, 2])
def test_every_input_bit_reaches_every_output_bit(word):
    """Flip one of 32 bits of key, image or element: each output bit changes in half of 400 trials, give or take 12.5 % (five sigma)."""
    rng = np.random.default_rng(word)
    changes = np.zeros((32, 32))
    for words in rng.integers(0, 2**32, (400, 3)).tolist():
        before = random_bits.uniform_bits(*words)
        for flipped in range(32):
            other = list(words)
            other[word] ^= 1 << flipped
            changes[flipped] += (before ^ random_bits.uniform_bits(*other)) >> np.arange(32) & 1
    assert np.abs(changes / 400 - 0.5).max() < 0.125
