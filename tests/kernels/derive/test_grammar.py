"""What the grammar has, every machine can do."""

import math

import numpy as np
import pytest

from minicnn.kernels.derive import read, threads
from minicnn.kernels.derive.cuda import cuda
from minicnn.kernels.derive.javascript import javascript
from minicnn.kernels.derive.values import BUILT_IN, CONSTANTS, MATHEMATICS

from .test_threads import InTurn

LIMIT = 2.5
BITS = 0xFF


def mixed(seed, other):
    bits = seed + 1
    for word in (seed & BITS, other | 1):
        bits ^= word
        bits = (bits << 3) & BITS
        bits ^= bits >> 2
    return bits


def neighbours(x, n, k):
    """An input may be read anywhere."""
    total = np.float64(0.0)
    for j in range(max(0, k - 1), min(x.shape[1], k + 2)):
        if j == k:
            total += 2.0 * x[n, j]
        else:
            total += x[n, j]
    return total, min(k, 2)


def everything(y, hits, x, table, taps, rate, backwards, chosen):
    """Every statement, sign and function once.

    Parameters
    ----------
    y : (N, K) float, written
    hits : (N, 8) int64, written
    x : (N, K) float
    table : (any,) int64
    taps : tuple of two int
    rate : float
    backwards : bool
    chosen : function of one int
    """
    N, K = x.shape
    first, _ = taps
    last = len(table) - 1
    odd = K // 2 if K % 2 != 0 else -1
    hits[...] = 0
    for n in range(N):
        row = n * 3 + x.shape[0]
        for k in range(K):
            total, seen = neighbours(x, n, k)
            for j in range(last, -1, -2):
                if 0 <= table[j] < first and not backwards:
                    total -= rate * x[n, k] ** 2 / (1.0 + abs(x[n, k]))
                elif table[j] == k or table[j] > LIMIT:
                    hits[n, mixed(row, j) % 8] += 1
            step = chosen(k) + seen
            total *= 0.5
            total /= 1.5
            y[n, k] = total + step if odd >= 0 and True else min(total, np.float64(int(rate * 4.0)))
            y[n, k] -= np.exp(-total * total)


def third(k):
    return k // 3


def functions(y, x):
    for n in range(len(x)):
        v = x[n]
        y[n] = np.sin(v) + np.cos(v) + np.tanh(v) + np.exp(v) + np.expm1(v) + np.log(v) + np.log1p(v) + np.sqrt(v)
        y[n] += np.floor(v) + math.ceil(v) + np.abs(v) + np.float64(v) + np.pi + np.e
        if np.isnan(v) or v == np.inf:
            y[n] = 0.0


def arguments(seed):
    rng = np.random.default_rng(seed)
    N, K = rng.integers(1, 6, 2)
    x, table = rng.uniform(-2, 2, (N, K)), rng.integers(0, 6, 7)
    return np.full((N, K), np.nan), np.full((N, 8), -7), x, table, (int(rng.integers(1, 4)), 9), 0.75, bool(rng.integers(2)), third


@pytest.mark.parametrize("seed", range(6))
def test_everything_as_threads(seed):
    definition = read(everything)
    text = cuda(definition, chosen=third).replace("from numba import cuda\n", "")
    y, hits, *rest = arguments(seed)
    everything(y, hits, *rest)
    got = [np.full_like(y, np.nan), np.full_like(hits, -7)]
    for thread in (2, 0, 1):
        space = {"cuda": InTurn(thread, 3)}
        exec(text, space)
        space["everything"](*got, *rest[:-1])
    np.testing.assert_allclose(got[0], y, rtol=1e-15)
    assert np.array_equal(got[1], hits)


def test_everything_is_classified():
    definition = read(everything)
    assert definition.outputs == ("y", "hits")
    assert definition.inputs == ("x", "table")
    assert definition.settings == ("taps", "rate", "backwards", "chosen")
    assert definition.called == ("chosen",)
    assert definition.ranks == {"y": 2, "hits": 2, "x": 2, "table": 1}
    assert definition.numbers == {"LIMIT": 2.5}
    assert {name: each.numbers for name, each in definition.functions.items()} == {"neighbours": {}, "mixed": {"BITS": 255}}
    assert threads(definition).letters == ("n",)  # hits has no k


@pytest.mark.parametrize("function", [everything, functions])
def test_everything_in_a_browser(function):
    assert f"function {function.__name__}(" in javascript(read(function))


def test_the_functions_are_those_of_the_device():
    text = cuda(read(functions)).replace("from numba import cuda\n", "")
    x, y, got = np.array([0.3, 2.5]), np.zeros(2), np.zeros(2)
    functions(y, x)
    space = {"cuda": InTurn(0, 1)}
    exec(text, space)
    space["functions"](got, x)
    np.testing.assert_allclose(got, y, rtol=1e-14)
    used = read(functions).python.__code__.co_names
    assert {*MATHEMATICS, *CONSTANTS} <= {*used}
    assert {*BUILT_IN} <= {*used, *everything.__code__.co_names, *neighbours.__code__.co_names}
