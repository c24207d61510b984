"""Layers with weights: convolutions, fully connected layers, distances."""

from __future__ import annotations

from math import prod

import numpy as np

from minicnn.exchange.onnx.sheet import Sheet
from minicnn.exchange.onnx.written.layer import written
from minicnn.exchange.onnx.written.window import padding, pads, pairs_of, sizes
from minicnn.geometry import Axis
from minicnn.graph import Node
from minicnn.layers import RBF, Linear, TableConv2D, Variant
from minicnn.layers.conv import Conv
from minicnn.layers.conv_transpose import ConvTranspose
from minicnn.layers.subsample import Subsample

REVERSED = -(2**31)  # an end that lies before the first place


@written.register(Conv)
def convolution(layer: Conv, sheet: Sheet, node: Node, x: str) -> str:
    axes, n = layer.axes(node.input_shapes), layer.axis_count
    weight, bias = sheet.parameter(node, "weight"), sheet.parameter(node, "bias")
    if layer.flip:
        places = [len(node.slots[0].shape) - n + axis for axis in range(n)]
        weight = sheet.slice(weight, places, [-1] * n, [REVERSED] * n, [-1] * n)
    if layer.sharing != "shared":
        return by_position(layer, sheet, node, x, weight, bias)
    return sheet.node("Conv", x, weight, bias, **sizes(axes), **padding(layer, sheet, axes), group=layer.groups)  # type: ignore[no-any-return]


def by_position(layer: Conv, sheet: Sheet, node: Node, x: str, weight: str, bias: str) -> str:
    """A filter for every position, or for every place of a tile: all that a position sees is gathered, and multiplied by its filter.

    Letters: L positions, T taps, M filters of a tile; G groups of C channels and K filters each.
    """
    axes, out = layer.axes(node.input_shapes), node.output_shapes[0][1:]
    G, L, T = layer.groups, prod(out), prod(axis.taps for axis in axes)
    C, K, M = node.input_shapes[0][0] // G, layer.filters // G, prod(layer.tile(node.input_shapes))
    seen, filters = reads(axes), np.arange(L) if M == L else in_tile(out, layer.tile(node.input_shapes))

    x = sheet.pad(x, pairs_of(axes))
    x = sheet.gather(sheet.reshape(x, (0, G * C, -1)), 2, seen)  # N GC L T
    x = sheet.node("Transpose", sheet.reshape(x, (0, G, C, L, T)), perm=[3, 1, 0, 2, 4])  # L G N C T
    x = sheet.reshape(x, (L, G, -1, C * T))

    weight = sheet.gather(sheet.reshape(weight, (G * K, M, C * T)), 1, filters)  # GK L CT
    weight = sheet.node("Transpose", sheet.reshape(weight, (G, K, L, C * T)), perm=[2, 0, 3, 1])  # L G CT K

    y = sheet.node("Transpose", sheet.node("MatMul", x, weight), perm=[2, 1, 3, 0])  # N G K L
    y = sheet.reshape(y, (0, G * K, *out))
    if not bias:
        return y
    bias = sheet.gather(sheet.reshape(bias, (G * K, M)), 1, filters)
    return sheet.node("Add", y, sheet.reshape(bias, (G * K, *out)))  # type: ignore[no-any-return]


def reads(axes: tuple[Axis, ...]) -> np.ndarray:
    """(L, T): for every position and tap the place that is read, in a padded map laid flat."""
    places = np.zeros((1, 1), np.int64)
    for axis in axes:
        own = np.arange(axis.out)[:, None] * axis.stride + np.arange(axis.taps) * axis.dilation
        width = axis.size + axis.before + axis.after
        places = places[:, None, :, None] * width + own[None, :, None, :]
        places = places.reshape(places.shape[0] * places.shape[1], -1)
    return places


def in_tile(out: tuple[int, ...], tile: tuple[int, ...]) -> np.ndarray:
    """(L,): for every position the filter of the tile that it uses."""
    filters = np.zeros(1, np.int64)
    for size, period in zip(out, tile, strict=True):
        filters = (filters[:, None] * period + np.arange(size) % period).ravel()
    return filters


