"""Operators of several values, or of a value and a constant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from minicnn import layers as L
from minicnn.errors import GraphError
from minicnn.exchange.onnx.operator import Operator, Value, axis_of, reads
from minicnn.exchange.onnx.readers.affine import scaled

if TYPE_CHECKING:
    from minicnn.exchange.onnx.reading import Reading


def one_shape(values: list[Value]) -> None:
    """Refuse values that would have to be broadcast."""
    if len({value.shape for value in values}) != 1:
        shapes = " and ".join(str(value.shape) for value in values)
        raise GraphError(f"it joins images of {shapes}, but they must be of one shape")


def parted(operator: Operator) -> tuple[Value | None, np.ndarray | None]:
    """The value and the constant of a pair; None where both are of the other kind."""
    values = [each for each in operator.inputs if isinstance(each, Value)]
    constants = [each for each in operator.inputs if isinstance(each, np.ndarray)]
    return (values[0] if len(values) == 1 else None), (constants[0].astype(np.float32) if constants else None)


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
    if axis_of(operator.integer("axis", 1), values[0]) != 1:
        raise GraphError("it joins along another axis than the channels")
    return values[0] if len(values) == 1 else reading.layer(L.ConcatChannels(), *values)


@reads("Max", "Mean")
def across(reading: Reading, operator: Operator) -> Value:
    """Of images laid flat as channels of one number each: pooling across the channels."""
    values = operator.values()
    one_shape(values)
    if len(values) == 1:
        return values[0]
    flat = [reading.reshaped(value, (1, int(np.prod(value.shape)))) for value in values]
    mode = "max" if operator.kind == "Max" else "avg"
    return reading.reshaped(reading.layer(L.ChannelPool(len(values), mode=mode), reading.layer(L.ConcatChannels(), *flat)), values[0].shape)
