"""Windows as attributes of a node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minicnn.exchange.onnx.sheet import Sheet
from minicnn.geometry import Axis, Pair
from minicnn.layers.windowed import Windowed


def overhang(axis: Axis) -> int:
    """Pixels by which the last window extends beyond the padding after the axis, as with ceil_mode."""
    return max(0, (axis.out - 1) * axis.stride + axis.extent - axis.size - axis.before - axis.after)


def sizes(axes: Sequence[Axis], dilated: bool = True) -> dict[str, Any]:
    """Taps and strides; dilations if the operator knows them, and there are any."""
    gaps = {"dilations": [axis.dilation for axis in axes]} if dilated and any(axis.dilation != 1 for axis in axes) else {}
    return {"kernel_shape": [axis.taps for axis in axes], "strides": [axis.stride for axis in axes], **gaps}


def pads(pairs: Sequence[Pair]) -> list[int]:
    """All that stand before, then all that stand after."""
    return [pair[side] for side in (0, 1) for pair in pairs]


def pairs_of(axes: Sequence[Axis]) -> list[Pair]:
    return [(axis.before, axis.after) for axis in axes]


def depends_on_size(layer: Windowed, sheet: Sheet) -> bool:
    """Whether the padding is known only with the input's size, which is free."""
    return sheet.free and layer.padding == "same" and layer.stride != 1


def padding(layer: Windowed, sheet: Sheet, axes: Sequence[Axis]) -> dict[str, Any]:
    """The padding as numbers, or as a word where the input's size is free."""
    return {"auto_pad": "SAME_UPPER"} if depends_on_size(layer, sheet) else {"pads": pads(pairs_of(axes))}
