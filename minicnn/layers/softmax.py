"""Softmax over the channels: at every position numbers between 0 and 1 that sum to 1.

    y[n,c,p,q] = exp(x[n,c,p,q]) / sum over c' of exp(x[n,c',p,q])

Goodfellow, Bengio, Courville, "Deep Learning", 2016, equation 6.29.
"""

from __future__ import annotations

from dataclasses import dataclass

from minicnn.layers.pointwise import Pointwise


@dataclass(frozen=True, repr=False)
class Softmax(Pointwise):
    """Over the channels of a map, or over flat features; for weights inside a network.

    Softmax cross-entropy, the usual loss, has one of its own: a network that it trains ends in logits, without this layer.
    """

    stem = "softmax"
    forward = "channel_softmax_forward"
    backward = "channel_softmax_backward"
