"""Layers that look at one number at a time, or at the channels of one place."""

from __future__ import annotations

from minicnn.exchange.onnx.sheet import Sheet
from minicnn.exchange.onnx.written.layer import written
from minicnn.graph import Node
from minicnn.layers import Dropout, LeakyReLU, ReLU, ScaledTanh, Sigmoid, Softmax, StochasticDepth, Tanh


@written.register(ReLU)
def relu(layer: ReLU, sheet: Sheet, node: Node, x: str) -> str:
    return sheet.node("Relu", x)  # type: ignore[no-any-return]


@written.register(LeakyReLU)
def leaky_relu(layer: LeakyReLU, sheet: Sheet, node: Node, x: str) -> str:
    return sheet.node("LeakyRelu", x, alpha=layer.slope)  # type: ignore[no-any-return]


@written.register(Sigmoid)
def sigmoid(layer: Sigmoid, sheet: Sheet, node: Node, x: str) -> str:
    return sheet.node("Sigmoid", x)  # type: ignore[no-any-return]


@written.register(Tanh)
def tanh(layer: Tanh, sheet: Sheet, node: Node, x: str) -> str:
    return sheet.node("Tanh", x)  # type: ignore[no-any-return]


@written.register(ScaledTanh)
def scaled_tanh(layer: ScaledTanh, sheet: Sheet, node: Node, x: str) -> str:
    y = sheet.node("Tanh", sheet.node("Mul", x, sheet.constant("slope", layer.slope)))
    return sheet.node("Mul", y, sheet.constant("amplitude", layer.amplitude))  # type: ignore[no-any-return]


@written.register(Softmax)
def softmax(layer: Softmax, sheet: Sheet, node: Node, x: str) -> str:
    return sheet.node("Softmax", x, axis=1)  # type: ignore[no-any-return]


@written.register(Dropout)
def dropout(layer: Dropout, sheet: Sheet, node: Node, x: str) -> str:
    """In use it does nothing."""
    return x


@written.register(StochasticDepth)
def stochastic_depth(layer: StochasticDepth, sheet: Sheet, node: Node, x: str) -> str:
    return sheet.node("Mul", x, sheet.constant("survival", layer.survival))  # type: ignore[no-any-return]
