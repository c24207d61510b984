"""A convolution of the user's own in a page: its index map compiled to WebAssembly on the spot, and as a table for who reads along."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any

import numpy as np
from numba import types

from minicnn.errors import SettingError
from minicnn.kernels import Variant, textbook
from minicnn.kernels.index_table import three
from minicnn.page.assets import packed
from minicnn.page.build.link import link
from minicnn.page.build.module import Loop, compile_object

MOST_TAPS = 400_000  # of all outputs together
FLOATS = {axes: types.Array(types.float32, axes, "C") for axes in (1, 5)}


def variant_assets(own: Variant, text: str = "") -> dict[str, Any]:
    """The map's module (about two seconds), its text and its table: five numbers, channel, d, h, w, weight, for each output and tap.

    Raises
    ------
    SettingError
        If the map is one that Numba cannot compile, or there are more taps than a page holds.
    """
    if not hasattr(own.index_map, "py_func"):
        raise SettingError(f"variant {own.name!r} has an index map in Python, but a page needs one that Numba compiles")
    outputs, taps = three(own.output_shape), three(own.taps)
    if prod(outputs) * prod(taps) > MOST_TAPS:
        raise SettingError(f"variant {own.name!r} has {prod(outputs) * prod(taps):,} taps, more than the {MOST_TAPS:,} that a page holds")
    index_map, forward, backward_input = own.index_map, textbook.variant_forward, textbook.variant_backward_input

    def variant_forward(y, x, weight, bias):  # type: ignore[no-untyped-def]
        forward(y, x, weight, bias, index_map, taps)

    def variant_backward_input(dx, dy, weight):  # type: ignore[no-untyped-def]
        backward_input(dx, dy, weight, index_map, taps)

    loops = {
        "variant_forward": Loop(variant_forward, (FLOATS[5], FLOATS[5], FLOATS[1], FLOATS[1])),
        "variant_backward_input": Loop(variant_backward_input, (FLOATS[5], FLOATS[5], FLOATS[1])),
    }
    module = link(compile_object(loops), list(loops))
    plain = getattr(index_map, "py_func", index_map)
    table = np.array([plain(*place, *tap) for place in product(*map(range, outputs)) for tap in product(*map(range, taps))], np.int32)
    return {
        "name": own.name,
        "axes": len(own.input_shape) - 1,
        "input_shape": three(own.input_shape),
        "output_shape": outputs,
        "taps": taps,
        "weights": own.weight_count,
        "code": packed(module.code),
        "table": packed(table),
        "uses": {name: packed(array.astype(np.int32)) for name, array in zip(("outputs", "inputs", "first"), own.uses, strict=True)},
        "text": text,
    }
