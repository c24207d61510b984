"""Tiled and unshared convolution: by hand, the two ends of the sharing dial, as PyTorch, by numeric gradients."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn.geometry import output_size
from minicnn.kernels import textbook

from .checks import close, close_to_numeric, generated, numeric_gradient, poisoned, uniform
from .generate import convolutions

AXES = (1, 2, 3)


def forward(kind, x, weight, bias, out, ints, groups=1):
    """kind is "tiled" or "unshared"."""
    y = poisoned((len(x), len(weight), *out), x.dtype)
    getattr(textbook, f"{kind}_conv{len(out)}d_forward")(y, x, weight, bias, *ints, groups)
    return y


def gradients(kind, x, weight, dy, ints, groups=1):
    axes = x.ndim - 2
    dx, dweight, dbias = poisoned(x.shape, x.dtype), poisoned(weight.shape, x.dtype), poisoned(weight.shape[: 1 + axes], x.dtype)
    getattr(textbook, f"{kind}_conv{axes}d_backward_input")(dx, dy, weight, *ints, groups)
    getattr(textbook, f"{kind}_conv{axes}d_backward_weight")(dweight, dy, x, *ints, groups)
    getattr(textbook, f"{kind}_conv{axes}d_backward_bias")(dbias, dy)
    return dx, dweight, dbias


def test_two_filters_take_turns():
    """The figure of lecture 001: kernels (a, b) and (c, d) of width two; here (1, 10) and (100, 1000) over 1 2 3 4."""
    x, weight = np.array([[[1.0, 2.0, 3.0, 4.0]]]), np.array([[1.0, 10.0], [100.0, 1000.0]]).reshape(1, 2, 1, 2)
    y = forward("tiled", x, weight, np.array([[0.5, 0.25]]), (3,), (1, 0, 1))
    assert y[0, 0].tolist() == [1 + 20 + 0.5, 200 + 3000 + 0.25, 3 + 40 + 0.5]


def test_every_position_has_its_own_filter():
    x, weight = np.array([[[1.0, 2.0, 3.0]]]), np.array([[1.0, 10.0], [100.0, 1000.0]]).reshape(1, 2, 1, 2)
    assert forward("unshared", x, weight, np.array([[0.5, 0.25]]), (2,), (1, 0, 1))[0, 0].tolist() == [1 + 20 + 0.5, 200 + 3000 + 0.25]


def test_a_filter_that_nobody_used_gets_gradient_zero():
    """A tile of 3 over an output of 2."""
    x, weight = uniform(0, (1, 1, 3)), uniform(1, (1, 3, 1, 2))
    _, dweight, dbias = gradients("tiled", x, weight, np.ones((1, 1, 2)), (1, 0, 1))
    assert np.all(dweight[0, :2] != 0.0)
    assert np.all(dweight[0, 2] == 0.0)
    assert dbias.tolist() == [[1, 1, 0]]


@pytest.mark.parametrize("axes", AXES)
def test_a_tile_of_one_is_an_ordinary_convolution(axes):
    @generated
    @given(case=convolutions(axes))
    def compare(case):
        x, weight = uniform(case.seed, case.x_shape), uniform(case.seed + 1, case.weight_shape)
        bias, dy = uniform(case.seed + 2, len(weight)), uniform(case.seed + 3, (len(x), len(weight), *case.windows.out))
        one = weight.reshape(len(weight), *(1,) * axes, *weight.shape[1:])
        y, want = forward("tiled", x, one, bias.reshape(-1, *(1,) * axes), case.windows.out, case.ints, case.groups), poisoned(dy.shape)
        getattr(textbook, f"conv{axes}d_forward")(want, x, weight, bias, *case.ints, case.groups, False)
        assert np.array_equal(y, want)
        dx, dweight, dbias = gradients("tiled", x, one, dy, case.ints, case.groups)
        want_dx, want_dweight, want_dbias = poisoned(dx.shape), poisoned(weight.shape), poisoned(bias.shape)
        getattr(textbook, f"conv{axes}d_backward_input")(want_dx, dy, weight, *case.ints, case.groups, False)
        getattr(textbook, f"conv{axes}d_backward_weight")(want_dweight, dy, x, *case.ints, case.groups, False)
        getattr(textbook, f"conv{axes}d_backward_bias")(want_dbias, dy)
        assert np.array_equal(dx, want_dx)
        assert np.array_equal(dweight.reshape(weight.shape), want_dweight)
        assert np.array_equal(dbias.reshape(bias.shape), want_dbias)

    compare()


@pytest.mark.parametrize("axes", AXES)
def test_a_tile_as_large_as_the_output_is_unshared(axes):
    @generated
    @given(case=convolutions(axes))
    def compare(case):
        out, K = case.windows.out, case.weight_shape[0]
        x, weight = uniform(case.seed, case.x_shape), uniform(case.seed + 1, (K, *out, *case.weight_shape[1:]))
        bias, dy = uniform(case.seed + 2, (K, *out)), uniform(case.seed + 3, (len(x), K, *out))
        tiled, unshared = (forward(kind, x, weight, bias, out, case.ints, case.groups) for kind in ("tiled", "unshared"))
        assert np.array_equal(tiled, unshared)
        for one, other in zip(*(gradients(kind, x, weight, dy, case.ints, case.groups) for kind in ("tiled", "unshared")), strict=True):
            assert np.array_equal(one, other)

    compare()


def torch_tiled(torch, x, weight, bias, dy, case, tile):
    """One whole convolution per filter of the tile, of which only the positions that use it are kept."""
    leaves = x, weight, bias = [torch.tensor(each, dtype=torch.float64, requires_grad=True) for each in (x, weight, bias)]
    window = case.windows
    wide = torch.nn.functional.pad(x, window.torch_padding)
    y = torch.zeros(dy.shape, dtype=torch.float64)
    for cell in np.ndindex(*tile):
        taps, offset = weight[(slice(None), *cell)], bias[(slice(None), *cell)]
        whole = getattr(torch.nn.functional, f"conv{len(tile)}d")(wide, taps, offset, window.stride, 0, window.dilation, case.groups)
        users = torch.zeros(window.out, dtype=torch.float64)
        users[tuple(slice(first, None, step) for first, step in zip(cell, tile, strict=True))] = 1.0
        y = y + whole * users
    y.backward(torch.tensor(dy, dtype=torch.float64))
    return [y.detach().numpy(), *(leaf.grad.numpy() for leaf in leaves)]


@pytest.mark.parametrize("axes", AXES)
def test_same_as_torch(torch, axes):
    @generated
    @given(case=convolutions(axes), tile=st.tuples(*[st.integers(1, 3)] * axes))
    def compare(case, tile):
        K, dtype, seed = case.weight_shape[0], case.dtype, case.seed
        x, weight = uniform(seed, case.x_shape, dtype), uniform(seed + 1, (K, *tile, *case.weight_shape[1:]), dtype)
        bias, dy = uniform(seed + 2, (K, *tile), dtype), uniform(seed + 3, (len(x), K, *case.windows.out), dtype)
        y = forward("tiled", x, weight, bias, case.windows.out, case.ints, case.groups)
        got = [y, *gradients("tiled", x, weight, dy, case.ints, case.groups)]
        terms = int(np.prod(case.weight_shape[1:])), int(np.prod(case.weight_shape)), dy[:, 0].size, dy[:, 0].size
        for mine, theirs, count in zip(got, torch_tiled(torch, x, weight, bias, dy, case, tile), terms, strict=True):
            close(mine, theirs, count)

    compare()


@pytest.mark.parametrize("kind", ["tiled", "unshared"])
@pytest.mark.parametrize("axes", AXES)
def test_adjoint_identity(axes, kind):
    @generated
    @given(case=convolutions(axes), tile=st.tuples(*[st.integers(1, 3)] * axes))
    def compare(case, tile):
        cells, K = tile if kind == "tiled" else case.windows.out, case.weight_shape[0]
        x, weight = uniform(case.seed, case.x_shape), uniform(case.seed + 1, (K, *cells, *case.weight_shape[1:]))
        y = forward(kind, x, weight, np.zeros((K, *cells)), case.windows.out, case.ints, case.groups)
        dy = uniform(case.seed + 2, y.shape)
        dx, dweight, _ = gradients(kind, x, weight, dy, case.ints, case.groups)
        terms = y.size * int(np.prod(case.weight_shape[1:]))
        close(np.vdot(dy, y), np.vdot(dx, x), terms)
        close(np.vdot(dy, y), np.vdot(dweight, weight), terms)

    compare()


@pytest.mark.parametrize("kind", ["tiled", "unshared"])
@pytest.mark.parametrize("axes", AXES)
def test_numeric_gradient(axes, kind):
    size, taps, stride, pad, dilation = (3, 5, 5)[:axes], (2, 3, 2)[:axes], (2, 1, 3)[:axes], (1, 1, 0)[:axes], (1, 1, 2)[:axes]
    out = tuple(output_size(*each, 0) for each in zip(size, taps, stride, dilation, pad, strict=True))
    cells = (2, 3, 1)[:axes] if kind == "tiled" else out
    ints = (*stride, *pad, *dilation)
    x, weight, bias = uniform(0, (2, 2, *size)), uniform(1, (2, *cells, 1, *taps)), uniform(2, (2, *cells))
    dy = uniform(3, (2, 2, *out))
    dx, dweight, dbias = gradients(kind, x, weight, dy, ints, 2)
    close_to_numeric(dx, numeric_gradient(lambda v: forward(kind, v, weight, bias, out, ints, 2), x, dy))
    close_to_numeric(dweight, numeric_gradient(lambda v: forward(kind, x, v, bias, out, ints, 2), weight, dy))
    close_to_numeric(dbias, numeric_gradient(lambda v: forward(kind, x, weight, v, out, ints, 2), bias, dy))
