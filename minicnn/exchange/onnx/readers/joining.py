"""Operators of several values, or of a value and a constant."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from minicnn import layers as L
from minicnn.errors import GraphError
from minicnn.exchange.onnx.operators import Operator, Value, axis_of, reads
from minicnn.exchange.onnx.readers.affine import scaled
from minicnn.exchange.onnx.readers.axes import along

if TYPE_CHECKING:
    from minicnn.exchange.onnx.reading import Reading


def one_shape(values: list[Value]) -> None:
    """Refuse values that would have to be broadcast."""
    if len({value.shape for value in values}) != 1:
        shapes = " and ".join(str(value.shape) for value in values)
        raise GraphError(f"it joins images of {shapes}, but they must be of one shape")


def parted(operator: Operator) -> tuple[Value | None, np.ndarray | None]:
    """The value and the constant of a pair; None where there are not one of each."""
    values = [each for each in operator.inputs if isinstance(each, Value)]
    constants = [each for each in operator.inputs if isinstance(each, np.ndarray)]
    if len(values) != 1 or not constants:
        return None, None
    constant, axis = constants[0].astype(np.float32), operator.attributes.get("axis")
    if operator.opset < 7 and isinstance(axis, int):  # then it said which axis of the value the constant begins at
        constant = constant.reshape(*constant.shape, *[1] * (1 + len(values[0].shape) - axis - constant.ndim))
    return values[0], constant


@reads("Add", "Sum")
def add(reading: Reading, operator: Operator) -> Value:
    x, constant = parted(operator)
    if len(operator.inputs) == 1:
        return operator.value()
    if x is not None and constant is not None and len(operator.inputs) == 2:
        return scaled(reading, x, summand=constant)
    values = operator.values()
    one_shape(values)
    return reading.layer(L.AddInputs(), *values)


@reads("Sub")
def subtract(reading: Reading, operator: Operator) -> Value:
    x, constant = parted(operator)
    if x is not None and constant is not None:
        return scaled(reading, x, summand=-constant) if operator.get(0) is x else scaled(reading, x, -1.0, constant)
    one_shape(operator.values())
    return reading.layer(L.AddInputs(), operator.value(0), scaled(reading, operator.value(1), -1.0))


@reads("Mul")
def multiply(reading: Reading, operator: Operator) -> Value:
    x, constant = parted(operator)
    if x is not None and constant is not None:
        return scaled(reading, x, constant)
    values = operator.values()
    one_shape(values)
    return reading.layer(L.MultiplyInputs(), *values)


@reads("Div")
def divide(reading: Reading, operator: Operator) -> Value:
    with np.errstate(divide="ignore"):
        return scaled(reading, operator.value(), 1 / operator.numbers(1, "divisor"))


@reads("Neg")
def negate(reading: Reading, operator: Operator) -> Value:
    return scaled(reading, operator.value(), -1.0)


@reads("Concat")
def concat(reading: Reading, operator: Operator) -> Value:
    values = operator.values()
    axis = axis_of(operator.integer("axis", 1), values[0])
    if axis == 0:
        raise GraphError("it joins images to a larger batch")
    if len(values) == 1:
        return values[0]
    if axis == 1:
        return reading.layer(L.ConcatChannels(), *values)
    return along(reading, axis, values, lambda *turned: reading.layer(L.ConcatChannels(), *turned))


@reads("Max", "Min", "Mean")
def across(reading: Reading, operator: Operator) -> Value:
    """Of images laid flat as channels of one number each: pooling across the channels.  The least is minus the largest of minus all."""
    values, turned = operator.values(), operator.kind == "Min"
    one_shape(values)
    if len(values) == 1:
        return values[0]
    signed = [scaled(reading, value, -1.0) for value in values] if turned else values
    flat = [reading.reshaped(value, (1, prod(value.shape))) for value in signed]
    layer = L.ChannelPool(len(values), mode="avg" if operator.kind == "Mean" else "max")
    y = reading.reshaped(reading.layer(layer, reading.layer(L.ConcatChannels(), *flat)), values[0].shape)
    return scaled(reading, y, -1.0) if turned else y
