"""Corners of the convolution functions by name, in float32 and float64."""

import numpy as np
import pytest

from minicnn import kernels
from minicnn.kernels.cpu.convolution import blocks, maps
from minicnn.kernels.cpu.convolution import lowering as convolution

from .comparing import AXES, close, laid_out, poison, same, torch, uniform, wide  # noqa: F401
from .convolving import FAMILIES, Convolution, bounds, passes

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
EVERY_FAMILY = pytest.mark.parametrize("family", FAMILIES)


def a_case(family, axes=2, images=2, size=5, taps=2, tile=2, groups=1, **settings):
    """A small case of a family: 2 channels and 3 filters a group."""
    if family == "conv_transpose":
        weight_shape = (2 * groups, 3, *(taps,) * axes)
    else:
        shared = Convolution(
            "conv", axes, (1, 2 * groups, *(size,) * axes), (3 * groups, 2, *(taps,) * axes), (3 * groups,), settings | {"groups": groups}
        )
        x, weight, bias = shared.arrays()
        inner = {"conv": (), "tiled_conv": (tile,) * axes, "unshared_conv": passes(shared, x, weight, bias).shape[2:]}[family]
        weight_shape = (3 * groups, *inner, 2, *(taps,) * axes)
    return Convolution(family, axes, (images, 2 * groups, *(size,) * axes), weight_shape, (3 * groups,), settings | {"groups": groups})


def signal(*numbers, dtype=np.float32):
    """One image with one channel."""
    return np.array(numbers, dtype)[None, None]


@pytest.mark.parametrize("axes", AXES)
@EVERY_FAMILY
@DTYPES
def test_empty_batch(family, axes, dtype):
    """No image: no output, no gradient of x, and a gradient of zeros for what all images share."""
    case = a_case(family, axes, images=0)
    x, weight, bias = (each.astype(dtype) for each in case.arrays())
    y = passes(case, x, weight, bias)
    assert y.shape[:2] == (0, 3)
    y, dx, dweight, dbias = passes(case, x, weight, bias, y)
    assert dx.shape == x.shape
    assert dweight.shape == weight.shape
    assert dbias.shape == bias.shape
    assert not dweight.any()
    assert not dbias.any()
    assert {each.dtype for each in (y, dx, dweight, dbias)} == {np.dtype(dtype)}


@pytest.mark.parametrize("axes", AXES)
@EVERY_FAMILY
@DTYPES
def test_one_pixel(family, axes, dtype):
    case = a_case(family, axes, images=1, size=1, taps=1, tile=1)
    x, weight, bias = np.ones(case.x_shape, dtype), np.full(case.weight_shape, 3, dtype), np.full(case.bias_shape, 7, dtype)
    y, dx, dweight, dbias = passes(case, x, weight, bias, np.full((1, 3, *(1,) * axes), 2, dtype))
    assert y.shape == (1, 3, *(1,) * axes)
    assert (y == 2 * 3 + 7).all()  # two channels
    assert (dx == 3 * 2 * 3).all()  # three filters
    assert (dweight == 2).all()
    assert (dbias == 2).all()


class TestStrideLeavesARest:
    @pytest.mark.parametrize("family", ["conv", "tiled_conv", "unshared_conv"])
    @DTYPES
    def test_pixels_that_nobody_reads(self, family, dtype):
        """6 pixels, 2 taps, stride 3: positions 0 and 3; pixels 2 and 5 are read by nobody."""
        case = a_case(family, 2, size=6, stride=3)
        x, weight, bias = (each.astype(dtype) for each in case.arrays())
        y, dx, _, _ = passes(case, x, weight, bias, np.ones((2, 3, 2, 2), dtype))
        unread = np.zeros((6, 6), bool)
        unread[[2, 5]] = unread[:, [2, 5]] = True
        assert (dx[..., unread] == 0).all()
        assert (dx[..., ~unread] != 0).all()
        x[..., unread] = np.nan
        same(passes(case, x, weight, bias), y)

    def test_output_padding_says_which_size(self):
        """Convolutions of 5 and of 6 pixels give 2; the transposed one chooses by output_padding, and what nobody wrote is the bias."""
        x, weight, bias = signal(1, 10), signal(1, 2), np.array([100], np.float32)
        assert kernels.conv_transpose1d(x, weight, bias, stride=3).tolist() == [[[101, 102, 100, 110, 120]]]
        assert kernels.conv_transpose1d(x, weight, bias, stride=3, output_padding=1).tolist() == [[[101, 102, 100, 110, 120, 100]]]
        dy = signal(1, 2, 3, 4, 5, 6)
        assert kernels.conv_transpose1d_backward_input(dy, weight, x.shape, stride=3, output_padding=1).tolist() == [[[5, 14]]]


