"""The input gradient of a strided convolution as convolutions with stride 1, one for each remainder that input positions can have.

Tap r of output position p reads input position i = p*stride + r*dilation - before.  So all positions with the same remainder of
(i + before) modulo the stride are read through the same taps, every `step` = stride / gcd(stride, dilation) of them, and

    dx[i] = sum over j of weight[r + j*step] * dy[q - j*gap]        with gap = dilation / gcd(stride, dilation)

where i = q*stride + r*dilation - before and r is the first of those taps: along q a convolution of dy.

Remainders with equally many taps are one convolution with more filters, over all q that any of them has.  AlexNet's first layer,
whose stride is 4, has three remainders of three taps and one of two along each axis: 4 convolutions instead of 16.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby, product
from math import gcd, prod
from typing import NamedTuple

import numpy as np

from minicnn.geometry import Axis
from minicnn.kernels.cpu.lanes.vector import LANES

# what decides for few images, measured from AlexNet's first layer to ResNet's last
SPEED = 8  # how much faster products are for one image
CALL_PRODUCTS = 200_000  # products in the time of a call
LANE_PRODUCTS = 6  # products in the time in which a number goes into its lane and back


def remainders_pay(axes: Sequence[Axis], x_shape: tuple[int, ...], filters: int, groups: int) -> bool:
    """Whether the input gradient of images (N, C) is better computed for each remainder of positions.

    That way an image at a time fills the lanes with its columns.  Else the lanes are images and most of them idle, but it is one call.
    """
    images, channels = x_shape
    if images >= LANES or all(axis.stride == 1 for axis in axes) or (images == 1 and axes[-1].stride == 1):
        return False
    dx, dy = channels * prod(axis.size for axis in axes), filters * prod(axis.out for axis in axes)
    products = dy * channels // groups * prod(axis.taps for axis in axes)
    calls = (images + 1) * prod(len(shares(axis)) for axis in axes)
    return images * products / SPEED + calls * CALL_PRODUCTS < products + images * (dx + dy) * LANE_PRODUCTS


class Remainder(NamedTuple):
    """Input positions of an axis that are read through the same taps: which taps, and where the positions lie."""

    taps: range
    source: slice  # in the result of the convolution that they share
    target: slice  # in dx


class Share(NamedTuple):
    """Remainders with equally many taps: the axis of their convolution, which part of dy it reads, and themselves."""

    axis: Axis
    input: slice
    remainders: list[Remainder]


class Combination(NamedTuple):
    """A share of each axis: one convolution, which computes all positions whose remainders it has.

    input : what it reads of dy
    taps : for each combination of remainders, its taps by their numbers in the window
    sources, targets : where its positions lie in the result of the convolution and in dx
    """

    axes: tuple[Axis, ...]
    input: tuple[slice, ...]
    taps: list[np.ndarray]
    sources: list[tuple[slice, ...]]
    targets: list[tuple[slice, ...]]


class _Stretch(NamedTuple):
    """The taps of one remainder, and from which q to which it is read by any of them."""

    taps: range
    first: int
    stop: int


@lru_cache(maxsize=64)
def combinations(axes: tuple[Axis, ...], flip: bool) -> list[Combination]:
    """The convolutions that compute dx together."""
    window = np.arange(prod(axis.taps for axis in axes)).reshape([axis.taps for axis in axes])
    if flip:
        window = np.flip(window)
    found = []
    for some in product(*(shares(axis) for axis in axes)):
        places = list(product(*(share.remainders for share in some)))
        found.append(
            Combination(
                tuple(share.axis for share in some),
                tuple(share.input for share in some),
                [window[np.ix_(*(each.taps for each in place))] for place in places],
                [tuple(each.source for each in place) for place in places],
                [tuple(each.target for each in place) for place in places],
            )
        )
    return found


@lru_cache(maxsize=256)
def shares(axis: Axis) -> list[Share]:
    """All that is read, by the number of taps; positions that no tap reads are left out."""
    common = gcd(axis.stride, axis.dilation)
    step, gap = axis.stride // common, axis.dilation // common
    stretches = sorted(_stretches(axis, step, gap), key=lambda stretch: -len(stretch.taps))
    return [_share(axis, gap, list(own)) for _, own in groupby(stretches, key=lambda stretch: len(stretch.taps))]


def reads_everything(axis: Axis) -> bool:
    """Whether each position is read through any tap."""
    return sum(len(range(axis.size)[each.target]) for share in shares(axis) for each in share.remainders) == axis.size


def _stretches(axis: Axis, step: int, gap: int) -> Iterator[_Stretch]:
    for r in range(min(step, axis.taps)):
        taps = range(r, axis.taps, step)
        shift = axis.before - r * axis.dilation  # i + shift = q*stride
        first = max(0, -(-shift // axis.stride))
        stop = min(axis.out + (len(taps) - 1) * gap, (axis.size - 1 + shift) // axis.stride + 1)
        if first < stop:
            yield _Stretch(taps, first, stop)


def _share(axis: Axis, gap: int, stretches: list[_Stretch]) -> Share:
    taps = len(stretches[0].taps)
    first, stop = min(each.first for each in stretches), max(each.stop for each in stretches)
    reach = (taps - 1) * gap
    low, high = max(0, first - reach), min(axis.out, stop)  # what is read of dy
    before, after = low - first + reach, max(0, stop - high)
    remainders = []
    for each in stretches:
        begin = each.first * axis.stride + each.taps[0] * axis.dilation - axis.before
        remainders.append(
            Remainder(
                each.taps,
                slice(each.first - first, each.stop - first),
                slice(begin, begin + (each.stop - each.first - 1) * axis.stride + 1, axis.stride),
            )
        )
    return Share(Axis(high - low, taps, 1, gap, before, after, stop - first), slice(low, high), remainders)
