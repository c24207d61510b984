"""A factor and a summand for every number of an image, or for its channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minicnn import layers as L
from minicnn.errors import GraphError
from minicnn.exchange.onnx.operators import Value
from minicnn.layers.conv import Conv
from minicnn.layers.conv_transpose import ConvTranspose
from minicnn.layers.subsample import Subsample

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from minicnn.exchange.onnx.reading import Reading

SCALES = {1: L.Subsample1D, 2: L.Subsample2D, 3: L.Subsample3D}


def scaled(reading: Reading, x: Value, factor: Any = 1.0, summand: Any = 0.0) -> Value:
    """x * factor + summand, where both are the same for all images.

    A factor and a summand for every channel are a window of one pixel with a trainable factor; what differs from pixel to pixel is the same
    for an image whose numbers are all channels.  A summand behind weights without a bias is that bias.
    """
    weight, bias = per_image(factor, x), per_image(summand, x)
    joined = _as_bias(reading, x, weight, bias)
    if joined:
        return joined
    if (weight == 1).all() and (bias == 0).all():
        return x
    shape = x.shape
    by_channel = len(shape) > 1 and all(each.shape[1:] == (1,) * (len(shape) - 1) for each in (weight, bias))
    if by_channel:
        ones = np.ones(shape[0], np.float32)
        layer = SCALES[len(shape) - 1](1)
        return reading.layer(layer, x, weight=ones * weight.reshape(-1), bias=ones * bias.reshape(-1))
    ones = np.ones(shape, np.float32)
    flat = reading.layer(L.Reshape((ones.size, 1)), x)
    flat = reading.layer(L.Subsample1D(1), flat, weight=(ones * weight).ravel(), bias=(ones * bias).ravel())
    return reading.reshaped(flat, shape)


def per_image(values: Any, x: Value) -> NDArray[Any]:
    """Numbers that are broadcast to an image: as many axes as it has, each of its size or 1."""
    given = np.asarray(values, np.float32)
    rank = len(x.shape)
    if given.ndim > rank:
        if any(size != 1 for size in given.shape[: given.ndim - rank]):
            raise GraphError(f"its constant has the shape {given.shape}, which differs from image to image")
        given = given.reshape(given.shape[given.ndim - rank :])
    given = given.reshape((1,) * (rank - given.ndim) + given.shape)
    if any(size not in (1, have) for size, have in zip(given.shape, x.shape, strict=True)):
        raise GraphError(f"its constant has the shape {given.shape}, which does not fit images of {x.shape}")
    return given


def _as_bias(reading: Reading, x: Value, weight: NDArray[Any], bias: NDArray[Any]) -> Value | None:
    """The part before, with the summand as its bias; None if it has none to give."""
    made = reading.parts[x.number - 1] if x.number else None
    if made is None or x.shape != made.shape or not (weight == 1).all() or any(size != 1 for size in bias.shape[1:]):
        return None
    own: Any = made.element
    arrays: Any = made.arrays
    value = Value(made.inputs[0], reading.shape_of(made.inputs[0]))
    filled = np.ascontiguousarray(np.broadcast_to(bias.reshape(-1), x.shape[:1]))
    if isinstance(own, Conv | ConvTranspose | L.Linear) and not own.bias:
        return reading.layer(type(own)(**{**own.settings(), "bias": True}), value, **arrays, bias=filled)
    if isinstance(own, Subsample) and own.window == 1 and not arrays["bias"].any():
        return reading.layer(own, value, weight=arrays["weight"], bias=filled)
    return None
