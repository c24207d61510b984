"""Normalizations."""

from __future__ import annotations

from minicnn.exchange.onnx.sheet import Sheet
from minicnn.exchange.onnx.written.layer import written
from minicnn.graph import Node
from minicnn.layers import LocalResponseNorm
from minicnn.layers.batch_norm import BatchNorm
from minicnn.layers.group_norm import Grouped


@written.register(BatchNorm)
def batch_norm(layer: BatchNorm, sheet: Sheet, node: Node, x: str) -> str:
    given = [sheet.parameter(node, name) for name in ("weight", "bias", "running_mean", "running_var")]
    return sheet.node("BatchNormalization", x, *given, epsilon=layer.eps, momentum=1 - layer.momentum)  # type: ignore[no-any-return]


@written.register(Grouped)
def group_norm(layer: Grouped, sheet: Sheet, node: Node, x: str) -> str:
    """Every group laid flat is a channel whose mean and variance are its own; then weight and bias of the channels."""
    (channels, *space), ones = node.input_shapes[0], [1] * (len(node.input_shapes[0]) - 1)
    groups = layer.group_count(channels)
    flat = sheet.reshape(x, (0, groups, -1))
    unit, zero = sheet.constant("ones", [1.0] * groups), sheet.constant("zeros", [0.0] * groups)
    y = sheet.node("InstanceNormalization", flat, unit, zero, epsilon=layer.eps)
    y = sheet.node("Reshape", y, sheet.node("Shape", x)) if sheet.free else sheet.reshape(y, (0, channels, *space))
    weight, bias = (sheet.reshape(sheet.parameter(node, name), (channels, *ones)) for name in ("weight", "bias"))
    return sheet.node("Add", sheet.node("Mul", y, weight), bias)  # type: ignore[no-any-return]


@written.register(LocalResponseNorm)
def local_response_norm(layer: LocalResponseNorm, sheet: Sheet, node: Node, x: str) -> str:
    """ONNX divides alpha by the size, and wants an odd one; with an even one the squares are added up channel by channel."""
    if layer.size % 2:
        given = {"size": layer.size, "alpha": layer.alpha * layer.size, "beta": layer.beta, "bias": layer.k}
        return sheet.node("LRN", x, **given)  # type: ignore[no-any-return]
    channels, before = node.input_shapes[0][0], layer.size // 2
    rank = 1 + len(node.input_shapes[0])
    ends = [0] * rank, [0] * rank
    ends[0][1], ends[1][1] = before, layer.size - 1 - before
    padded = sheet.node("Pad", sheet.node("Mul", x, x), sheet.integers("pads", [*ends[0], *ends[1]]))
    near = sheet.node("Sum", *(sheet.slice(padded, [1], [first], [first + channels]) for first in range(layer.size)))
    base = sheet.node("Add", sheet.node("Mul", near, sheet.constant("alpha", layer.alpha)), sheet.constant("k", layer.k))
    return sheet.node("Div", x, sheet.node("Pow", base, sheet.constant("beta", layer.beta)))  # type: ignore[no-any-return]
