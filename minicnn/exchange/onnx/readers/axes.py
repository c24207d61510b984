"""Images whose axes are moved: what operators along one axis or another have in common.

Axes are counted as in the file: 0 are the images, 1 the channels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import TYPE_CHECKING

from minicnn import layers as L
from minicnn.errors import GraphError
from minicnn.exchange.onnx.operators import MOST_AXES, Value
from minicnn.layers import Shape

if TYPE_CHECKING:
    from minicnn.exchange.onnx.reading import Reading


def permuted(reading: Reading, x: Value, order: Sequence[int]) -> Value:
    """The axes of an image in this order; nothing is moved where only axes of one pixel change places with others."""
    wanted = tuple(x.shape[axis - 1] for axis in order)
    whole = [axis for axis in order if x.shape[axis - 1] != 1]
    if whole == sorted(whole):
        return reading.reshaped(x, wanted)
    if len(order) <= MOST_AXES:
        return reading.layer(L.Permute(tuple(order)), x)
    flat = reading.layer(L.Permute(tuple(order), shape=x.shape), reading.reshaped(x, (prod(x.shape),)))
    return reading.reshaped(flat, wanted)


def along(reading: Reading, axis: int, values: Sequence[Value], function: Callable[..., Value]) -> Value:
    """What a function along channels gives along another axis: it gets (size of the axis, all others) and gives (any size, all others)."""
    rank = len(values[0].shape)
    order = (axis, *(each for each in range(1, 1 + rank) if each != axis))
    back = [1 + order.index(each) for each in range(1, 1 + rank)]
    turned = [permuted(reading, value, order) for value in values]
    rest = turned[0].shape[1:]
    y = function(*(reading.reshaped(value, (value.shape[0], prod(rest))) for value in turned))
    return permuted(reading, reading.reshaped(y, (y.shape[0], *rest)), back)


def taken(reading: Reading, x: Value, axis: int, places: Sequence[int]) -> Value:
    """Some places of an axis; x itself if they are all there are, in their order."""
    if not 1 <= axis <= len(x.shape):
        raise GraphError("it takes some of the images")
    if not len(places):
        raise GraphError("it takes nothing")
    size, inner = x.shape[axis - 1], prod(x.shape[axis:])
    if list(places) == list(range(size)):
        return x
    outer = prod(x.shape[: axis - 1])
    shape: Shape = (*x.shape[: axis - 1], len(places), *x.shape[axis:])
    if outer == 1:
        flat = reading.reshaped(x, (size, inner) if inner > 1 else (size,))
        return reading.reshaped(reading.layer(L.Take(tuple(places)), flat), shape)
    y = reading.layer(L.Take(tuple(places), axis=2), reading.reshaped(x, (outer, size, inner)))
    return reading.reshaped(y, shape)
