"""Pooling of all kinds."""

from __future__ import annotations

from math import inf

import numpy as np

from minicnn.errors import GraphError
from minicnn.exchange.onnx.sheet import Sheet
from minicnn.exchange.onnx.written.layer import written
from minicnn.exchange.onnx.written.window import depends_on_size, overhang, padding, pads, pairs_of, sizes
from minicnn.geometry import Axis, Pair
from minicnn.graph import Node
from minicnn.layers import ChannelPool, GlobalAvgPool, GlobalMaxPool
from minicnn.layers.adaptive_avg_pool import AdaptiveAvgPool
from minicnn.layers.adaptive_max_pool import AdaptiveMaxPool
from minicnn.layers.avg_pool import AvgPool
from minicnn.layers.gaussian_pool import GaussianPool
from minicnn.layers.l2_pool import L2Pool
from minicnn.layers.max_pool import MaxPool
from minicnn.layers.max_unpool import UnpoolWinners

SPACE = "dhw"


def to_the_end(axes: tuple[Axis, ...]) -> list[Pair]:
    """The padding, with as much after it as the last windows hang over."""
    return [(axis.before, axis.after + overhang(axis)) for axis in axes]


@written.register(MaxPool)
def max_pool(layer: MaxPool, sheet: Sheet, node: Node, x: str) -> str:
    axes = layer.axes(node.input_shapes)
    if depends_on_size(layer, sheet) or (sheet.free and layer.ceil_mode):
        return sheet.node("MaxPool", x, **sizes(axes), **padding(layer, sheet, axes), ceil_mode=int(layer.ceil_mode))  # type: ignore[no-any-return]
    pairs = to_the_end(axes)
    if wider(pairs, axes):
        x, pairs = sheet.pad(x, pairs, -inf), [(0, 0)] * len(axes)
    return sheet.node("MaxPool", x, **sizes(axes), pads=pads(pairs))  # type: ignore[no-any-return]


def wider(pairs: list[Pair], axes: tuple[Axis, ...]) -> bool:
    """Whether a padding has more pixels than the window has taps, as it may with a dilation; some runtimes refuse that."""
    return any(max(pair) >= axis.taps for pair, axis in zip(pairs, axes, strict=True))


@written.register(UnpoolWinners)
def unpool(layer: UnpoolWinners, sheet: Sheet, node: Node, x: str, pooled: str) -> str:
    """The winners are found again by a pooling that gives their places."""
    axes = layer.pool.axes(node.input_shapes[1:])
    pairs = to_the_end(axes)
    if sheet.free and (layer.pool.ceil_mode or layer.pool.padding == "same"):
        raise GraphError(f"{node.name} ({layer.kind()!r}): which pixels its pooling pads depends on the size of the input, which is free")
    if wider(pairs, axes):
        raise GraphError(f"{node.name} ({layer.kind()!r}): its pooling has a padding wider than its window, which ONNX has no winners for")
    _, places = sheet.node("MaxPool", pooled, outputs=2, **sizes(axes), pads=pads(pairs))
    return sheet.node("MaxUnpool", x, places, sheet.node("Shape", pooled), **sizes(axes, dilated=False), pads=pads(pairs))  # type: ignore[no-any-return]


@written.register(AvgPool)
def avg_pool(layer: AvgPool, sheet: Sheet, node: Node, x: str) -> str:
    """Windows that hang over the end are divided by what lies before it: there the padding is one that does not count."""
    axes = layer.axes(node.input_shapes)
    counted = int(layer.count_padding)
    if depends_on_size(layer, sheet) or (sheet.free and layer.ceil_mode):
        how = {**sizes(axes), **padding(layer, sheet, axes), "ceil_mode": int(layer.ceil_mode), "count_include_pad": counted}
        return sheet.node("AveragePool", x, **how)  # type: ignore[no-any-return]
    pairs = to_the_end(axes)
    if counted and any(map(overhang, axes)):
        x, counted = sheet.pad(x, pairs_of(axes)), 0
        pairs = [(0, overhang(axis)) for axis in axes]
    return sheet.node("AveragePool", x, **sizes(axes), pads=pads(pairs), count_include_pad=counted)  # type: ignore[no-any-return]


