"""Layers that move numbers to other places: shapes, padding, cutting, upsampling."""

from __future__ import annotations

import numpy as np

from minicnn.exchange.onnx.sheet import Sheet
from minicnn.exchange.onnx.written.layer import written
from minicnn.geometry import per_axis
from minicnn.graph import Node
from minicnn.layers import Crop, Flatten, PadShortcut, Reshape, Upsample
from minicnn.layers.pad import Padded

PAD_MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "edge"}


@written.register(Flatten)
def flatten(layer: Flatten, sheet: Sheet, node: Node, x: str) -> str:
    return sheet.node("Flatten", x, axis=1)  # type: ignore[no-any-return]


@written.register(Reshape)
def reshape(layer: Reshape, sheet: Sheet, node: Node, x: str) -> str:
    return sheet.reshape(x, (0, *layer.shape))


@written.register(Padded)
def pad(layer: Padded, sheet: Sheet, node: Node, x: str) -> str:
    pairs = layer.pairs(node.input_shapes)
    if layer.mode in PAD_MODES:
        return sheet.pad(x, pairs, mode=PAD_MODES[layer.mode])
    for axis, (before, after) in enumerate(pairs, 2):
        parts = [sheet.slice(x, [axis], [-before], [2**31])] if before else []
        parts += [x, *([sheet.slice(x, [axis], [0], [after])] if after else [])]
        x = sheet.node("Concat", *parts, axis=axis) if len(parts) > 1 else x
    return x


@written.register(Crop)
def crop(layer: Crop, sheet: Sheet, node: Node, x: str, *like: str) -> str:
    (_, *sizes), (_, *wanted) = node.input_shapes[0], node.output_shapes[0]
    if sizes == wanted and not sheet.free:
        return x
    first = [(size - out) // 2 for size, out in zip(sizes, wanted, strict=True)]
    return sheet.slice(x, range(2, 2 + len(first)), first, [at + out for at, out in zip(first, wanted, strict=True)])


@written.register(PadShortcut)
def pad_shortcut(layer: PadShortcut, sheet: Sheet, node: Node, x: str) -> str:
    channels, *space = node.input_shapes[0]
    if layer.stride != 1:
        n = len(space)
        x = sheet.slice(x, range(2, 2 + n), [0] * n, [2**31] * n, [layer.stride] * n)
    more = layer.channels - channels
    ends = [0] * (len(space) + 2), [0, more, *[0] * len(space)]
    return sheet.node("Pad", x, sheet.integers("pads", [*ends[0], *ends[1]])) if more else x


@written.register(Upsample)
def upsample(layer: Upsample, sheet: Sheet, node: Node, x: str) -> str:
    (_, *sizes), (_, *wanted) = node.input_shapes[0], node.output_shapes[0]
    if layer.mode == "nearest" and layer.scale is None:  # by whole numbers: a rounded factor could miss a pixel
        for axis, (size, out) in enumerate(zip(sizes, wanted, strict=True), 2):
            x = sheet.gather(x, axis, np.arange(out) * size // out)
        return x
    how = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    if layer.mode == "linear":
        how = {"mode": "linear", "coordinate_transformation_mode": "align_corners" if layer.align_corners else "half_pixel"}
    if layer.scale is not None:
        scales = [1, 1, *per_axis(node.name, "scale", layer.scale, len(sizes))]
        return sheet.node("Resize", x, "", sheet.constant("scales", scales), **how)  # type: ignore[no-any-return]
    outer = sheet.slice(sheet.node("Shape", x), [0], [0], [2])
    return sheet.node("Resize", x, "", "", sheet.node("Concat", outer, sheet.integers("sizes", wanted), axis=0), **how)  # type: ignore[no-any-return]
