"""Layers that keep the shape: activations, dropout, normalization of channels."""

from __future__ import annotations

from minicnn.layers.base import Layer


class Pointwise(Layer, registered=False):
    """The output has the shape of the input; no parameters; drawn in the box of the layer before it."""

    quiet = True
