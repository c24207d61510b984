"""One layer as nodes, by its class."""

from __future__ import annotations

from functools import singledispatch

from minicnn.errors import GraphError
from minicnn.exchange.onnx.sheet import Sheet
from minicnn.graph import Node
from minicnn.layers import Layer


@singledispatch
def written(layer: Layer, sheet: Sheet, node: Node, *inputs: str) -> str:
    """Write a layer in its place onto the sheet; the name of what comes out.

    For a layer of your own, say what it becomes:

        @written.register(MyLayer)
        def my_layer(layer, sheet, node, x):
            return sheet.node("Softsign", x)

    Raises
    ------
    GraphError
        If no function is registered for its class.
    """
    raise GraphError(
        f"{node.name} ({layer.kind()!r}) has no counterpart in ONNX that is known here"
        f"\n  say what it becomes: from minicnn.exchange.onnx.written import written; @written.register({type(layer).__name__})"
    )
