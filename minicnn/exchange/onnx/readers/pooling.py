"""Pooling of all kinds."""

from __future__ import annotations

from math import inf, prod
from typing import TYPE_CHECKING, Any

from minicnn import layers as L
from minicnn.errors import GraphError
from minicnn.exchange.onnx.constants import axes_of
from minicnn.exchange.onnx.operators import Operator, Value, axis_of, reads
from minicnn.exchange.onnx.readers.affine import scaled
from minicnn.exchange.onnx.readers.axes import permuted
from minicnn.exchange.onnx.readers.convolution import space_of
from minicnn.exchange.onnx.readers.window import window_of, with_more

if TYPE_CHECKING:
    from minicnn.exchange.onnx.reading import Reading

MAX = {1: L.MaxPool1D, 2: L.MaxPool2D, 3: L.MaxPool3D}
AVERAGE = {1: L.AvgPool1D, 2: L.AvgPool2D, 3: L.AvgPool3D}
L2 = {1: L.L2Pool1D, 2: L.L2Pool2D, 3: L.L2Pool3D}
LP = {1: L.LpPool1D, 2: L.LpPool2D, 3: L.LpPool3D}
UNPOOL = {1: L.MaxUnpool1D, 2: L.MaxUnpool2D, 3: L.MaxUnpool3D}


@reads("MaxPool")
def max_pool(reading: Reading, operator: Operator) -> Any:
    """Its places, the second output, are what an unpooling behind it reads."""
    x = operator.value()
    space = space_of(x)
    settings = window_of(operator, space)
    before = reading.padding_of(x)
    if before and before.fill == -inf and not isinstance(settings["padding"], str):
        x, settings["padding"] = before.value, with_more(settings["padding"], before.pairs, len(space))
    winners = len(operator.used) > 1 and operator.used[1]
    named: dict[str, Any] = {"name": reading.free_name("pool")} if winners else {}
    layer = MAX[len(space)](settings.pop("window"), ceil_mode=operator.flag("ceil_mode"), **settings, **named)
    y = reading.layer(layer, x)
    if not winners:
        return y
    if operator.flag("storage_order"):
        raise GraphError("its places are counted column by column (storage_order)")
    reading.places[y.number] = (layer, x)
    return y, Winners(y)


class Winners:
    """Where a max pooling found its maxima: not a map, so that nothing but an unpooling can read it."""

    def __init__(self, pooled: Value) -> None:
        self.pooled = pooled


@reads("MaxUnpool")
def max_unpool(reading: Reading, operator: Operator) -> Value:
    winners = operator.get(1)
    if not isinstance(winners, Winners):
        raise GraphError("its places are not those of a MaxPool in the file")
    layer, pooled = reading.places[winners.pooled.number]
    x = operator.value()
    wanted = None if operator.get(2) is None else tuple(operator.constant(2, "output shape").tolist())[1:]
    if x.shape != winners.pooled.shape or (wanted not in (None, pooled.shape)):
        raise GraphError(f"it makes {wanted} of {x.shape}, but its pooling made {winners.pooled.shape} of {pooled.shape}")
    return reading.place(UNPOOL[len(x.shape) - 1](str(layer.name)), [x], pooled.shape, {})


@reads("AveragePool")
def avg_pool(reading: Reading, operator: Operator) -> Value:
    x = operator.value()
    settings = window_of(operator, space_of(x))
    settings |= {"ceil_mode": operator.flag("ceil_mode"), "count_padding": operator.flag("count_include_pad")}
    return reading.layer(AVERAGE[len(x.shape) - 1](settings.pop("window"), **settings), x)


@reads("LpPool")
def lp_pool(reading: Reading, operator: Operator) -> Value:
    x = operator.value()
    settings = window_of(operator, space_of(x))
    settings["ceil_mode"] = operator.flag("ceil_mode")
    if operator.integer("p", 2) == 2 and set(settings["dilation"]) == {1}:
        del settings["dilation"]
        return reading.layer(L2[len(x.shape) - 1](settings.pop("window"), **settings), x)
    return reading.layer(LP[len(x.shape) - 1](settings.pop("window"), p=float(operator.integer("p", 2)), **settings), x)


@reads("GlobalAveragePool", "GlobalMaxPool")
def global_pool(reading: Reading, operator: Operator) -> Value:
    """One number for every channel, as a map of one pixel."""
    x = operator.value()
    space_of(x)
    layer = L.GlobalAvgPool() if operator.kind == "GlobalAveragePool" else L.GlobalMaxPool()
    return reading.reshaped(reading.layer(layer, x), (x.shape[0], *[1] * (len(x.shape) - 1)))


REDUCED = {"ReduceMean": "avg", "ReduceSum": "avg", "ReduceMax": "max", "ReduceL2": "l2"}


@reads(*REDUCED)
def reduce(reading: Reading, operator: Operator) -> Value:
    """Over all axes of a map it is global pooling, over others pooling across so many channels."""
    x, kind = operator.value(), operator.kind
    given = axes_of(operator) or (() if operator.flag("noop_with_empty_axes") else range(1 + len(x.shape)))
    axes = sorted(axis_of(axis, x) for axis in given)
    if not axes:
        return x
    if axes[0] == 0:
        raise GraphError("it runs over the images")
    kept = [axis for axis in range(1, 1 + len(x.shape)) if axis not in axes]
    if kept == [1] and kind in ("ReduceMean", "ReduceMax"):
        y = reading.layer(L.GlobalAvgPool() if kind == "ReduceMean" else L.GlobalMaxPool(), x)
    else:
        count, rest = prod(x.shape[axis - 1] for axis in axes), prod(x.shape[axis - 1] for axis in kept)
        turned = reading.reshaped(permuted(reading, x, [*axes, *kept]), (count, rest))
        y = reading.layer(L.ChannelPool(count, mode=REDUCED[kind]), turned)
        y = scaled(reading, y, float(count)) if kind == "ReduceSum" else y
    left = tuple(1 if axis in axes else x.shape[axis - 1] for axis in range(1, 1 + len(x.shape)))
    return reading.reshaped(y, left if operator.flag("keepdims", 1) else tuple(x.shape[axis - 1] for axis in kept))
