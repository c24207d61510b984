"""Operators with weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minicnn import layers as L
from minicnn.errors import GraphError
from minicnn.exchange.onnx.operator import Operator, Value, reads
from minicnn.exchange.onnx.readers.window import pairs_of, window_of, with_more
from minicnn.geometry import extent

if TYPE_CHECKING:
    from minicnn.exchange.onnx.reading import Reading

CONVOLUTIONS = {1: L.Conv1D, 2: L.Conv2D, 3: L.Conv3D}
TRANSPOSED = {1: L.ConvTranspose1D, 2: L.ConvTranspose2D, 3: L.ConvTranspose3D}


def space_of(value: Value, most: int = 3) -> tuple[int, ...]:
    """The sizes of a map's axes."""
    if not 1 <= len(value.shape) - 1 <= most:
        raise GraphError(f"it reads images of {value.shape}, but needs channels and one to {most} axes")
    return value.shape[1:]


@reads("Conv")
def convolution(reading: Reading, operator: Operator) -> Value:
    """A padding with zeros before it becomes its own."""
    x, weight = operator.value(), operator.numbers(1, "weight")
    space = space_of(x)
    settings = window_of(operator, space, weight.shape[2:])
    before = reading.paddings.get(x.number)
    if before and before.fill == 0 and not isinstance(settings["padding"], str):
        x, settings["padding"] = before.value, with_more(settings["padding"], before.pairs, len(space))
    window = settings.pop("window")
    bias = {} if operator.get(2) is None else {"bias": operator.numbers(2, "bias")}
    layer = CONVOLUTIONS[len(space)](weight.shape[0], window, groups=operator.integer("group", 1), bias=bool(bias), **settings)
    return reading.layer(layer, x, weights_of=operator.input_names[1:], weight=weight, **bias)


@reads("ConvTranspose")
def transposed(reading: Reading, operator: Operator) -> Value:
    x, weight = operator.value(), operator.numbers(1, "weight")
    space, groups = space_of(x), operator.integer("group", 1)
    n = len(space)
    stride, dilation = operator.integers("strides", (1,) * n) or (), operator.integers("dilations", (1,) * n) or ()
    more = operator.integers("output_padding", (0,) * n) or ()
    settings: dict[str, Any] = {"stride": stride, "dilation": dilation, "output_padding": more}
    settings["padding"], settings["output_padding"] = _cuts(operator, space, weight.shape[2:], stride, dilation, more)
    bias = {} if operator.get(2) is None else {"bias": operator.numbers(2, "bias")}
    layer = TRANSPOSED[n](weight.shape[1] * groups, weight.shape[2:], groups=groups, bias=bool(bias), **settings)
    return reading.layer(layer, x, weights_of=operator.input_names[1:], weight=weight, **bias)


def _cuts(operator: Operator, space: Any, taps: Any, stride: Any, dilation: Any, more: Any) -> tuple[Any, tuple[int, ...]]:
    """What is cut off the output, and what is added to it: as numbers, or as follows from the size that it shall have."""
    how, wanted = operator.word("auto_pad", "NOTSET"), operator.integers("output_shape")
    if wanted is None and how in ("NOTSET", "VALID"):
        return pairs_of(operator.integers("pads", (0,) * (2 * len(space))) or ()) if how == "NOTSET" else 0, more
    if wanted is None:
        wanted = tuple(size * step for size, step in zip(space, stride, strict=True))
    pairs, added = [], []
    for size, out, tap, step, gap, extra in zip(space, wanted[-len(space) :], taps, stride, dilation, more, strict=True):
        total = step * (size - 1) + extra + extent(tap, gap) - out
        cut = max(0, total)
        small, large = cut // 2, cut - cut // 2
        pairs.append((small, large) if how == "SAME_UPPER" else (large, small))
        added.append(extra + max(0, -total))
    return tuple(pairs), tuple(added)


@reads("Gemm")
def general_product(reading: Reading, operator: Operator) -> Value:
    """alpha * x @ W + beta * c."""
    x, weight = operator.value(), operator.numbers(1, "second factor")
    if operator.flag("transA"):
        raise GraphError("it turns the images' axis (transA)")
    weight = np.float32(operator.real("alpha", 1.0)) * (weight if operator.flag("transB") else weight.T)
    bias = None if operator.get(2) is None else np.float32(operator.real("beta", 1.0)) * operator.numbers(2, "summand")
    if operator.opset < 7 and bias is not None and not operator.flag("broadcast"):
        bias = bias.reshape(-1)
    return linear(reading, operator, x, weight, bias)


@reads("MatMul")
def product(reading: Reading, operator: Operator) -> Value:
    return linear(reading, operator, operator.value(), operator.numbers(1, "second factor").T, None)


def linear(reading: Reading, operator: Operator, x: Value, weight: Any, bias: Any) -> Value:
    if len(x.shape) != 1 or weight.ndim != 2:
        raise GraphError(f"it multiplies images of {x.shape} by {weight.shape}: a fully connected layer reads flat features")
    given = {} if bias is None else {"bias": row(bias, weight.shape[0])}
    layer = L.Linear(weight.shape[0], bias=bool(given))
    return reading.layer(layer, x, weights_of=operator.input_names[1:], weight=np.ascontiguousarray(weight), **given)


def row(bias: Any, count: int) -> Any:
    """A summand as one number for each feature; the same for all images."""
    if bias.ndim == 2 and bias.shape[0] != 1:
        raise GraphError(f"its summand has the shape {bias.shape}, but must be the same for all images")
    return np.ascontiguousarray(np.broadcast_to(bias.reshape(-1), (count,)))
