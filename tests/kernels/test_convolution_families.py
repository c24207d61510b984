"""Convolution in all its families: fast against textbook over generated settings, all passes, and the ways around."""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minicnn import kernels
from minicnn.errors import ShapeError

EXAMPLES = int(os.environ.get("MINICNN_EXAMPLES", "60"))
BOUND = 5e-6   # float32 sums of at most 500 terms


@st.composite
def cases(draw, axes):
    groups = draw(st.integers(1, 3))
    sizes = tuple(draw(st.integers(1, 8 if axes < 3 else 5)) for _ in range(axes))
    return {
        "images": draw(st.sampled_from([1, 2, 5, 16, 17, 33, 70] if axes < 3 else [1, 3, 17])), "channels": groups * draw(st.integers(1,
        5)),
        "filters": groups * draw(st.integers(1, 8)), "sizes": sizes, "taps": tuple(draw(st.integers(1, 4)) for _ in range(axes)),
        "tile": tuple(draw(st.integers(1, 4)) for _ in range(axes)), "flip": draw(st.booleans()),
        "seed": draw(st.integers(0, 1000)),
        "settings": {
            "stride": tuple(draw(st.integers(1, 3)) for _ in range(axes)), "dilation": tuple(draw(st.integers(1, 3)) for _ in range(axes)),
            "groups": groups,
            "padding": draw(st.one_of(st.sampled_from(["same", "full"]),
                                      st.tuples(*(st.tuples(st.integers(0, 5), st.integers(0, 5)) for _ in range(axes))))),
        },
    }


def same(got, wanted, what):
    assert got.shape == wanted.shape
    assert got.dtype == np.float32
    if got.size:
        assert np.abs(got - wanted).max() <= BOUND * max(np.abs(wanted).max(), 1), what


def compare(name, x, weight, bias, options):
    """All three passes in float32 against float64."""
    doubles = [each.astype(np.float64) for each in (x, weight, bias)]
    try:
        wanted = getattr(kernels, name)(*doubles, **options)
    except ShapeError:
        with pytest.raises(ShapeError):
            getattr(kernels, name)(x, weight, bias, **options)
        return
    same(getattr(kernels, name)(x, weight, bias, **options), wanted, "forward")
    dy = np.random.default_rng(1).standard_normal(wanted.shape).astype(np.float32)
    for function, other, shape in ((f"{name}_backward_input", weight, x.shape), (f"{name}_backward_weight", x, weight.shape)):
        call = getattr(kernels, function)
        same(call(dy, other, shape, **options), call(dy.astype(np.float64), other.astype(np.float64), shape, **options), function)


def arrays(case, weight_shape, bias_shape):
    rng = np.random.default_rng(case["seed"])
    x = rng.standard_normal((case["images"], case["channels"], *case["sizes"])).astype(np.float32)
    return x, rng.standard_normal(weight_shape).astype(np.float32), rng.standard_normal(bias_shape).astype(np.float32)


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_ordinary(axes):
    @settings(max_examples=EXAMPLES, deadline=None)
    @given(cases(axes))
    def check(case):
        weight = (case["filters"], case["channels"] // case["settings"]["groups"], *case["taps"])
        compare(f"conv{axes}d", *arrays(case, weight, case["filters"]), case["settings"] | {"flip": case["flip"]})
    check()


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_tiled(axes):
    @settings(max_examples=EXAMPLES, deadline=None)
    @given(cases(axes))
    def check(case):
        weight = (case["filters"], *case["tile"], case["channels"] // case["settings"]["groups"], *case["taps"])
        compare(f"tiled_conv{axes}d", *arrays(case, weight, (case["filters"], *case["tile"])), case["settings"])
    check()


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_unshared(axes):
    @settings(max_examples=EXAMPLES, deadline=None)
    @given(cases(axes))
    def check(case):
        shared = (case["filters"], case["channels"] // case["settings"]["groups"], *case["taps"])
        x, weight, _ = arrays(case, shared, case["filters"])
        try:
            out = getattr(kernels, f"conv{axes}d")(x, weight, **case["settings"]).shape[2:]
        except ShapeError:
            return
        own = (case["filters"], *out, *shared[1:])
        compare(f"unshared_conv{axes}d", *arrays(case, own, (case["filters"], *out)), case["settings"])
    check()


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_transposed(axes):
    @settings(max_examples=EXAMPLES, deadline=None)
    @given(cases(axes), st.integers(0, 2))
    def check(case, padding):
        options = {name: case["settings"][name] for name in ("stride", "dilation", "groups")} | {"padding": padding}
        weight = (case["channels"], case["filters"] // options["groups"], *case["taps"])
        compare(f"conv_transpose{axes}d", *arrays(case, weight, case["filters"]), options)
    check()


@pytest.mark.parametrize("algorithm", ["im2col", "fft", "winograd"])
def test_other_roads(algorithm):
    @settings(max_examples=EXAMPLES, deadline=None)
    @given(cases(2))
    def check(case):
        options = {"padding": case["settings"]["padding"], "groups": 1}
        x, weight, bias = arrays(case, (case["filters"], case["channels"], 3, 3), case["filters"])
        try:
            wanted = kernels.conv2d(x, weight, bias, algorithm="textbook", **options)
        except ShapeError:
            return
        got = kernels.conv2d(x, weight, bias, algorithm=algorithm, **options)
        # Winograd's transforms lose up to two more digits
        assert np.abs(got - wanted).max() <= (5e-4 if algorithm == "winograd" else 1e-5) * max(np.abs(wanted).max(), 1)
    check()


@pytest.mark.parametrize("family", ["conv2d", "tiled_conv2d", "unshared_conv2d", "conv_transpose2d"])
def test_empty_batch(family):
    x = np.zeros((0, 2, 4, 4), np.float32)
    tile = {"conv2d": (), "tiled_conv2d": (2, 2), "unshared_conv2d": (3, 3), "conv_transpose2d": ()}[family]
    weight = np.zeros((2 if family == "conv_transpose2d" else 3, *tile, 3 if family == "conv_transpose2d" else 2, 2, 2), np.float32)
    y = getattr(kernels, family)(x, weight)
    assert len(y) == 0
    dweight = getattr(kernels, f"{family}_backward_weight")(y, x, weight.shape)
    assert dweight.shape == weight.shape
    assert not dweight.any()
