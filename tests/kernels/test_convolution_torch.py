"""Convolution against PyTorch, which sums in float64 what the functions sum in float32; families that it lacks by its `unfold`."""

import numpy as np
import pytest
from hypothesis import given

from .comparing import AXES, close, fewer, poison, torch, wide  # noqa: F401
from .convolving import bounds, convolutions, passes


def compare_with(torch, case, function):  # noqa: F811
    """All passes in float32 against `function` of float64 tensors and what follows from it backwards.

    The bound is that of `bounds`: PyTorch's own rounding, 1e-16 of the same sums, is nothing beside it.
    """
    x, weight, bias = case.arrays()
    leaves = [torch.tensor(wide(np.ascontiguousarray(each)), requires_grad=True) for each in (x, weight, bias)]
    y = function(*leaves)
    dy = case.gradient(tuple(y.shape))
    y.backward(torch.tensor(wide(np.ascontiguousarray(dy))))
    wanted = [y.detach().numpy(), *(leaf.grad.numpy() for leaf in leaves)]
    for got, want, bound in zip(passes(case, x, weight, bias, dy), wanted, bounds(case, x, weight, bias, dy), strict=True):
        close(got, want, bound)


@pytest.mark.parametrize("axes", AXES)
def test_ordinary(torch, axes):  # noqa: F811
    @fewer(2)
    @given(case=convolutions("conv", axes, symmetric=True))
    def compare(case):
        settings, flip = dict(case.settings), case.settings["flip"]
        del settings["flip"]

        def function(x, weight, bias):
            as_read = weight.flip(tuple(range(2, axes + 2))) if flip else weight
            return getattr(torch.nn.functional, f"conv{axes}d")(x, as_read, bias, **settings)

        compare_with(torch, case, function)

    compare()


@pytest.mark.parametrize("axes", AXES)
def test_transposed(torch, axes):  # noqa: F811
    @fewer(2)
    @given(case=convolutions("conv_transpose", axes))
    def compare(case):
        compare_with(torch, case, lambda *arrays: getattr(torch.nn.functional, f"conv_transpose{axes}d")(*arrays, **case.settings))

    compare()


def unfolded(torch, x, weight, bias, case, out):  # noqa: F811
    """Tiled convolution in two dimensions: PyTorch lists what every position reads, and each position has the filter whose turn it is."""
    filters, groups = len(weight), case.settings["groups"]
    pads = case.settings["padding"]
    pads = (pads, pads) if isinstance(pads, int) else pads
    columns = torch.nn.functional.unfold(x, weight.shape[-2:], case.settings["dilation"], pads, case.settings["stride"])
    columns = columns.reshape(len(x), groups, -1, *out)  # (N, G, C/G * taps, P, Q)
    turn = [torch.arange(size) % tile for size, tile in zip(out, weight.shape[1:3], strict=True)]
    own = weight[:, turn[0]][:, :, turn[1]].reshape(groups, filters // groups, *out, -1)  # (G, K/G, P, Q, C/G * taps)
    y = torch.einsum("gkpqi,ngipq->ngkpq", own, columns).reshape(len(x), filters, *out)
    biases = bias[:, None, None] if bias.ndim == 1 else bias[:, turn[0]][:, :, turn[1]]
    return y + biases


@pytest.mark.parametrize("family", ["tiled_conv", "unshared_conv"])
def test_filters_that_take_turns(torch, family):  # noqa: F811
    @fewer(2)
    @given(case=convolutions(family, 2, symmetric=True))
    def compare(case):
        x, weight, bias = case.arrays()
        out = passes(case, x, weight, bias).shape[2:]
        compare_with(torch, case, lambda *arrays: unfolded(torch, *arrays, case, out))

    compare()
