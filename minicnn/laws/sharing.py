"""Laws of sharing: who sees which channels, and which positions share a filter."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np

from minicnn.laws.draw import Draw, avg_pool, conv, tiled_conv, unshared_conv
from minicnn.laws.law import Sides, sums


def groups(draw: Draw) -> Iterator[Sides]:
    """Grouped convolution is convolution with a filter bank that is block-diagonal in its channels.

        conv(x, w, groups=G) = conv(x, dense),   dense[k, c] = w[k, c mod C/G] where c lies in the group of k, else 0

    Krizhevsky, Sutskever, Hinton, "ImageNet classification with deep convolutional neural networks", 2012, section 3.2: two GPUs.
    """
    case = draw.convolution(groups=4)
    x, weight = draw.array(case.x_shape), draw.array(case.weight_shape)
    K, C = weight.shape[:2]
    dense = np.zeros((K, C * case.groups, *weight.shape[2:]), draw.dtype)
    for k in range(K):
        first = k // (K // case.groups) * C
        dense[k, first : first + C] = weight[k]
    yield sums(conv(x, weight, **case.settings), conv(x, dense, **case.settings | {"groups": 1}), case.terms)


def depthwise(draw: Draw) -> Iterator[Sides]:
    """Depthwise convolution, a group for each channel, is every channel convolved alone.

        conv(x, w, groups=C)[:, of channel c] = conv(x[:, c], w[of channel c])

    Chollet, "Xception: deep learning with depthwise separable convolutions", 2017.
    """
    case = draw.convolution(groups=1)
    C, each = draw.whole(1, 5), draw.whole(1, 2)
    x, weight = draw.array((case.x_shape[0], C, *case.x_shape[2:])), draw.array((C * each, 1, *case.weight_shape[2:]))
    settings = case.settings | {"groups": 1}
    draw.note(x=x.shape, weight=weight.shape, **settings | {"groups": C})
    alone = [conv(x[:, c : c + 1], weight[c * each : (c + 1) * each], **settings) for c in range(C)]
    yield sums(conv(x, weight, **settings | {"groups": C}), np.concatenate(alone, axis=1), prod(weight.shape[2:]))


def tile_one(draw: Draw) -> Iterator[Sides]:
    """Tiled convolution with a tile of one filter is ordinary convolution: all positions share it.

        tiled_conv(x, w with tile 1) = conv(x, w)

    Goodfellow, Bengio, Courville, "Deep Learning", 2016, eq. 9.10 with t = 1.
    """
    case = draw.convolution()
    x, weight = draw.array(case.x_shape), draw.array(case.weight_shape)
    tiled = weight.reshape(len(weight), *(1,) * len(case.stride), *weight.shape[1:])
    yield sums(tiled_conv(x, tiled, **case.settings), conv(x, weight, **case.settings), case.terms)


def tile_all(draw: Draw) -> Iterator[Sides]:
    """Tiled convolution with a tile as large as the output, or larger, is unshared convolution: no position shares.

        tiled_conv(x, w) = unshared_conv(x, the filters of w that are used)

    Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 9.5: "locally connected layers", eq. 9.9.
    """
    case = draw.convolution()
    x = draw.array(case.x_shape)
    out = conv(x, draw.array(case.weight_shape), **case.settings).shape[2:]
    tile = tuple(size + draw.whole(0, 2) for size in out)
    weight = draw.array((case.weight_shape[0], *tile, *case.weight_shape[1:]))
    draw.note(x=x.shape, weight=weight.shape, **case.settings)
    used = weight[(slice(None), *(slice(size) for size in out))]
    yield sums(tiled_conv(x, weight, **case.settings), unshared_conv(x, np.ascontiguousarray(used), **case.settings), case.terms)


def average(draw: Draw) -> Iterator[Sides]:
    """Average pooling is depthwise convolution with a constant filter.

        avg_pool(x, window) = conv(x, 1 / pixels of the window, groups=C)

    A mean is at most 1; on the way to it each pixel of the window rounds once, and the division once.  LeCun, Bottou, Bengio, Haffner,
    1998, section II.B: sub-sampling layers are this, times a weight.
    """
    axes = draw.axes()
    window, stride = draw.numbers(axes, 1, 4), draw.numbers(axes, 1, 3)
    padding = tuple(draw.whole(0, taps // 2) for taps in window)
    C = draw.whole(1, 4)
    x = draw.array((draw.whole(1, 3), C, *(taps + draw.whole(0, 4) for taps in window)))
    draw.note(x=x.shape, window=window, stride=stride, padding=padding)
    constant = np.full((C, 1, *window), 1 / prod(window), draw.dtype)
    left = avg_pool(x, window, stride=stride, padding=padding)
    yield Sides(left, conv(x, constant, stride=stride, padding=padding, groups=C), 2 * (prod(window) + 2), 1.0)
