"""ZFNet's view: the pattern of pixels that a unit answers to, found by leading its value back through the network.

All other units of its layer are set to 0; then, layer by layer backwards,

    convolution      the same filters, transposed: every value puts a copy of its filter on the map below
    max pooling      unpooling: a value goes back to where its maximum was found
    rectifier        the values are rectified once more, whatever the unit gave on the way up
    local response normalization, and other functions of single values: nothing is done

That is a gradient, but for the rectifier: a gradient is cut off where the unit was silent on the way up, the view where the value is
negative on the way down (Simonyan, Vedaldi, Zisserman 2014, section 4).  Every other layer takes its gradient: for average pooling, sums,
joins and batch normalization in use, which are linear, that is the transpose.

Zeiler, Fergus, "Visualizing and Understanding Convolutional Networks", 2014, section 2.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from minicnn import layers as L
from minicnn.errors import SettingError
from minicnn.geometry import shape_text
from minicnn.graph import INPUT, Node, ValueRef
from minicnn.graph.field import fields
from minicnn.layers.conv import Conv
from minicnn.layers.max_pool import MaxPool
from minicnn.layers.pointwise import Pointwise
from minicnn.views.choice import checked_unit, layer_called
from minicnn.views.patches import Window, window_of
from minicnn.views.pictures import one_picture

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from minicnn.network import Graph

Values = dict[ValueRef, Any]


@dataclass(frozen=True)
class Deconvolution:
    """What a unit answers to in a picture.

    place : where in the layer's map the unit is; () for flat features
    value : what it gives for the picture
    pixels : (C, *space) in units of the prepared input: bright where more would excite it, dark where less would
    window : its receptive field; outside it pixels are 0
    """

    layer: str
    k: int
    place: tuple[int, ...]
    value: float
    pixels: NDArray
    window: Window


def deconvolution(net: Graph, x: ArrayLike, layer: str, k: int | None = None, place: Sequence[int] | None = None) -> Deconvolution:
    """Lead the value of one unit back to the pixels.

        >>> net, x = minicnn.zoo.build("lenet"), np.ones((1, 28, 28), np.float32)
        >>> deconvolution(net, x, "relu2").pixels.shape
        (1, 28, 28)

    Parameters
    ----------
    x : (C, *space) float32 or float64
        Prepared, as for `net.forward`.
    layer : str
        By name.
    k : int
        The channel; by default the one with the largest value.
    place : one number per axis
        Where in its map; by default where the channel is strongest.

    Raises
    ------
    GraphError, SettingError
        If there is no such layer, channel or place.
    """
    image = one_picture("deconvolution", net, x)
    whole = net.sized(image.shape[1:])
    node = layer_called("deconvolution", whole, layer)
    values = _values(whole, image, node)
    given = values[ValueRef(node.index)][0]
    if k is None:
        k = int(np.unravel_index(given.argmax(), given.shape)[0])
    channel = given[checked_unit("deconvolution", node, k)]
    where = _place(node, channel, place)
    dy = np.zeros((1, *given.shape), image.dtype)
    dy[(0, k, *where)] = channel[where]
    pixels = _led_back(whole, node, values, dy)[0]
    window = window_of(fields(whole.topology)[node.index], where, image.shape[2:])
    return Deconvolution(node.name, k, where, float(channel[where]), pixels, window)


def _place(node: Node, channel: NDArray, place: Sequence[int] | None) -> tuple[int, ...]:
    if place is None:
        return tuple(int(p) for p in np.unravel_index(channel.argmax(), channel.shape)) if channel.ndim else ()
    where = tuple(place)
    if len(where) != channel.ndim or not all(0 <= p < size for p, size in zip(where, channel.shape, strict=True)):
        raise SettingError(f"deconvolution: maps of {node.name} are {shape_text(channel.shape)}, but the place is {where}")
    return where


def _values(net: Graph, image: NDArray, last: Node) -> Values:
    """The values of the picture on the way up to a layer."""
    nodes = net.nodes[: last.index + 1]
    found = net.activations(image, [each.name for each in nodes])
    return {INPUT: image, **{ValueRef(each.index): found[each.name] for each in nodes}}


def _led_back(net: Graph, last: Node, values: Values, dy: NDArray) -> NDArray:
    """From the values of a layer down to the input."""
    flowing: Values = {ValueRef(last.index): dy}
    for node in reversed(net.nodes[: last.index + 1]):
        arrived = flowing.pop(ValueRef(node.index), None)
        if arrived is None:
            continue
        for source, part in zip(node.inputs, _through(net, node, values, arrived), strict=False):
            flowing[source] = flowing[source] + part if source in flowing else part
    return flowing.get(INPUT, np.zeros_like(values[INPUT]))


def _through(net: Graph, node: Node, values: Values, dy: NDArray) -> list[NDArray]:
    """What arrives at each input of a layer."""
    from minicnn import kernels

    layer: Any = node.layer
    if layer.rectifies:
        return [np.maximum(dy, 0)]
    if isinstance(layer, Pointwise) and not isinstance(layer, L.StochasticDepth):
        return [dy]
    axes = f"{len(node.output_shapes[0]) - 1}d"
    if isinstance(layer, MaxPool):
        x = values[node.inputs[0]]
        settings = {name: getattr(layer, name) for name in ("stride", "padding", "dilation", "ceil_mode")}
        _, indices = getattr(kernels, f"max_pool{axes}")(x, layer.window, **settings, return_indices=True)
        # windows that overlap may find the same maximum: their values add up there, as in a gradient
        return [getattr(kernels, f"max_pool{axes}_backward")(dy, indices, x.shape)]
    if isinstance(layer, Conv):
        weight = net.parameters[node.slots[0].name].astype(dy.dtype)
        shared = layer.sharing == "shared"
        settings = {"stride": layer.stride, "padding": layer.padding, "dilation": layer.dilation, "groups": layer.groups}
        name = f"{'' if shared else 'tiled_'}conv{axes}_backward_input"
        return [
            getattr(kernels, name)(
                dy,
                weight if shared else layer.loop_view("weight", weight),
                values[node.inputs[0]].shape,
                **settings,
                **({"flip": layer.flip} if shared else {}),
            )
        ]
    return _transposed(net, node, values, dy)


def _transposed(net: Graph, node: Node, values: Values, dy: NDArray) -> list[NDArray]:
    """The gradient of a layer alone, by its textbook loops; batch normalization by its running statistics."""
    from minicnn.engine.textbook import Pass, operation_of

    arrays = {**net.parameters, **net.buffers}
    own = {slot.name.rpartition(".")[2]: arrays[slot.name].astype(dy.dtype) for slot in node.slots}
    at = Pass(node, own, [values[ref] for ref in node.inputs])
    operation = operation_of(node.layer)
    operation.forward(at)
    dxs, _ = operation.backward(at, np.ascontiguousarray(dy))
    return dxs
