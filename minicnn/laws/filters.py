"""Laws of filters: flipped, exchanged, stuffed with zeros, taken apart, put together."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np

from minicnn.geometry import extent
from minicnn.laws.draw import Draw, conv
from minicnn.laws.law import Sides, sums


def _reversed(weight: np.ndarray) -> np.ndarray:
    """The filters read from their other end along every axis."""
    return np.ascontiguousarray(weight[(slice(None), slice(None), *(slice(None, None, -1),) * (weight.ndim - 2))])


def flip(draw: Draw) -> Iterator[Sides]:
    """The mathematician's convolution is cross-correlation with the reversed filter.

        conv(x, w, flip=True) = conv(x, reversed w)

    Goodfellow, Bengio, Courville, "Deep Learning", 2016, eqs. 9.5 and 9.6.  Lecture 001: "because of flipped kernel".
    """
    case = draw.convolution()
    x, weight = draw.array(case.x_shape), draw.array(case.weight_shape)
    yield sums(conv(x, weight, flip=True, **case.settings), conv(x, _reversed(weight), **case.settings), case.terms)


def commutativity(draw: Draw) -> Iterator[Sides]:
    """Full convolution commutes: image and filter may change places; correlation does not, where both have two pixels or more.

        x * w = w * x        padding "full", flip=True

    Goodfellow, Bengio, Courville, "Deep Learning", 2016, eqs. 9.4 and 9.5: the only reason to flip the filter.
    """
    axes = draw.axes()
    x, weight = (draw.array((1, 1, *draw.numbers(axes, 2, 6))) for _ in range(2))
    draw.note(x=x.shape, weight=weight.shape)
    terms = min(prod(x.shape), prod(weight.shape))
    yield sums(conv(x, weight, padding="full", flip=True), conv(weight, x, padding="full", flip=True), terms)
    yield sums(conv(x, weight, padding="full"), conv(weight, x, padding="full"), terms, equal=False)


def dilation(draw: Draw) -> Iterator[Sides]:
    """Dilated convolution is convolution with a filter that is stuffed with zeros.

        conv(x, w, dilation=d) = conv(x, stuffed),   stuffed[r*d] = w[r], else 0

    Yu, Koltun, "Multi-scale context aggregation by dilated convolutions", 2016, section 2.
    """
    case = draw.convolution(dilation=3)
    x, weight = draw.array(case.x_shape), draw.array(case.weight_shape)
    spans = [extent(taps, gap) for taps, gap in zip(weight.shape[2:], case.dilation, strict=True)]
    stuffed = np.zeros((*weight.shape[:2], *spans), draw.dtype)
    stuffed[(slice(None), slice(None), *(slice(None, None, gap) for gap in case.dilation))] = weight
    yield sums(conv(x, weight, **case.settings), conv(x, stuffed, **case.settings | {"dilation": 1}), case.terms)


def separable(draw: Draw) -> Iterator[Sides]:
    """A separable filter is two passes: along the rows, then along the columns, R + S products a pixel instead of R * S.

        conv(x, u v^T) = conv(conv(x, v^T), u)

    On the right S roundings of sums up to S are followed by R of sums up to R * S.  Goodfellow, Bengio, Courville, "Deep Learning",
    2016, section 9.8.
    """
    R, S = draw.numbers(2, 1, 5)
    x, u, v = draw.array((draw.whole(1, 3), 1, R + draw.whole(0, 5), S + draw.whole(0, 5))), draw.array((R, 1)), draw.array((1, S))
    draw.note(x=x.shape, u=u.shape, v=v.shape)
    right = conv(conv(x, v[None, None]), u[None, None])
    yield Sides(conv(x, (u * v)[None, None]), right, R * S + 1 + R + S + 2, R * S)


def association(draw: Draw) -> Iterator[Sides]:
    """Two convolutions one after the other are one, with the larger filter that the two make: two of 3x3 see 5x5.

        conv(conv(x, u), v) = conv(x, u * v)        u * v their full convolution

    Simonyan, Zisserman, "Very deep convolutional networks for large-scale image recognition", 2015, section 2.3, without the rectifier
    between them.
    """
    axes = draw.axes()
    first, second = draw.numbers(axes, 1, 3), draw.numbers(axes, 1, 3)
    sizes = tuple(a + b - 1 + draw.whole(0, 4) for a, b in zip(first, second, strict=True))
    x, u, v = draw.array((draw.whole(1, 3), 1, *sizes)), draw.array((1, 1, *first)), draw.array((1, 1, *second))
    draw.note(x=x.shape, u=u.shape, v=v.shape)
    together = conv(u, v, padding="full", flip=True)
    terms = prod(first) * prod(second)
    roundings = (prod(first) + prod(second) + 2) + (prod(together.shape) + min(prod(first), prod(second)) + 2)
    yield Sides(conv(conv(x, u), v), conv(x, together), roundings, terms)
