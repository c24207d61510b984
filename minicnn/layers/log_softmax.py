"""The logarithm of softmax over the channels.

    y[n,c,p,q] = x[n,c,p,q] - log(sum over c' of exp(x[n,c',p,q]))

Goodfellow, Bengio, Courville, "Deep Learning", 2016, equation 6.30.
"""

from __future__ import annotations

from dataclasses import dataclass

from minicnn.layers.pointwise import Pointwise


@dataclass(frozen=True, repr=False)
class LogSoftmax(Pointwise):
    """Over the channels of a map, or over flat features.

    Networks of others end in it; softmax cross-entropy gives for its outputs what it gives for its inputs, so that it may stay where it is.
    """

    stem = "logsoftmax"
    forward = "channel_log_softmax_forward"
    backward = "channel_log_softmax_backward"
