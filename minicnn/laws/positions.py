"""Laws of positions: what a stride leaves out, and where convolution does not care where things are."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np

from minicnn.geometry import same_padding
from minicnn.laws.draw import Array, Draw, conv
from minicnn.laws.law import Sides, sums

FILTERS, IMAGES = 3, 4  # enough numbers to make it certain that different sides differ


def stride(draw: Draw) -> Iterator[Sides]:
    """Convolution with stride s is convolution with stride 1 of which every s-th output is kept.

        conv(x, w, stride=s)[p] = conv(x, w)[p*s]

    Goodfellow, Bengio, Courville, "Deep Learning", 2016, eq. 9.8.
    """
    case = draw.convolution(stride=4)
    x, weight = draw.array(case.x_shape), draw.array(case.weight_shape)
    every = conv(x, weight, **case.settings | {"stride": 1})
    kept = every[(slice(None), slice(None), *(slice(None, None, step) for step in case.stride))]
    yield sums(conv(x, weight, **case.settings), kept, case.terms)


def _two_views(draw: Draw, taps: int, size: int, shift: int) -> tuple[Array, Array, Array]:
    """Filters, and two images of one scene: x, and x seen `shift` pixels further right along the last axis."""
    axes = draw.axes()
    others = draw.numbers(axes - 1, 3, 5)
    scene, weight = draw.array((IMAGES, 2, *others, size + shift)), draw.array((FILTERS, 2, *(2,) * (axes - 1), taps))
    return weight, np.ascontiguousarray(scene[..., :size]), np.ascontiguousarray(scene[..., shift:])


def translation(draw: Draw) -> Iterator[Sides]:
    """Convolution commutes with translation: move the scene, and the feature map moves along.  Without padding, it holds everywhere.

        conv(T x, w) = T conv(x, w)        (T x)[i] = x[i + t]

    Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 9.2.  Lecture 001: F(T(Im)) = T(F(Im)).
    """
    taps, shift = draw.whole(1, 4), draw.whole(1, 3)
    size = taps + shift + draw.whole(0, 5)
    weight, x, moved = _two_views(draw, taps, size, shift)
    draw.note(x=x.shape, weight=weight.shape, shift=shift)
    yield sums(conv(moved, weight)[..., :-shift], conv(x, weight)[..., shift:], prod(weight.shape[1:]))


def translation_same(draw: Draw) -> Iterator[Sides]:
    """With padding "same", translation holds at exactly those outputs whose taps all lie inside both images, and fails at each other one.

        conv(T x, w, "same")[q] = conv(x, w, "same")[q + t]    where  before <= q  and  q + t < size - after

    At a border one image shows pixels where the other has zeros.  Kayhan, van Gemert, "On translation invariance in CNNs: convolutional
    layers can exploit absolute spatial location", 2020.
    """
    taps, shift = draw.whole(2, 5), draw.whole(1, 3)
    size = taps + shift + draw.whole(0, 5)
    weight, x, moved = _two_views(draw, taps, size, shift)
    draw.note(x=x.shape, weight=weight.shape, padding="same", shift=shift)
    before, after = same_padding(size, taps, 1, 1)
    left, right = conv(moved, weight, padding="same")[..., :-shift], conv(x, weight, padding="same")[..., shift:]
    terms = prod(weight.shape[1:])
    yield sums(left[..., before : size - after - shift], right[..., before : size - after - shift], terms)
    for q in [*range(before), *range(size - after - shift, size - shift)]:
        yield sums(left[..., q], right[..., q], terms, equal=False)


def translation_stride(draw: Draw) -> Iterator[Sides]:
    """With stride s, translation by m*s pixels moves the output by m; any other translation does not move it, by no number of pixels.

        conv(T x, w, stride=s)[q] = conv(x, w, stride=s)[q + t/s]        where s divides t, and nowhere else

    Any other translation gives outputs that the stride left out before.  Zhang, "Making convolutional networks shift-invariant again",
    2019.
    """
    taps, step = draw.whole(1, 4), draw.whole(2, 3)
    shift = draw.whole(1, 2 * step)
    size = taps + step * (3 + draw.whole(0, 2)) + draw.whole(0, 2)
    weight, x, moved = _two_views(draw, taps, size, shift)
    draw.note(x=x.shape, weight=weight.shape, stride=step, shift=shift)
    left, right = conv(moved, weight, stride=step), conv(x, weight, stride=step)
    terms = prod(weight.shape[1:])
    if shift % step == 0:
        m = shift // step
        yield sums(left[..., :-m], right[..., m:], terms)
        return
    for m in range(left.shape[-1]):
        yield sums(left[..., : left.shape[-1] - m], right[..., m:], terms, equal=False)
