"""What the tests of the public kernel functions share: generated settings, poisoned results, bounds with a reason.

A function is given float32 arrays (fast loops) and the same numbers as float64 (textbook loops).  MINICNN_EXAMPLES sets how many settings
hypothesis generates per test (default 40).  With MINICNN_REPORT each file says how many results it compared and how near to the bound.
"""

import importlib
import os

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from minicnn import kernels
from minicnn.kernels.checks import arrays
from minicnn.kernels.cpu.pooling import bands
from minicnn.kernels.cpu.program import call

AXES = (1, 2, 3)
EXAMPLES = int(os.environ.get("MINICNN_EXAMPLES", "25"))
EPSILON = float(np.finfo(np.float32).eps)

# No deadline: the first example compiles.  derandomize: CI never blames an innocent change; more examples are new ones.
generated = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES <= 60,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
seeds = st.integers(0, 2**32 - 1)


def fewer(share):
    """`generated` with so many times fewer examples, for tests whose examples take long."""
    return settings(generated, max_examples=max(1, EXAMPLES // share))


HOMES = (
    "activation",
    "adaptive_pooling",
    "algorithms",
    "algorithms.fft",
    "algorithms.im2col",
    "batch_normalization",
    "channel_pooling",
    "fully_connected",
    "gaussian_pooling",
    "global_pooling",
    "l2_pooling",
    "local_response_normalization",
    "loss",
    "lp_pooling",
    "passes",
    "pooling",
    "regularization",
    "unpooling",
    "upsampling",
    "variants",
)
plain_empty = arrays.empty


class Tally:
    """How many results were compared, and the worst error as a share of its bound."""

    results = 0
    numbers = 0
    worst = 0.0


def poisoned(where, shape, like, dtype=None):
    """`empty` that shows every element that was not written."""
    result = plain_empty(where, shape, like, dtype)
    result[...] = np.nan if result.dtype.kind == "f" else -(2**60)
    return result


@pytest.fixture(autouse=True, scope="module")
def poison():
    """Results poisoned, memory of earlier calls full of NaN, bands so narrow that small planes have several; little work is shared too."""
    homes = {importlib.import_module(f"minicnn.kernels.{name}") for name in HOMES}
    with pytest.MonkeyPatch.context() as patch:
        for module in homes | {arrays}:
            if hasattr(module, "empty"):
                patch.setattr(module, "empty", poisoned)
        patch.setattr(bands, "BAND_BYTES", 16 * 1024)
        patch.setattr(call, "ALONE", -1)
        call._programs.clear()
        Tally.results = Tally.numbers = 0
        Tally.worst = 0.0
        yield
        call._programs.clear()
    if os.environ.get("MINICNN_REPORT"):
        print(f"\n{Tally.results} results, {Tally.numbers} numbers, worst {Tally.worst:.2f} of the bound")


@pytest.fixture
def torch():
    """PyTorch as the independent reference, on one thread: the arrays are tiny, and a second thread would only wait."""
    module = pytest.importorskip("torch", reason="PyTorch is the independent reference: pip install torch")
    threads = module.get_num_threads()
    module.set_num_threads(1)
    yield module
    module.set_num_threads(threads)


def soil():
    """Fill the memory that calls share with NaN: what an earlier one left must not matter."""
    if call._scratch is not None:
        call._scratch[: 1 << 20] = np.nan


def both(name, *given, **settings):
    """(fast result, textbook result) of one function; both tuples where it returns several arrays."""
    soil()
    fast = getattr(kernels, name)(*given, **settings)
    exact = getattr(kernels, name)(*(wide(each) for each in given), **settings)
    return fast, exact


def wide(value):
    """float32 arrays as float64, everything else as it is."""
    return value.astype(np.float64) if isinstance(value, np.ndarray) and value.dtype == np.float32 else value


def close(got, want, bound):
    """Compare a float32 result with a float64 one: the difference is within EPSILON times `bound` (a number, or one for each element)."""
    assert got.dtype == np.float32
    assert want.dtype == np.float64
    assert got.shape == want.shape
    Tally.results += 1
    Tally.numbers += got.size
    if not got.size:
        return
    unlike = np.isnan(got) != np.isnan(want)
    assert not unlike.any(), f"NaN in one of both at {np.argwhere(unlike)[:3].tolist()}"
    finite = np.isfinite(want)
    np.testing.assert_array_equal(got[~finite], want[~finite].astype(np.float32))
    error = np.abs(got.astype(np.float64) - want)[finite]
    allowed = np.broadcast_to(EPSILON * np.asarray(bound, np.float64), got.shape)[finite] + 1e-37
    if error.size:
        worst = float((error / allowed).max())
        Tally.worst = max(Tally.worst, worst)
        assert worst <= 1, f"off by {error.max()}, {worst:.2f} times what rounding explains"


def same(got, want):
    """Results that are chosen or moved, not computed: equal, NaN to NaN."""
    assert got.shape == want.shape
    Tally.results += 1
    Tally.numbers += got.size
    np.testing.assert_array_equal(got, want.astype(got.dtype))


LAYOUTS = ("rows", "channels last", "every other", "reversed")


def laid_out(x, layout):
    """The same numbers, otherwise in memory."""
    if layout == "channels last":
        return np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1)
    if layout == "every other":
        wider = np.full((*x.shape[:-1], 2 * x.shape[-1]), np.nan if x.dtype.kind == "f" else -(2**60), x.dtype)
        wider[..., ::2] = x
        return wider[..., ::2]
    if layout == "reversed":
        return np.ascontiguousarray(x[:, ::-1])[:, ::-1]
    return x


def uniform(seed, shape):
    """Numbers between -1 and 1."""
    return np.asarray(np.random.default_rng(seed).uniform(-1.0, 1.0, shape), np.float32)


def whole(seed, shape, largest=8):
    """Whole numbers, whose sums float32 holds exactly."""
    return np.random.default_rng(seed).integers(-largest, largest + 1, shape).astype(np.float32)


def peculiar(seed, shape):
    """Few different numbers, so that many are equal, with NaN and both infinities among them."""
    return np.random.default_rng(seed).choice(np.array([0, -0.0, 1, 1, 2, 2, -3, -np.inf, np.inf, np.nan], np.float32), shape)


@st.composite
def batches(draw):
    """(N, C): few planes, whose work is split, and many, which fill several shards."""
    return draw(st.one_of(st.tuples(st.integers(1, 3), st.integers(1, 5)), st.tuples(st.integers(1, 9), st.integers(1, 16))))


@st.composite
def paddings(draw, taps):
    """Any way to name a padding."""
    kind = draw(st.sampled_from(["number", "number", "per axis", "pairs", "same", "valid", "full"]))
    if kind == "number":
        return draw(st.integers(0, 4))
    if kind == "per axis":
        return tuple(draw(st.integers(0, 4)) for _ in taps)
    if kind == "pairs":
        return tuple((draw(st.integers(0, 5)), draw(st.integers(0, 5))) for _ in taps)
    return kind


@st.composite
def poolings(draw, axes, dilated=False, ceil=True):
    """A case {shape, settings, seed, layout} whose window fits."""
    most, large = {1: (6, 40), 2: (4, 18), 3: (3, 9)}[axes]
    taps = tuple(draw(st.integers(1, most)) for _ in range(axes))
    settings = {"window": taps if draw(st.booleans()) else taps[0], "padding": draw(paddings(taps))}
    taps = (taps[0],) * axes if settings["window"] == taps[0] else taps
    if draw(st.booleans()):
        settings["stride"] = draw(st.integers(1, 4))
    gap = draw(st.integers(1, 3)) if dilated else 1
    if dilated:
        settings["dilation"] = gap
    if ceil:
        settings["ceil_mode"] = draw(st.booleans())
    sizes = []
    for n, tap in enumerate(taps):
        spans = gap * (tap - 1) + 1
        padding = settings["padding"]
        pads = {"valid": 0, "full": 2 * (spans - 1), "same": spans}.get(padding) if isinstance(padding, str) else None
        if pads is None:
            pads = 2 * padding if isinstance(padding, int) else 2 * padding[n] if isinstance(padding[n], int) else sum(padding[n])
        sizes.append(draw(st.integers(max(1, spans - pads), large)))
    return {"shape": (*draw(batches()), *sizes), "settings": settings, "seed": draw(seeds), "layout": draw(st.sampled_from(LAYOUTS))}
