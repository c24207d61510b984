"""Laws of gradients: what a convolution does to gradients is again a convolution."""

from __future__ import annotations

from collections.abc import Iterator
from math import fsum, prod

import numpy as np

from minicnn.geometry import transposed_output_size
from minicnn.laws.draw import Draw, conv, conv_backward_input, conv_backward_weight, conv_transpose
from minicnn.laws.law import Sides, sums


def _inner(a: np.ndarray, b: np.ndarray) -> float:
    """<a, b>, every product in float64 and their sum rounded once."""
    return fsum((a.astype(np.float64) * b).ravel())


def adjoint(draw: Draw) -> Iterator[Sides]:
    """The input gradient is the adjoint of convolution.

        <dy, conv(x, w)> = <conv_backward_input(dy, w), x>

    Both are the sum of the same products dy * w * x, one for each tap of each output.  Goodfellow, Bengio, Courville, "Deep
    Learning", 2016, section 9.5: multiplication by the transpose of the convolution's matrix.
    """
    case = draw.convolution()
    x, weight = draw.array(case.x_shape), draw.array(case.weight_shape)
    y = conv(x, weight, **case.settings)
    dy = draw.array(y.shape)
    dx = conv_backward_input(dy, weight, x.shape, **case.settings)
    to_input = weight.size // case.groups // weight.shape[1]  # products of which a gradient of the input is the sum
    yield Sides(_inner(dy, y), _inner(dx, x), case.terms + to_input + 4, y.size * case.terms)


def adjoint_weight(draw: Draw) -> Iterator[Sides]:
    """The weight gradient is the adjoint of convolution as a function of the weights.

        <dy, conv(x, w)> = <conv_backward_weight(dy, x), w>

    Goodfellow, Bengio, Courville, "Deep Learning", 2016, eq. 9.11.
    """
    case = draw.convolution()
    x, weight = draw.array(case.x_shape), draw.array(case.weight_shape)
    y = conv(x, weight, **case.settings)
    dy = draw.array(y.shape)
    dweight = conv_backward_weight(dy, x, weight.shape, **case.settings)
    uses = y.size // y.shape[1]  # of one weight
    yield Sides(_inner(dy, y), _inner(dweight, weight), case.terms + uses + 4, y.size * case.terms)


def input_gradient(draw: Draw) -> Iterator[Sides]:
    """The input gradient of a convolution is a full convolution with the flipped filter.

        dx = conv(dy, w with channels and filters exchanged, padding="full", flip=True)        stride 1, no padding

    Goodfellow, Bengio, Courville, "Deep Learning", 2016, eq. 9.13.
    """
    case = draw.convolution(stride=1, padding=0, groups=1)
    x, weight = draw.array(case.x_shape), draw.array(case.weight_shape)
    dy = draw.array(conv(x, weight, dilation=case.dilation).shape)
    left = conv_backward_input(dy, weight, x.shape, dilation=case.dilation)
    right = conv(dy, weight.swapaxes(0, 1), padding="full", dilation=case.dilation, flip=True)
    yield sums(left, right, weight.size // weight.shape[1])


def weight_gradient(draw: Draw) -> Iterator[Sides]:
    """The weight gradient is the input correlated with the output's gradient, images taking the place of channels.

        dw = conv(x, dy, stride=dilation, dilation=stride)        with N and C of x, N and K of dy exchanged

    Stride and dilation change places: i = p*stride + r*dilation does not know which of p and r is summed over.  The result is as long
    as dw, or longer where the stride leaves a rest.
    """
    case = draw.convolution(groups=1)
    x, weight_shape = draw.array(case.x_shape), case.weight_shape
    dy = draw.array(conv(x, draw.array(weight_shape), **case.settings).shape)
    left = conv_backward_weight(dy, x, weight_shape, **case.settings)
    right = conv(x.swapaxes(0, 1), dy.swapaxes(0, 1), stride=case.dilation, dilation=case.stride, padding=case.padding).swapaxes(0, 1)
    inside = (slice(None), slice(None), *(slice(taps) for taps in weight_shape[2:]))
    yield sums(left, right[inside], dy.size // dy.shape[1])


def transposed(draw: Draw) -> Iterator[Sides]:
    """Transposed convolution is the input gradient of convolution.

        conv_transpose(x, w) = conv_backward_input(x, w)        x taking the place of dy

    Dumoulin, Visin, "A guide to convolution arithmetic for deep learning", 2016, sections 4.1 and 4.2.
    """
    axes = draw.axes()
    sizes, taps = draw.numbers(axes, 1, 5), draw.numbers(axes, 1, 4)
    stride, dilation, padding, groups = draw.whole(1, 3), draw.whole(1, 2), draw.whole(0, 1), draw.whole(1, 2)
    more = draw.whole(0, stride - 1)
    x = draw.array((draw.whole(1, 3), groups * draw.whole(1, 3), *sizes))
    weight = draw.array((x.shape[1], draw.whole(1, 3), *taps))
    out = tuple(transposed_output_size(size, tap, stride, dilation, padding, more) for size, tap in zip(sizes, taps, strict=True))
    if min(out) < 1:
        padding, out = 0, tuple(size + 2 * padding for size in out)
    draw.note(x=x.shape, weight=weight.shape, stride=stride, padding=padding, output_padding=more, dilation=dilation, groups=groups)
    left = conv_transpose(x, weight, stride=stride, padding=padding, output_padding=more, dilation=dilation, groups=groups)
    right = conv_backward_input(
        x, weight, (len(x), groups * weight.shape[1], *out), stride=stride, padding=padding, dilation=dilation, groups=groups
    )
    yield sums(left, right, x.shape[1] // groups * prod(taps))
