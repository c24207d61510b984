"""Operators that look at one number at a time, or at the channels of one place, and those that leave nothing in use."""

from __future__ import annotations

from math import inf, prod
from typing import TYPE_CHECKING

import numpy as np

from minicnn import layers as L
from minicnn.errors import GraphError
from minicnn.exchange.onnx.operator import Operator, Value, axis_of, reads
from minicnn.exchange.onnx.readers.affine import per_image, scaled

if TYPE_CHECKING:
    from minicnn.exchange.onnx.reading import Reading

PLAIN = {"Relu": L.ReLU(), "Sigmoid": L.Sigmoid(), "Tanh": L.Tanh()}


@reads(*PLAIN)
def plain(reading: Reading, operator: Operator) -> Value:
    return reading.layer(PLAIN[operator.kind], operator.value())


@reads("LeakyRelu")
def leaky_relu(reading: Reading, operator: Operator) -> Value:
    return reading.layer(L.LeakyReLU(operator.real("alpha", 0.01)), operator.value())


@reads("PRelu")
def parametric_relu(reading: Reading, operator: Operator) -> Value:
    """A slope for every channel: max(x, 0) - slope * max(-x, 0)."""
    x, slope = operator.value(), per_image(operator.numbers(1, "slope"), operator.value())
    if slope.size == 1 and slope.item() >= 0:
        return reading.layer(L.LeakyReLU(slope.item()), x)
    below = reading.layer(L.ReLU(), scaled(reading, x, -1.0))
    return reading.layer(L.AddInputs(), reading.layer(L.ReLU(), x), scaled(reading, below, -slope))


@reads("Clip")
def clip(reading: Reading, operator: Operator) -> Value:
    """max(x, least) = max(x - least, 0) + least;  min(x, most) = most - max(most - x, 0)."""
    given = [None if operator.get(index) is None else operator.numbers(index, "bound").item() for index in (1, 2)]
    least, most = given if operator.opset >= 11 else (operator.real("min", -inf), operator.real("max", inf))
    x = operator.value()
    if least is not None and least > -inf:
        x = scaled(reading, reading.layer(L.ReLU(), scaled(reading, x, summand=-least)), summand=least)
    if most is not None and most < inf:
        x = scaled(reading, reading.layer(L.ReLU(), scaled(reading, x, -1.0, most)), -1.0, most)
    return x


@reads("Softmax")
def softmax(reading: Reading, operator: Operator) -> Value:
    """Over one axis; before opset 13, over all numbers from an axis on."""
    x, old = operator.value(), operator.opset < 13
    axis = axis_of(operator.integer("axis", 1 if old else -1), x)
    if axis == 0:
        raise GraphError("it runs over the images")
    outer, inner = prod(x.shape[: axis - 1]), x.shape[axis - 1 :] if old else x.shape[axis - 1 : axis]
    if outer != 1:
        raise GraphError("it runs over another axis than the channels")
    rest = () if old else x.shape[axis:]
    y = reading.layer(L.Softmax(), reading.reshaped(x, (prod(inner), *rest)))
    return reading.reshaped(y, x.shape)


@reads("Identity", "Cast")
def same(reading: Reading, operator: Operator) -> Value:
    if operator.kind == "Cast" and operator.integer("to", 1) not in (1, 10, 11, 16):
        raise GraphError("it makes other numbers than floats of what depends on the images")
    return operator.value()


@reads("Dropout")
def dropout(reading: Reading, operator: Operator) -> Value:
    """In use it does nothing."""
    operator.only_first_output()
    if operator.get(2) is not None and np.any(operator.constant(2, "training mode")):
        raise GraphError("it drops numbers in use (training_mode)")
    return operator.value()
