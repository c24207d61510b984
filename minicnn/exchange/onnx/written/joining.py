"""Nodes where paths meet."""

from __future__ import annotations

from minicnn.exchange.onnx.sheet import Sheet
from minicnn.exchange.onnx.written.layer import written
from minicnn.graph import Node
from minicnn.layers import AddInputs, ConcatChannels, GateInputs, MultiplyInputs


@written.register(AddInputs)
def add(layer: AddInputs, sheet: Sheet, node: Node, *inputs: str) -> str:
    return sheet.node("Add" if len(inputs) == 2 else "Sum", *inputs)  # type: ignore[no-any-return]


@written.register(MultiplyInputs)
def multiply(layer: MultiplyInputs, sheet: Sheet, node: Node, *inputs: str) -> str:
    return sheet.node("Mul", *inputs)  # type: ignore[no-any-return]


@written.register(ConcatChannels)
def concat(layer: ConcatChannels, sheet: Sheet, node: Node, *inputs: str) -> str:
    return sheet.node("Concat", *inputs, axis=1)  # type: ignore[no-any-return]


@written.register(GateInputs)
def gate(layer: GateInputs, sheet: Sheet, node: Node, body: str, gate: str, x: str) -> str:
    rest = sheet.node("Sub", sheet.constant("one", 1.0), gate)
    return sheet.node("Add", sheet.node("Mul", gate, body), sheet.node("Mul", rest, x))  # type: ignore[no-any-return]
