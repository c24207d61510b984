"""Pooling of all kinds."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

from minicnn import layers as L
from minicnn.errors import GraphError
from minicnn.exchange.onnx.constants import axes_of
from minicnn.exchange.onnx.operator import Operator, Value, axis_of, reads
from minicnn.exchange.onnx.readers.convolution import space_of
from minicnn.exchange.onnx.readers.window import window_of, with_more

if TYPE_CHECKING:
    from minicnn.exchange.onnx.reading import Reading

MAX = {1: L.MaxPool1D, 2: L.MaxPool2D, 3: L.MaxPool3D}
AVERAGE = {1: L.AvgPool1D, 2: L.AvgPool2D, 3: L.AvgPool3D}
L2 = {1: L.L2Pool1D, 2: L.L2Pool2D, 3: L.L2Pool3D}
UNPOOL = {1: L.MaxUnpool1D, 2: L.MaxUnpool2D, 3: L.MaxUnpool3D}


@reads("MaxPool")
def max_pool(reading: Reading, operator: Operator) -> Any:
    """Its places, the second output, are what an unpooling behind it reads."""
    x = operator.value()
    space = space_of(x)
    settings = window_of(operator, space)
    before = reading.paddings.get(x.number)
    if before and before.fill == -inf and not isinstance(settings["padding"], str):
        x, settings["padding"] = before.value, with_more(settings["padding"], before.pairs, len(space))
    winners = len(operator.used) > 1 and operator.used[1]
    named = {"name": reading.free_name("pool")} if winners else {}
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
    if set(settings.pop("dilation")) != {1}:
        raise GraphError("it has dilations")
    settings |= {"ceil_mode": operator.flag("ceil_mode"), "count_padding": operator.flag("count_include_pad")}
    return reading.layer(AVERAGE[len(x.shape) - 1](settings.pop("window"), **settings), x)


@reads("LpPool")
def lp_pool(reading: Reading, operator: Operator) -> Value:
    x = operator.value()
    settings = window_of(operator, space_of(x))
    if set(settings.pop("dilation")) != {1} or operator.integer("p", 2) != 2:
        raise GraphError("it has dilations, or another p than 2")
    return reading.layer(L2[len(x.shape) - 1](settings.pop("window"), ceil_mode=operator.flag("ceil_mode"), **settings), x)


@reads("GlobalAveragePool", "GlobalMaxPool")
def global_pool(reading: Reading, operator: Operator) -> Value:
    """One number for every channel, as a map of one pixel."""
    x = operator.value()
    space_of(x)
    layer = L.GlobalAvgPool() if operator.kind == "GlobalAveragePool" else L.GlobalMaxPool()
    return reading.reshaped(reading.layer(layer, x), (x.shape[0], *[1] * (len(x.shape) - 1)))


@reads("ReduceMean", "ReduceMax")
def reduce(reading: Reading, operator: Operator) -> Value:
    """Over all axes of a map it is global pooling."""
    x = operator.value()
    axes = sorted(axis_of(axis, x) for axis in axes_of(operator) or range(1 + len(x.shape)))
    if axes != list(range(2, 1 + len(x.shape))):
        raise GraphError(f"it runs over the axes {axes}, but only over all of a map but channels and images it is a pooling")
    layer = L.GlobalAvgPool() if operator.kind == "ReduceMean" else L.GlobalMaxPool()
    y = reading.layer(layer, x)
    return reading.reshaped(y, (x.shape[0], *[1] * len(axes))) if operator.flag("keepdims", 1) else y