class TestPadding:
    @pytest.mark.parametrize("family", ["conv", "tiled_conv", "unshared_conv"])
    @DTYPES
    def test_larger_than_the_filter(self, family, dtype):
        """Positions that lie wholly in the padding give the bias, and no gradient but that of the bias."""
        case = a_case(family, 2, size=2, padding=5)
        x, weight, bias = (each.astype(dtype) for each in case.arrays())
        y = passes(case, x, weight, bias)
        assert y.shape == (2, 3, 11, 11)
        outside = np.ones((11, 11), bool)
        outside[4:7, 4:7] = False
        assert (y[..., outside] == bias[:, None]).all()
        _, dx, dweight, dbias = passes(case, x, weight, bias, np.broadcast_to(outside, y.shape).astype(dtype))
        assert not dx.any()
        assert not dweight.any()
        assert (dbias == 2 * (121 - 9)).all()

    @pytest.mark.parametrize("family", ["conv", "tiled_conv", "unshared_conv"])
    def test_uneven(self, family):
        """(before, after) pairs are zeros that somebody else put there."""
        case = a_case(family, 2, padding=((0, 3), (2, 1)))
        x, weight, bias = case.arrays()
        y = passes(case, x, weight, bias)
        padded = np.pad(x, ((0, 0), (0, 0), (0, 3), (2, 1)))
        around = case._replace(x_shape=padded.shape, settings={"groups": 1})
        dy = uniform(9, y.shape)
        want = passes(around, *map(wide, (padded, weight, bias, dy)))
        limits = bounds(case, x, weight, bias, dy)
        got = passes(case, x, weight, bias, dy)
        for n in (0, 2, 3):
            close(got[n], want[n], limits[n])
        close(got[1], want[1][:, :, 0:5, 2:7], limits[1])

    def test_same_with_an_even_filter(self):
        """The odd extra pixel goes after: ceil(3 / 1) = 3 positions, the last reads one pixel."""
        assert kernels.conv1d(signal(1, 2, 3), signal(1, 10), padding="same").tolist() == [[[21, 32, 3]]]
        assert kernels.conv1d(signal(1, 2, 3), signal(1, 10, 100, 1000), padding="same").tolist() == [[[3210, 321, 32]]]
        assert kernels.conv1d(signal(1, 2, 3, 4), signal(1, 10), padding="same", stride=3).tolist() == [[[21, 4]]]
        assert kernels.conv1d(signal(1, 2, 3), signal(1, 10), padding="same", dilation=2).tolist() == [[[20, 31, 2]]]

    def test_full_with_an_even_filter(self):
        assert kernels.conv1d(signal(1, 2, 3), signal(1, 10), padding="full").tolist() == [[[10, 21, 32, 3]]]
        assert kernels.conv1d(signal(1, 2, 3), signal(1, 10), padding="full", flip=True).tolist() == [[[1, 12, 23, 30]]]
        assert kernels.conv1d(signal(1, 2), signal(1, 10), padding="full", dilation=2).tolist() == [[[10, 20, 1, 2]]]

    @pytest.mark.parametrize("padding", ["same", "full"])
    def test_words_on_images(self, padding):
        """Per axis by the rule: 7 x 4 pixels with a filter of 4 x 2."""
        y = kernels.conv2d(uniform(0, (2, 1, 7, 4)), uniform(1, (1, 1, 4, 2)), padding=padding)
        assert y.shape[2:] == {"same": (7, 4), "full": (10, 5)}[padding]

    @DTYPES
    def test_no_pixels_but_padding(self, dtype):
        y = kernels.conv2d(np.empty((2, 1, 0, 4), dtype), np.ones((3, 1, 2, 2), dtype), np.array([1, 2, 3], dtype), padding=1)
        assert y.shape == (2, 3, 1, 5)
        assert (y == np.array([1, 2, 3])[:, None, None]).all()


@pytest.mark.parametrize("axes", AXES)
def test_filter_as_large_as_the_padded_input(axes):
    """One position; without padding it is a fully connected layer."""
    x, weight, bias = uniform(0, (5, 3, *(4,) * axes)), uniform(1, (6, 3, *(6,) * axes)), uniform(2, 6)
    inside = (..., *(slice(1, 5),) * axes)
    want = wide(x).reshape(5, -1) @ wide(weight)[inside].reshape(6, -1).T + bias
    case = Convolution("conv", axes, x.shape, weight.shape, bias.shape, {"padding": 1})
    limit = bounds(case, x, weight, bias, np.ones((5, 6, *(1,) * axes), np.float32))[0]
    close(passes(case, x, weight, bias), want.reshape(limit.shape), limit)
    linear = kernels.linear(x.reshape(5, -1), np.ascontiguousarray(weight[inside]).reshape(6, -1), bias)
    assert abs(linear - want).max() <= 2e-7 * np.sqrt(3 * 4**axes) * 3 * 4**axes