@written.register(L2Pool)
def l2_pool(layer: L2Pool, sheet: Sheet, node: Node, x: str) -> str:
    axes = layer.axes(node.input_shapes)
    if sheet.free and layer.ceil_mode:
        raise GraphError(f"{node.name} ({layer.kind()!r}): where its last windows end depends on the size of the input, which is free")
    given = padding(layer, sheet, axes) if depends_on_size(layer, sheet) else {"pads": pads(to_the_end(axes))}
    return sheet.node("LpPool", x, **sizes(axes), **given, p=2)  # type: ignore[no-any-return]


@written.register(GaussianPool)
def gaussian_pool(layer: GaussianPool, sheet: Sheet, node: Node, x: str) -> str:
    """A convolution of every channel by itself, with the same filter."""
    axes, channels = layer.axes(node.input_shapes), node.input_shapes[0][0]
    weight = layer.loop_settings(node.input_shapes)["weight"]
    filters = sheet.constant("gaussian", np.broadcast_to(weight, (channels, 1, *weight.shape)))
    return sheet.node("Conv", x, filters, **sizes(axes), **padding(layer, sheet, axes), group=channels)  # type: ignore[no-any-return]


def borders(size: int, out: int) -> list[Pair]:
    """The regions of an axis that adaptive pooling cuts it into: from, to (not included)."""
    return [(p * size // out, -(-(p + 1) * size // out)) for p in range(out)]


@written.register(AdaptiveAvgPool)
def adaptive_avg_pool(layer: AdaptiveAvgPool, sheet: Sheet, node: Node, x: str) -> str:
    """Windows where all regions are of one size, else every axis times a matrix whose columns average a region."""
    (_, *have), (_, *want) = node.input_shapes[0], node.output_shapes[0]
    if all(out == 1 for out in want):
        return sheet.node("GlobalAveragePool", x)  # type: ignore[no-any-return]
    if all(size % out == 0 for size, out in zip(have, want, strict=True)) and not sheet.free:
        window = [size // out for size, out in zip(have, want, strict=True)]
        return sheet.node("AveragePool", x, kernel_shape=window, strides=window)  # type: ignore[no-any-return]
    letters = SPACE[-len(have) :]
    for letter, size, out in zip(letters, have, want, strict=True):
        means = np.zeros((size, out))
        for p, (first, end) in enumerate(borders(size, out)):
            means[first:end, p] = 1 / (end - first)
        x = sheet.node("Einsum", x, sheet.constant("means", means), equation=f"nc{letters},{letter}p->nc{letters.replace(letter, 'p')}")
    return x


@written.register(AdaptiveMaxPool)
def adaptive_max_pool(layer: AdaptiveMaxPool, sheet: Sheet, node: Node, x: str) -> str:
    """Every axis by itself: the regions are gathered, the shorter ones with their last pixel twice."""
    (_, *have), (_, *want) = node.input_shapes[0], node.output_shapes[0]
    if all(out == 1 for out in want):
        return sheet.node("GlobalMaxPool", x)  # type: ignore[no-any-return]
    for axis, (size, out) in enumerate(zip(have, want, strict=True), 2):
        regions = borders(size, out)
        longest = max(end - first for first, end in regions)
        places = [[min(first + step, end - 1) for step in range(longest)] for first, end in regions]
        x = sheet.reduce("ReduceMax", sheet.gather(x, axis, places), axis + 1)
    return x


@written.register(GlobalAvgPool)
def global_avg_pool(layer: GlobalAvgPool, sheet: Sheet, node: Node, x: str) -> str:
    return sheet.node("Flatten", sheet.node("GlobalAveragePool", x), axis=1)  # type: ignore[no-any-return]


@written.register(GlobalMaxPool)
def global_max_pool(layer: GlobalMaxPool, sheet: Sheet, node: Node, x: str) -> str:
    return sheet.node("Flatten", sheet.node("GlobalMaxPool", x), axis=1)  # type: ignore[no-any-return]


@written.register(ChannelPool)
def channel_pool(layer: ChannelPool, sheet: Sheet, node: Node, x: str) -> str:
    """The first channels of all groups, the second ones, and so on, number by number."""
    channels, size = node.input_shapes[0][0], layer.size
    parts = [sheet.slice(x, [1], [first], [channels], [size]) for first in range(size)]
    if layer.mode == "max":
        return sheet.node("Max", *parts)  # type: ignore[no-any-return]
    if layer.mode == "avg":
        return sheet.node("Mean", *parts)  # type: ignore[no-any-return]
    return sheet.node("Sqrt", sheet.node("Sum", *(sheet.node("Mul", part, part) for part in parts)))  # type: ignore[no-any-return]
