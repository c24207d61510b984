"""Convolutions with many channels and filters, which go ways of their own: Winograd, and weight gradients with a lane a filter."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn import kernels
from minicnn.errors import SettingError
from minicnn.geometry import Axis
from minicnn.kernels.cpu.convolution import choice
from minicnn.kernels.cpu.convolution.problem import FORWARD, Images, Problem
from minicnn.kernels.cpu.convolution.ways import choose

from .comparing import generated

BOUND = 2e-5  # of the largest result: Winograd in tiles of 4x4; direct sums stay below 5e-6


@st.composite
def wide(draw, axes=2):
    groups = draw(st.sampled_from([1, 1, 1, 2]))
    taps = draw(st.sampled_from([(3,) * axes, tuple(draw(st.integers(1, 5)) for _ in range(axes))]))
    plain = draw(st.booleans())
    return {
        "images": draw(st.sampled_from([1, 2, 3, 5, 16, 21, 40])),
        "groups": groups,
        "channels": groups * draw(st.sampled_from([2, 8, 16, 33, 40])),
        "filters": groups * draw(st.sampled_from([12, 16, 24, 33, 40, 70])),
        "sizes": tuple(draw(st.integers(5, 11 if axes == 2 else 6)) for _ in range(axes)),
        "taps": taps,
        "seed": draw(st.integers(0, 999)),
        "stride": 1 if plain else tuple(draw(st.integers(1, 2)) for _ in range(axes)),
        "dilation": 1 if plain else tuple(draw(st.integers(1, 2)) for _ in range(axes)),
        "padding": tuple((draw(st.integers(2, 4)), draw(st.integers(2, 4))) for _ in range(axes)),
        "flip": draw(st.booleans()),
    }


def compare(name, case, tile=()):
    rng = np.random.default_rng(case["seed"])
    options = {key: case[key] for key in ("stride", "dilation", "padding", "groups")} | ({} if tile else {"flip": case["flip"]})
    x = rng.standard_normal((case["images"], case["channels"], *case["sizes"])).astype(np.float32)
    weight = rng.standard_normal((case["filters"], *tile, case["channels"] // case["groups"], *case["taps"])).astype(np.float32)
    bias = rng.standard_normal((case["filters"], *tile)).astype(np.float32)
    y = getattr(kernels, name)(x, weight, bias, **options)
    dy = rng.standard_normal(y.shape).astype(np.float32)
    for function, given_arrays, shape in (
        (name, (x, weight, bias), ()),
        (f"{name}_backward_input", (dy, weight), (x.shape,)),
        (f"{name}_backward_weight", (dy, x), (weight.shape,)),
    ):
        got = getattr(kernels, function)(*given_arrays, *shape, **options)
        want = getattr(kernels, function)(*(each.astype(np.float64) for each in given_arrays), *shape, **options)
        assert got.shape == want.shape
        assert np.abs(got - want).max() <= BOUND * np.abs(want).max(), function


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_all_passes(axes):
    @generated
    @given(case=wide(axes))
    def check(case):
        compare(f"conv{axes}d", case)

    check()


@generated
@given(case=wide(), sizes=st.tuples(st.integers(3, 9), st.integers(4, 17)))
def test_filters_of_one_tap(case, sizes):
    """Where there are pixels enough they go image by image, read and written where they lie."""
    compare("conv2d", case | {"taps": (1, 1), "stride": 1, "dilation": 1, "padding": 0, "sizes": sizes})


@generated
@given(case=wide(), tile=st.tuples(st.integers(1, 3), st.integers(1, 3)))
def test_all_passes_tiled(case, tile):
    compare("tiled_conv2d", case, tile)


@pytest.mark.parametrize("name", [choice.DIRECT, choice.WINOGRAD2, choice.WINOGRAD4])
def test_choice_can_be_taken_away(name, monkeypatch):
    monkeypatch.setenv(choice.VARIABLE, name)

    @generated
    @given(case=wide())
    def check(case):
        compare("conv2d", case | {"taps": (5, 5) if case["seed"] % 3 == 0 else (3, 3), "stride": 1, "dilation": 1})

    check()


def test_choice_follows_the_sizes(monkeypatch):
    monkeypatch.delenv(choice.VARIABLE, raising=False)

    def chosen(size, channels, filters, **settings):
        axis = Axis(size, 3, 1, 1, 1, 1, size)._replace(**settings)
        return choice.choose_many((axis, axis), channels, filters, 1, 4).name

    assert chosen(32, 3, 16) == choice.DIRECT
    assert chosen(28, 128, 128) == choice.WINOGRAD4
    assert chosen(6, 128, 128) != choice.DIRECT
    assert chosen(28, 128, 128, stride=2, out=14) == choice.DIRECT
    assert chosen(28, 128, 128, taps=5, before=2) == choice.WINOGRAD2
    assert chosen(28, 1, 6, taps=5, before=2) == chosen(14, 6, 16, taps=5, before=2) == choice.DIRECT
    assert chosen(28, 128, 128, taps=7, before=3) == choice.DIRECT


def test_choice_for_few_images(monkeypatch):
    monkeypatch.delenv(choice.VARIABLE, raising=False)

    def chosen(size, channels, **settings):
        axis = Axis(size, 3, 1, 1, 1, 1, size)._replace(**settings)
        return choose(Problem(FORWARD, (axis, axis), 1, (1, 1), False, channels, channels), Images(1)).name

    assert chosen(56, 256) == "winograd4"
    assert chosen(13, 384) == "lane a column"  # too few tiles for so many filters
    assert chosen(56, 256, stride=2, out=28) == "lane a column"
    assert chosen(56, 16) == "lane a column"  # too few channels: rounds better


def test_unknown_choice(monkeypatch):
    monkeypatch.setenv(choice.VARIABLE, "fastest")
    axis = Axis(8, 3, 1, 1, 1, 1, 8)
    with pytest.raises(SettingError, match="fastest"):
        choice.choose_many((axis, axis), 8, 8, 1, 4)
