"""What the textbook tests share: generated settings, poisoned outputs, numeric gradients, tolerances with a reason.

MINICNN_EXAMPLES sets how many settings hypothesis generates per test (default 40; a nightly run may ask for thousands).
"""

import os

import numpy as np
from hypothesis import HealthCheck, settings

EXAMPLES = int(os.environ.get("MINICNN_EXAMPLES", "40"))

# No deadline: the first example compiles.  derandomize: the same settings in every run, so that CI never blames an innocent change;
# whoever asks for more examples gets new ones.
generated = settings(
    max_examples=EXAMPLES, deadline=None, derandomize=EXAMPLES <= 120, database=None, suppress_health_check=[HealthCheck.too_slow]
)


def poisoned(shape, dtype=np.float64):
    """An output array that shows every element that was not written."""
    dtype = np.dtype(dtype)
    return np.full(shape, np.nan if dtype.kind == "f" else np.iinfo(dtype).min, dtype)


def uniform(seed, shape, dtype=np.float64):
    """Numbers between -1 and 1, so that a product is at most 1."""
    return np.random.default_rng(seed).uniform(-1.0, 1.0, shape).astype(dtype)


def distinct(seed, shape, dtype=np.float64):
    """Numbers between -1 and 1, no two closer than 2 / size: the maximum has one owner, and a small step does not change it."""
    size = int(np.prod(shape))
    return ((np.random.default_rng(seed).permutation(size) * 2.0 + 1.0) / size - 1.0).reshape(shape).astype(dtype)


def close(got, want, terms=1):
    """Compare a result with one that was computed in another order.

    Each of the `terms` products and additions behind an element rounds a number of order 1 to the precision of `got`.
    """
    np.testing.assert_allclose(got, want, rtol=0.0, atol=4.0 * np.finfo(got.dtype).eps * (terms + 4))


def numeric_gradient(function, x, dy, step=1e-5):
    """Gradient of <dy, function(x)> with respect to every element of x, by central differences in float64."""
    x = x.copy()
    gradient = np.empty_like(x)
    for i in range(x.size):
        value = x.flat[i]
        x.flat[i] = value + step
        above = np.vdot(dy, function(x))
        x.flat[i] = value - step
        below = np.vdot(dy, function(x))
        x.flat[i] = value
        gradient.flat[i] = (above - below) / (2.0 * step)
    return gradient


def close_to_numeric(got, numeric):
    """A central difference with step 1e-5 is wrong by about step**2 (curvature) plus eps / step (rounding): 1e-10 per term."""
    np.testing.assert_allclose(got, numeric, rtol=1e-7, atol=1e-7)