@written.register(ConvTranspose)
def transposed(layer: ConvTranspose, sheet: Sheet, node: Node, x: str) -> str:
    axes = layer.axes(node.input_shapes)
    after = [(axis.out - 1) * axis.stride + axis.extent - axis.before - axis.size for axis in axes]
    cut = pads([(axis.before, max(0, end)) for axis, end in zip(axes, after, strict=True)])
    more = [max(0, -end) for end in after]
    given = (x, sheet.parameter(node, "weight"), sheet.parameter(node, "bias"))
    return sheet.node("ConvTranspose", *given, **sizes(axes), pads=cut, output_padding=more, group=layer.groups)  # type: ignore[no-any-return]


@written.register(TableConv2D)
def table_convolution(layer: TableConv2D, sheet: Sheet, node: Node, x: str) -> str:
    """A convolution whose filters see all maps, with weights of 0 where the table has no link."""
    axes, maps, taps = layer.axes(node.input_shapes), node.input_shapes[0][0], node.slots[0].shape[1:]
    places, link = np.full((layer.filters, maps), layer.links), 0  # behind the last link stand the zeros
    for k, row in enumerate(layer.table):
        places[k, list(row)] = range(link, link + len(row))
        link += len(row)
    zeros = sheet.constant("zeros", np.zeros((1, *taps)))
    weight = sheet.gather(sheet.node("Concat", sheet.parameter(node, "weight"), zeros, axis=0), 0, places)
    return sheet.node("Conv", x, weight, sheet.parameter(node, "bias"), **sizes(axes), **padding(layer, sheet, axes))  # type: ignore[no-any-return]


@written.register(Variant)
def variant(layer: Variant, sheet: Sheet, node: Node, x: str) -> str:
    """All that an output reads is gathered, and multiplied by its weights; outputs that read less than others end in zeros."""
    own, shape = layer.convolution(node.input_shapes[0]), node.output_shapes[0]
    order = np.argsort(own.reads.output, kind="stable")
    outputs, L = own.reads.output[order], prod(shape)
    first = np.searchsorted(outputs, np.arange(L))
    tap = np.arange(len(outputs)) - first[outputs]
    T = int(tap.max()) + 1
    places, weights = np.zeros((L, T), np.int64), np.full((L, T), own.weight_count)
    places[outputs, tap], weights[outputs, tap] = own.reads.input[order], own.reads.weight[order]

    x = sheet.gather(sheet.reshape(x, (0, -1)), 1, places)  # N L T
    weight = sheet.node("Concat", sheet.reshape(sheet.parameter(node, "weight"), (-1,)), sheet.constant("zero", [0.0]), axis=0)
    y = sheet.reduce("ReduceSum", sheet.node("Mul", x, sheet.gather(weight, 0, weights)), 2)
    y, bias = sheet.reshape(y, (0, *shape)), sheet.parameter(node, "bias")
    return sheet.node("Add", y, sheet.reshape(bias, (-1, *[1] * (len(shape) - 1)))) if bias else y


@written.register(Subsample)
def subsample(layer: Subsample, sheet: Sheet, node: Node, x: str) -> str:
    """A convolution of every map by itself, with the same weight for every tap."""
    axes, maps = layer.axes(node.input_shapes), node.input_shapes[0][0]
    weight = sheet.reshape(sheet.parameter(node, "weight"), (maps, 1, *[1] * layer.axis_count))
    weight = sheet.node("Expand", weight, sheet.integers("shape", (maps, 1, *(axis.taps for axis in axes))))
    return sheet.node("Conv", x, weight, sheet.parameter(node, "bias"), **sizes(axes), group=maps)  # type: ignore[no-any-return]


@written.register(Linear)
def linear(layer: Linear, sheet: Sheet, node: Node, x: str) -> str:
    return sheet.node("Gemm", x, sheet.parameter(node, "weight"), sheet.parameter(node, "bias"), transB=1)  # type: ignore[no-any-return]


@written.register(RBF)
def distances(layer: RBF, sheet: Sheet, node: Node, x: str) -> str:
    apart = sheet.node("Sub", sheet.node("Unsqueeze", x, sheet.integers("axes", [1])), sheet.parameter(node, "weight"))  # N K F
    return sheet.node("Neg", sheet.reduce("ReduceSum", sheet.node("Mul", apart, apart), 2))  # type: ignore[no-any-return]
