"""Normalizations."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from minicnn import layers as L
from minicnn.errors import GraphError
from minicnn.exchange.onnx.operator import Operator, Value, axis_of, reads
from minicnn.exchange.onnx.readers.affine import scaled

if TYPE_CHECKING:
    from minicnn.exchange.onnx.reading import Reading

BATCH = {1: L.BatchNorm1D, 2: L.BatchNorm2D, 3: L.BatchNorm3D}


@reads("BatchNormalization")
def batch_norm(reading: Reading, operator: Operator) -> Value:
    x, names = operator.value(), ("weight", "bias", "running_mean", "running_var")
    if operator.flag("training_mode") or any(operator.used[1:]):
        raise GraphError("it normalizes by the batch in use (training_mode)")
    arrays = {name: operator.numbers(index, name) for index, name in enumerate(names, 1)}
    kind = BATCH.get(max(1, len(x.shape) - 1))
    if kind is None:
        raise GraphError(f"it reads images of {x.shape}")
    momentum = min(1.0, max(0.0, 1 - operator.real("momentum", 0.9)))
    return reading.layer(kind(eps=operator.real("epsilon", 1e-5), momentum=momentum), x, weights_of=operator.input_names[1:], **arrays)


@reads("InstanceNormalization")
def instance_norm(reading: Reading, operator: Operator) -> Value:
    arrays = {"weight": operator.numbers(1, "weight"), "bias": operator.numbers(2, "bias")}
    layer = L.InstanceNorm(eps=operator.real("epsilon", 1e-5))
    return reading.layer(layer, operator.value(), weights_of=operator.input_names[1:], **arrays)


@reads("GroupNormalization")
def group_norm(reading: Reading, operator: Operator) -> Value:
    """Before opset 21 weight and bias are those of groups, not of channels."""
    x, groups = operator.value(), operator.integer("num_groups", 0)
    times = x.shape[0] // groups if operator.opset < 21 and groups else 1
    arrays = {name: np.repeat(operator.numbers(index, name), times) for index, name in enumerate(("weight", "bias"), 1)}
    return reading.layer(L.GroupNorm(groups, eps=operator.real("epsilon", 1e-5)), x, weights_of=operator.input_names[1:], **arrays)


@reads("LayerNormalization")
def layer_norm(reading: Reading, operator: Operator) -> Value:
    """Over all axes from one on; those before it are groups.  Weight and bias are those of every number."""
    operator.only_first_output()
    x, eps = operator.value(), operator.real("epsilon", 1e-5)
    axis = axis_of(operator.integer("axis", -1), x)
    if axis == 0:
        raise GraphError("it normalizes over the images")
    groups, own = prod(x.shape[: axis - 1]), x.shape[axis - 1 :]
    weight = operator.numbers(1, "weight")
    bias = np.zeros_like(weight) if operator.get(2) is None else operator.numbers(2, "bias")
    if groups == 1:
        flat = [np.ascontiguousarray(np.broadcast_to(each, own).ravel()) for each in (weight, bias)]
        y = reading.layer(L.LayerNorm(eps=eps), reading.reshaped(x, (prod(own),)), weight=flat[0], bias=flat[1])
        return reading.reshaped(y, x.shape)
    unit = {"weight": np.ones(groups, np.float32), "bias": np.zeros(groups, np.float32)}
    y = reading.layer(L.InstanceNorm(eps=eps), reading.reshaped(x, (groups, prod(own))), **unit)
    return scaled(reading, reading.reshaped(y, x.shape), weight, bias)


@reads("LRN")
def local_response_norm(reading: Reading, operator: Operator) -> Value:
    """ONNX divides alpha by the size; of an even size the channels around one are others than here."""
    size = operator.integer("size", 0)
    if size < 1 or size % 2 == 0:
        raise GraphError(f"its size is {size}, but must be odd")
    given = {"k": operator.real("bias", 1.0), "alpha": operator.real("alpha", 1e-4) / size, "beta": operator.real("beta", 0.75)}
    return reading.layer(L.LocalResponseNorm(size, **given), operator.value())
