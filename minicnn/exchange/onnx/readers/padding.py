"""Padding by itself."""

from __future__ import annotations

from math import isfinite, prod
from typing import TYPE_CHECKING

from minicnn import layers as L
from minicnn.errors import GraphError, quoted
from minicnn.exchange.onnx.operators import Operator, Padding, Value, axis_of, reads
from minicnn.exchange.onnx.readers.affine import scaled
from minicnn.exchange.onnx.readers.axes import taken
from minicnn.exchange.onnx.readers.window import pairs_of
from minicnn.geometry import Pair

if TYPE_CHECKING:
    from minicnn.exchange.onnx.reading import Reading

PADS = {1: L.Pad1D, 2: L.Pad2D, 3: L.Pad3D}
PAD_MODES = {"constant": "zeros", "reflect": "reflect", "edge": "replicate", "wrap": "circular"}


@reads("Pad")
def pad(reading: Reading, operator: Operator) -> Value:
    """A padding of zeros is also kept aside for a convolution behind it, one of -inf for a max pooling; less than nothing cuts."""
    x, mode = operator.value(), operator.word("mode", "constant")
    if mode not in PAD_MODES:
        raise GraphError(f"its mode is {quoted(mode)}")
    pairs = _pads(operator, x)
    fill = _fill(operator) if mode == "constant" else 0.0
    if pairs[0] != (0, 0):
        raise GraphError("it pads with images")
    for axis, (before, after) in enumerate(pairs[1:], 1):
        if min(before, after) < 0:
            x = taken(reading, x, axis, range(max(0, -before), x.shape[axis - 1] - max(0, -after)))
    channels, *space = [(max(0, before), max(0, after)) for before, after in pairs[1:]]
    moved = fill if isfinite(fill) else 0.0  # so that zeros become what is padded with
    x = scaled(reading, x, summand=-moved)
    if channels != (0, 0):
        x = _channels_padded(reading, x, channels, PAD_MODES[mode])
    if any(map(any, space)):
        y = reading.layer(PADS[len(space)](tuple(space), mode=PAD_MODES[mode]), x)
        if mode == "constant" and not moved:
            reading.note_padding(y, Padding(x, tuple(space), fill))
        x = y
    return scaled(reading, x, summand=moved)


def _channels_padded(reading: Reading, x: Value, pair: Pair, mode: str) -> Value:
    """Zeros behind the channels are a shortcut's; else the channels are padded as rows."""
    channels, *space = x.shape
    if pair[0] == 0 and mode == "zeros" and space:
        return reading.layer(L.PadShortcut(channels + pair[1]), x)
    rows = reading.layer(L.Pad2D((pair, (0, 0)), mode=mode), reading.reshaped(x, (1, channels, prod(space))))
    return reading.reshaped(rows, (channels + sum(pair), *space))


def _pads(operator: Operator, x: Value) -> tuple[Pair, ...]:
    """A pair for every axis."""
    if operator.opset < 11:
        return pairs_of(operator.integers("pads" if operator.opset > 1 else "paddings") or ())
    given = pairs_of(tuple(operator.constant(1, "pads").tolist()))
    if operator.get(3) is None:
        return given
    pairs = [(0, 0)] * (1 + len(x.shape))
    for axis, pair in zip(operator.constant(3, "axes").tolist(), given, strict=True):
        pairs[axis_of(axis, x)] = pair
    return tuple(pairs)


def _fill(operator: Operator) -> float:
    if operator.opset < 11:
        return operator.real("value", 0.0)
    return 0.0 if operator.get(2) is None else float(operator.constant(2, "value").item())
