"""The index map along one axis: what each position reads, as a stretch of one list.

    forward          output p  reads  input i = p*stride + r*dilation - pad   through tap r = first, first + 1, ...
    backward input   input  i  reads  output p with p*stride + r*dilation - pad = i:  each next tap is stride/g further, p dilation/g lower,
                                      g their greatest common divisor

so that the reads of a position, relative to its first, are the beginning of those of any position that reads more.  Only where filters
take turns do they depend on whose turn the first is.
"""

from __future__ import annotations

from collections.abc import Callable
from math import gcd
from typing import Any, NamedTuple

import numpy as np

from minicnn.geometry import Axis
from minicnn.kernels.cpu.convolution.maps import Weights
from minicnn.kernels.index import input_position, output_range, tap_range

Array = Any  # of NumPy, or one number: the index map takes both


class AxisReads(NamedTuple):
    """What the positions along one axis read.

    kinds, counts : of each position: which list of steps, and how much of it
    sources, weights : what it reads first: a position of the source, the offset of its weight; 0 where nothing is read
    steps : per kind, (reads, 2): source and weight of each read, relative to the first
    """

    kinds: Array
    counts: Array
    sources: Array
    weights: Array
    steps: list[Array]


def forward_reads(n: int, axis: Axis, weights: Weights) -> AxisReads:
    """For each output position of axis number `n`, the inputs."""
    ranges = [tap_range(p, axis.size, axis.taps, axis.stride, axis.dilation, axis.before) for p in range(axis.out)]
    first, stop = np.array(ranges, np.int64).reshape(-1, 2).T

    def read(p: Array, k: Array) -> tuple[Array, Array]:
        r = first[p] + k
        return input_position(p, r, axis.stride, axis.dilation, axis.before), weights.offset(n, p, r, axis.taps)

    return _collected(np.zeros(axis.out, np.int64), stop - first, read)


def backward_reads(n: int, axis: Axis, weights: Weights) -> AxisReads:
    """For each input position of axis number `n`, the outputs that read it."""
    counts, first, sources = np.zeros((3, axis.size), np.int64)
    for r in reversed(range(axis.taps)):
        p = np.arange(*output_range(r, axis.size, axis.out, axis.stride, axis.dilation, axis.before))
        i = input_position(p, r, axis.stride, axis.dilation, axis.before)
        counts[i] += 1
        first[i] = r
        sources[i] = p
    common = gcd(axis.stride, axis.dilation)

    def read(i: Array, k: Array) -> tuple[Array, Array]:
        p, r = sources[i] - k * (axis.dilation // common), first[i] + k * (axis.stride // common)
        return p, weights.offset(n, p, r, axis.taps)

    tile = weights.tiles[n]
    return _collected(sources % tile if tile < axis.out else np.zeros_like(sources), counts, read)


def _collected(kinds: Array, counts: Array, read: Callable[[Array, Array], tuple[Array, Array]]) -> AxisReads:
    """read(position, k) : source and weight of a position's read number k"""
    sources, weights = (np.where(counts > 0, each, 0) for each in read(np.arange(len(counts)), 0))
    kinds = np.where(counts > 0, kinds, 0)
    steps = []
    for kind in range(kinds.max(initial=0) + 1):
        longest = np.argmax(np.where(kinds == kind, counts, -1))
        each = np.stack(read(longest, np.arange(counts[longest] if kinds[longest] == kind else 0)), axis=1)
        steps.append(each - each[:1])
    return AxisReads(kinds, counts, sources, weights, steps)
