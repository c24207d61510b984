"""Transposed convolution: by hand, as the gradient of a convolution, as PyTorch, by numeric gradients."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn.geometry import transposed_output_size
from minicnn.kernels import textbook

from .checks import close, close_to_numeric, generated, numeric_gradient, poisoned, uniform
from .generate import convolutions, dtypes, seeds

AXES = (1, 2, 3)


def transpose(x, weight, bias, out, ints, groups=1):
    y = poisoned((x.shape[0], len(bias), *out), x.dtype)
    getattr(textbook, f"conv_transpose{len(out)}d_forward")(y, x, weight, bias, *ints, groups)
    return y


def gradients(x, weight, dy, ints, groups=1):
    axes = x.ndim - 2
    dx, dweight, dbias = poisoned(x.shape, x.dtype), poisoned(weight.shape, x.dtype), poisoned(dy.shape[1:2], x.dtype)
    getattr(textbook, f"conv_transpose{axes}d_backward_input")(dx, dy, weight, *ints, groups)
    getattr(textbook, f"conv_transpose{axes}d_backward_weight")(dweight, dy, x, *ints, groups)
    getattr(textbook, f"conv_transpose{axes}d_backward_bias")(dbias, dy)
    return dx, dweight, dbias


def test_by_hand():
    """Four copies of the filter, shifted by one pixel each: the corner 3 * 3, the middle 0*3 + 1*2 + 2*1 + 3*0."""
    x = np.array([[[[0.0, 1.0], [2.0, 3.0]]]])
    assert transpose(x, x, np.zeros(1), (3, 3), (1, 1, 0, 0, 1, 1))[0, 0].tolist() == [[0, 0, 1], [0, 4, 6], [4, 12, 9]]


def test_stride_spreads_the_pixels():
    x, weight = np.array([[[1.0, 2.0]]]), np.array([[[1.0, 10.0]]])
    assert transpose(x, weight, np.zeros(1), (5,), (3, 0, 1))[0, 0].tolist() == [1, 10, 0, 2, 20]
    assert transpose(x, weight, np.zeros(1), (3,), (3, 1, 1))[0, 0].tolist() == [10, 0, 2]


@pytest.mark.parametrize("axes", AXES)
def test_is_the_input_gradient_of_a_convolution(axes):
    """The same weights read as (filters, channels): all three passes have a twin among those of the convolution."""

    @generated
    @given(case=convolutions(axes))
    def compare(case):
        out, ints, groups = case.windows.out, case.ints, case.groups
        small = uniform(case.seed, (case.x_shape[0], case.weight_shape[0], *out))
        weight, large = uniform(case.seed + 1, case.weight_shape), uniform(case.seed + 2, case.x_shape)
        dlarge, dweight, dsmall = poisoned(large.shape), poisoned(weight.shape), poisoned(small.shape)
        getattr(textbook, f"conv{axes}d_backward_input")(dlarge, small, weight, *ints, groups, False)
        getattr(textbook, f"conv{axes}d_backward_weight")(dweight, small, large, *ints, groups, False)
        getattr(textbook, f"conv{axes}d_forward")(dsmall, large, weight, np.zeros(len(weight)), *ints, groups, False)
        close(transpose(small, weight, np.zeros(large.shape[1]), large.shape[2:], ints, groups), dlarge, weight[:, 0].size)
        got_dx, got_dweight, _ = gradients(small, weight, large, ints, groups)
        close(got_dx, dsmall, weight[0].size)
        close(got_dweight, dweight, small[:, 0].size)

    compare()


@st.composite
def cases(draw, axes):
    """Settings that PyTorch takes, output padding included."""
    axis = []
    for _ in range(axes):
        taps, stride, dilation, size = (draw(st.integers(1, most)) for most in (3, 4, 3, 4))
        longest = transposed_output_size(size, taps, stride, dilation, 0, 0)
        padding = draw(st.integers(0, (longest - 1) // 2))
        output_padding = draw(st.integers(0, max(stride, dilation) - 1))
        axis.append((size, taps, stride, dilation, padding, output_padding))
    channels, filters, groups = (draw(st.integers(1, 3)) for _ in range(3))
    return tuple(zip(*axis, strict=True)), channels, filters, groups, draw(dtypes(axes)), draw(seeds)


@pytest.mark.parametrize("axes", AXES)
def test_same_as_torch(torch, axes):
    @generated
    @given(case=cases(axes))
    def compare(case):
        (size, taps, stride, dilation, padding, output_padding), channels, filters, groups, dtype, seed = case
        x = uniform(seed, (2, channels * groups, *size), dtype)
        weight = uniform(seed + 1, (channels * groups, filters, *taps), dtype)
        bias = uniform(seed + 2, (filters * groups,), dtype)
        leaves = [torch.tensor(each, dtype=torch.float64, requires_grad=True) for each in (x, weight, bias)]
        function = getattr(torch.nn.functional, f"conv_transpose{axes}d")
        want = function(*leaves, stride, padding, output_padding, groups, dilation)
        ints = (*stride, *padding, *dilation)
        y = transpose(x, weight, bias, want.shape[2:], ints, groups)
        dy = uniform(seed + 3, y.shape, dtype)
        want.backward(torch.tensor(dy, dtype=torch.float64))
        close(y, want.detach().numpy(), channels * int(np.prod(taps)))
        for got, leaf, terms in zip(
            gradients(x, weight, dy, ints, groups), leaves, (weight[0].size, x[:, 0].size, dy[:, 0].size), strict=True
        ):
            close(got, leaf.grad.numpy(), terms)

    compare()


@pytest.mark.parametrize("axes", AXES)
def test_numeric_gradient(axes):
    size, taps, stride, pad, dilation = (2, 3, 3)[:axes], (2, 3, 2)[:axes], (2, 1, 3)[:axes], (1, 1, 0)[:axes], (1, 2, 2)[:axes]
    out = tuple(transposed_output_size(*each, 0) for each in zip(size, taps, stride, dilation, pad, strict=True))
    ints = (*stride, *pad, *dilation)
    x, weight, bias, dy = uniform(0, (2, 4, *size)), uniform(1, (4, 2, *taps)), uniform(2, 4), uniform(3, (2, 4, *out))
    dx, dweight, dbias = gradients(x, weight, dy, ints, 2)
    close_to_numeric(dx, numeric_gradient(lambda v: transpose(v, weight, bias, out, ints, 2), x, dy))
    close_to_numeric(dweight, numeric_gradient(lambda v: transpose(x, v, bias, out, ints, 2), weight, dy))
    close_to_numeric(dbias, numeric_gradient(lambda v: transpose(x, weight, v, out, ints, 2), bias, dy))
