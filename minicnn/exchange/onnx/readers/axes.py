"""Images whose axes are moved: what operators along one axis or another have in common.

Axes are counted as in the file: 0 are the images, 1 the channels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import TYPE_CHECKING

from minicnn import layers as L
from minicnn.errors import GraphError
from minicnn.exchange.onnx.operators import MOST_AXES, Value, check_places

if TYPE_CHECKING:
    from minicnn.exchange.onnx.reading import Reading


def permuted(reading: Reading, x: Value, order: Sequence[int]) -> Value:
    """The axes of an image in this order; nothing is moved where only axes of one pixel change places with others.

    What was moved just before is moved once: axes that come back to where they were leave no layer.
    """
    made = reading.parts[x.number - 1] if x.number else None
    if made and isinstance(made.element, L.Permute) and made.element.shape is None and x.shape == made.shape:
        source = Value(made.inputs[0], reading.shape_of(made.inputs[0]))
        return permuted(reading, source, [made.element.order[axis - 1] for axis in order])
    wanted = tuple(x.shape[axis - 1] for axis in order)
    whole = [axis for axis in order if x.shape[axis - 1] != 1]
    if whole == sorted(whole):
        return reading.reshaped(x, wanted)
    if len(order) <= MOST_AXES:
        return reading.layer(L.Permute(tuple(order)), x)
    flat = reading.layer(L.Permute(tuple(order), shape=x.shape), reading.reshaped(x, (prod(x.shape),)))
    return reading.reshaped(flat, wanted)


def along(reading: Reading, axis: int, values: Sequence[Value], function: Callable[..., Value]) -> Value:
    """What a function along channels gives along another axis: it gets that axis first, and may give it another size."""
    rank = len(values[0].shape)
    order = (axis, *(each for each in range(1, 1 + rank) if each != axis))
    back = [1 + order.index(each) for each in range(1, 1 + rank)]
    turned = [permuted(reading, value, order) for value in values]
    rest = turned[0].shape[1:]
    seen = rest if rank <= MOST_AXES else (prod(rest),)
    y = function(*(reading.reshaped(value, (value.shape[0], *seen)) for value in turned))
    return permuted(reading, reading.reshaped(y, (y.shape[0], *rest)), back)


def taken(reading: Reading, x: Value, axis: int, places: Sequence[int]) -> Value:
    """Some places of an axis; x itself if they are all there are, in their order."""
    if not 1 <= axis <= len(x.shape):
        raise GraphError("it takes some of the images")
    if not len(places):
        raise GraphError("it takes nothing")
    outer, size, inner = prod(x.shape[: axis - 1]), x.shape[axis - 1], prod(x.shape[axis:])
    check_places(len(places), size)
    if list(places) == list(range(size)):
        return x
    if len(x.shape) <= MOST_AXES:
        return reading.layer(L.Take(tuple(places), axis=axis), x)
    y = reading.layer(L.Take(tuple(places), axis=2), reading.reshaped(x, (outer, size, inner)))
    return reading.reshaped(y, (*x.shape[: axis - 1], len(places), *x.shape[axis:]))
