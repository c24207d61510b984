"""Sums whose terms a table lists, for convolutions that are defined by an index map: what the map says was asked on the host, once.

    y[n, f] = bias[f // positions] + sum over first[f] <= u < first[f+1] of x[n, sources[u]] * weight[weights[u]]

The forward pass lists the reads of every output, the gradient of the input those of every input; images lie innermost, so that the
threads of a warp read one table entry, one weight, and neighbouring numbers of x.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from minicnn.kernels.cuda.derived import append_loop
from minicnn.kernels.cuda.launches import Handle, Launches
from minicnn.kernels.index_table import Reads


class Terms(NamedTuple):
    """The terms of every sum, in the order of the map's taps: which input and which weight, and where a sum's terms begin."""

    sources: np.ndarray
    weights: np.ndarray
    first: np.ndarray


def forward_terms(reads: Reads, outputs: int) -> Terms:
    """The reads of every output."""
    order = np.argsort(reads.output, kind="stable")
    first = np.searchsorted(reads.output[order], np.arange(outputs + 1))
    return Terms(*(each.astype(np.int32) for each in (reads.input[order], reads.weight[order], first)))


def backward_terms(reads: Reads, inputs: int) -> Terms:
    """The outputs that read every input: the reads of a map that goes the other way."""
    return forward_terms(Reads(reads.input, reads.output, reads.weight), inputs)


def sums_by_table(y, x, weight, bias, positions, sources, weights, first):  # type: ignore[no-untyped-def]
    """The loop above."""
    N, F = y.shape
    for n in range(N):
        for f in range(F):
            total = np.float64(bias[f // positions])
            for u in range(first[f], first[f + 1]):
                total += x[n, sources[u]] * weight[weights[u]]
            y[n, f] = total


def append_sums(launches: Launches, y: Handle, x: Handle, weight: Handle, bias: Handle, positions: int, own: Terms) -> None:
    """y (N, F) from x (N, any), weight (any,) and bias, one for so many positions."""
    tables = {name: launches.table(values) for name, values in own._asdict().items()}
    append_loop(launches, sums_by_table, {"y": y, "x": x, "weight": weight, "bias": bias, "positions": positions, **tables}, single=True)