@pytest.mark.parametrize("each", [1, 2])
@pytest.mark.parametrize("axes", AXES)
def test_depthwise(axes, each):
    """A group for each channel: as each channel alone, in all passes."""
    C, settings = 5, {"padding": 1, "stride": 2}
    whole = Convolution("conv", axes, (3, C, *(6,) * axes), (C * each, 1, *(3,) * axes), (C * each,), settings | {"groups": C})
    x, weight, bias = whole.arrays()
    dy = whole.gradient(passes(whole, x, weight, bias).shape)
    alone = whole._replace(x_shape=(3, 1, *x.shape[2:]), weight_shape=(each, *weight.shape[1:]), bias_shape=(each,), settings=settings)
    want = []
    for c in range(C):
        own = slice(c * each, (c + 1) * each)
        want.append(passes(alone, *map(wide, (x[:, c : c + 1], weight[own], bias[own], dy[:, own]))))
    joined = [np.concatenate(parts, axis) for parts, axis in zip(zip(*want, strict=True), (1, 1, 0, 0), strict=True)]
    for got, exact, limit in zip(passes(whole, x, weight, bias, dy), joined, bounds(whole, x, weight, bias, dy), strict=True):
        close(got, exact, limit)


class TestNotANumber:
    @EVERY_FAMILY
    @pytest.mark.parametrize("images", [1, 3, 20])
    @pytest.mark.parametrize("what", [np.nan, np.inf, -np.inf])
    def test_in_x(self, family, images, what):
        """It spoils the positions that read it, as in the textbook, and no other image or place."""
        case = a_case(family, 2, images=images, size=7, taps=3, **({} if family == "conv_transpose" else {"padding": 1}))
        x, weight, bias = case.arrays()
        x[images // 2, 1, 2, 3] = what
        got, want = passes(case, x, weight, bias), passes(case, *map(wide, (x, weight, bias)))
        assert 0 < np.count_nonzero(~np.isfinite(want)) < want.size / 2
        same(np.where(np.isfinite(got), 0, got), np.where(np.isfinite(want), 0, want))
        dy = np.ones_like(want, dtype=np.float32)
        _, dx, dweight, dbias = passes(case, x, weight, bias, dy)
        assert np.isfinite(dx).all()
        assert np.isfinite(dbias).all()
        exact = passes(case, *map(wide, (x, weight, bias, dy)))[2]
        same(np.where(np.isfinite(dweight), 0, dweight), np.where(np.isfinite(exact), 0, exact))

    @EVERY_FAMILY
    def test_in_a_gradient(self, family):
        case = a_case(family, 2, images=20, size=7, taps=3)
        x, weight, bias = case.arrays()
        dy = np.ones_like(passes(case, x, weight, bias))
        dy[4, 1, 2, 3] = np.nan
        _, dx, _, dbias = passes(case, x, weight, bias, dy)
        _, exact, _, _ = passes(case, *map(wide, (x, weight, bias, dy)))
        assert np.array_equal(np.isnan(dx), np.isnan(exact))
        assert np.isnan(dbias).tolist() == [False, True, False]

    @EVERY_FAMILY
    def test_in_a_filter(self, family):
        """Only the maps of that filter, at least where it reads pixels; where it reads padding the product may be NaN or left out."""
        case = a_case(family, 1, images=20, size=7, taps=3, **({} if family == "conv_transpose" else {"padding": 2}))
        x, weight, bias = case.arrays()
        weight[(1, 1) if family == "conv_transpose" else 1] = np.inf
        got, want = passes(case, x, weight, bias), passes(case, *map(wide, (x, weight, bias)))
        assert np.isfinite(got[:, ::2]).all()
        assert not np.isfinite(want[:, 1]).all()
        assert not np.isfinite(got[~np.isfinite(want)]).any()


class TestArrays:
    @EVERY_FAMILY
    @DTYPES
    def test_layouts_and_write_protection(self, family, dtype):
        """The same numbers, and nothing written to them."""
        case = a_case(family, 2, images=3)
        x, weight, bias = (each.astype(dtype) for each in case.arrays())
        dy = case.gradient(passes(case, x, weight, bias).shape).astype(dtype)
        want = passes(case, x, weight, bias, dy)
        for layout in ("channels last", "every other", "reversed"):
            given = [laid_out(each, layout) for each in (x, weight)] + [bias[::-1].copy()[::-1], laid_out(dy, layout)]
            for each in given:
                each.flags.writeable = False
            for got, exact in zip(passes(case, *given), want, strict=True):
                np.testing.assert_array_equal(got, exact)
                assert got.flags.c_contiguous
                assert got.flags.writeable

    @EVERY_FAMILY
    def test_bias_for_each_filter_or_each_position(self, family):
        """(K,) is the same bias everywhere; no bias is a bias of zeros."""
        case = a_case(family)
        x, weight, bias = case.arrays()
        y = passes(case, x, weight, bias)
        none = case.function()(x, weight, **case.settings)
        np.testing.assert_allclose(none + bias[:, None, None], y, rtol=0, atol=1e-6)  # one rounding more, of numbers up to 8
        if family in ("tiled_conv", "unshared_conv"):
            shape = weight.shape[:3]
            own = np.ascontiguousarray(np.broadcast_to(bias[:, None, None], shape))
            same(passes(case._replace(bias_shape=shape), x, weight, own), wide(y))

    def test_lists_and_tensors(self, torch):  # noqa: F811
        assert kernels.conv1d([[[1.0, 2.0, 3.0]]], [[[1.0, 10.0]]]).tolist() == [[[21, 32]]]
        y = kernels.conv1d(torch.tensor([[[1.0, 2.0, 3.0]]]), torch.tensor([[[1.0, 10.0]]]))
        assert y.dtype == np.float32
        assert y.tolist() == [[[21, 32]]]

    @pytest.mark.parametrize("padding", [(1, 2), [1, 2], [[1, 1], [2, 2]], np.int64(1)], ids=str)
    def test_settings_of_other_types(self, padding):
        x, weight = uniform(0, (1, 2, 5, 6)), uniform(1, (3, 2, 3, 3))
        plain = 1 if np.isscalar(padding) else ((1, 1), (2, 2))
        same(
            kernels.conv2d(x, weight, padding=padding, stride=np.int32(2), groups=np.int8(1), flip=np.True_),
            kernels.conv2d(x, weight, padding=plain, stride=[2, 2], flip=True),
        )


@EVERY_FAMILY
def test_float64_keeps_what_float32_cannot(family):
    """Sums of whole numbers beyond 2^24."""
    case = a_case(family, taps=1, size=2)
    x, weight, bias = np.full(case.x_shape, 2.0**30), np.ones(case.weight_shape), np.ones(case.bias_shape)
    y = passes(case, x, weight, bias)
    assert y.dtype == np.float64
    assert (y == 2.0**31 + 1).all()


@pytest.mark.parametrize("tile", [None, 3])
def test_signal_that_is_cut_into_blocks(tile):
    """100,000 samples go in blocks; whole numbers add up exactly."""
    rng = np.random.default_rng(0)
    x = rng.integers(-3, 4, (1, 1, 100_000)).astype(np.float32)
    weight = rng.integers(-3, 4, (2, *([tile] if tile else []), 1, 5)).astype(np.float32)
    name = "tiled_conv1d" if tile else "conv1d"
    settings = {"padding": 2, "stride": 2}
    conv = getattr(kernels, name)
    y = conv(x, weight, **settings)
    same(y, conv(wide(x), wide(weight), **settings))
    dy = rng.integers(-3, 4, y.shape).astype(np.float32)
    for part, other, shape in (("input", weight, x.shape), ("weight", x, weight.shape)):
        backward = getattr(kernels, f"{name}_backward_{part}")
        same(backward(dy, other, shape, **settings), backward(wide(dy), wide(other), shape, **settings))


@pytest.mark.parametrize("images", [1, 17])
@pytest.mark.parametrize("tile", [None, 3])
def test_long_filter_is_cut_into_blocks_that_tables_can_list(monkeypatch, tile, images):
    """Pairs of a position and a tap are listed one by one: 2^20 taps of 2^14 positions would fill memory."""
    listed = []

    def noted(function):
        def and_note(n, axis, *others):
            listed.append(axis.taps * (axis.out if function is maps.forward_reads else axis.size))
            return function(n, axis, *others)

        return and_note

    monkeypatch.setattr(blocks, "LISTED", 1 << 10)
    for name in ("forward_reads", "backward_reads"):
        monkeypatch.setattr(convolution, name, noted(getattr(maps, name)))
    rng = np.random.default_rng(0)
    x = rng.integers(-3, 4, (images, 1, 130)).astype(np.float32)
    weight = rng.integers(-3, 4, (2, *([tile] if tile else []), 1, 40)).astype(np.float32)
    name, settings = "tiled_conv1d" if tile else "conv1d", {"padding": 39}
    conv = getattr(kernels, name)
    y = conv(x, weight, **settings)
    same(y, conv(wide(x), wide(weight), **settings))
    dy = rng.integers(-3, 4, y.shape).astype(np.float32)
    for part, other, shape in (("input", weight, x.shape), ("weight", x, weight.shape)):
        backward = getattr(kernels, f"{name}_backward_{part}")
        same(backward(dy, other, shape, **settings), backward(wide(dy), wide(other), shape, **settings))
    assert max(listed, default=0) <= 1 << 10
    assert listed or images == 1
