"""Which pixels every output pixel is made of, along one axis: the index map of poolings and upsamplings as lists.

    windows, regions, copies, neighbours      targets read sources
    backward                                  the same lists from the other end: gradients are gathered, each element is written once

A weight goes with every read; along several axes weights multiply.  Built with whole arrays at a time, for an axis may be long.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd
from typing import NamedTuple

import numpy as np

from minicnn.errors import ShapeError
from minicnn.geometry import Axis
from minicnn.kernels.index import adaptive_range, counted_taps, input_position

MOST_READS = 1 << 24  # 16 million entries of 16 bytes


class Reads(NamedTuple):
    """Target t reads sources[bounds[t] : bounds[t + 1]], in ascending order and evenly spaced, with their weights."""

    size: int  # sources along this axis
    bounds: np.ndarray  # (targets + 1,) int64
    sources: np.ndarray  # (reads,) int64
    weights: np.ndarray  # (reads,) float64

    @property
    def targets(self) -> int:
        """Targets along this axis."""
        return len(self.bounds) - 1

    @property
    def trivial(self) -> bool:
        """Whether the axis has one pixel that stays what it is."""
        return self.size == self.targets == len(self.sources) == 1 and self.weights[0] == 1.0

    @property
    def step(self) -> int:
        """How far it is from one source of a target to the next."""
        gaps = np.diff(self.sources)[np.diff(np.repeat(np.arange(self.targets), np.diff(self.bounds))) == 0]
        return int(gaps[0]) if len(gaps) else 1

    @property
    def firsts(self) -> np.ndarray:
        """The first source of every target, 0 where there is none."""
        some = np.diff(self.bounds) > 0
        result = np.zeros(self.targets, np.int64)
        result[some] = self.sources[self.bounds[:-1][some]]
        return result

    @property
    def even(self) -> tuple[int, int, int]:
        """(first, stop, stride) of the targets around the middle one that all read alike, each `stride` sources after the one before."""
        counts, firsts, middle = np.diff(self.bounds), self.firsts, self.targets // 2
        if self.targets < 2 or counts[middle] == 0:
            return 0, 0, 0
        stride = int(firsts[middle] - firsts[middle - 1])
        own = self.weights[self.bounds[middle] : self.bounds[middle + 1]]
        alike = (counts == counts[middle]) & (firsts - firsts[middle] == (np.arange(self.targets) - middle) * stride)
        weights = self.weights[np.minimum(self.bounds[:-1, None] + np.arange(len(own)), len(self.weights) - 1)]
        others = np.flatnonzero(~(alike & (weights == own).all(axis=1)))
        if middle in others:
            return 0, 0, 0
        before, after = others[others < middle], others[others > middle]
        return (int(before[-1]) + 1 if len(before) else 0), (int(after[0]) if len(after) else self.targets), stride

    def band(self, first: int, stop: int) -> tuple[Reads, int]:
        """Some of the targets with the sources they need, and the first of these sources."""
        bounds = self.bounds[first : stop + 1]
        sources = self.sources[bounds[0] : bounds[-1]]
        low, high = (int(sources.min()), int(sources.max()) + 1) if len(sources) else (0, 0)
        return Reads(high - low, bounds - bounds[0], sources - low, self.weights[bounds[0] : bounds[-1]]), low


ONE_PIXEL = Reads(1, np.array([0, 1]), np.array([0]), np.array([1.0]))


def three_axes(reads: Sequence[Reads]) -> tuple[Reads, ...]:
    """With one pixel on the axes that are missing."""
    return (*(ONE_PIXEL,) * (3 - len(reads)), *reads)


def of_windows(where: str, axis: Axis, weights: np.ndarray | None = None, scale: np.ndarray | None = None) -> Reads:
    """Windows of a pooling; what lies in the padding is not read.

    weights : one per tap; else 1
    scale : one per window, times the weights
    """
    check_count(where, axis.out * axis.taps)
    p, r = np.arange(axis.out)[:, None], np.arange(axis.taps)
    i = input_position(p, r, axis.stride, axis.dilation, axis.before)
    inside = (i >= 0) & (i < axis.size)
    every = np.ones(axis.taps) if weights is None else weights
    every = np.broadcast_to(every, i.shape) if scale is None else every * scale[:, None]
    return Reads(axis.size, _bounds(inside.sum(1)), i[inside], every[inside])


def of_average(where: str, axis: Axis, count_padding: bool) -> Reads:
    """Windows whose weights are one over the taps that count."""
    check_count(where, axis.out * axis.taps)
    settings = (axis.size, axis.taps, axis.stride, axis.dilation, axis.before, axis.after, count_padding)
    counts = [counted_taps(p, *settings) for p in range(axis.out)]
    return of_windows(where, axis, scale=1.0 / np.maximum(counts, 1))


def of_regions(where: str, size: int, out: int) -> Reads:
    """Regions of an adaptive pooling, weighted for their mean."""
    check_regions(where, size, out)
    first, stop = adaptive_range(np.arange(out), size, out)
    counts = stop - first
    bounds = _bounds(counts)
    sources = np.arange(bounds[-1]) - np.repeat(bounds[:-1] - first, counts)
    return Reads(size, bounds, sources, np.repeat(1.0 / np.maximum(counts, 1), counts))


def of_copies(where: str, size: int, out: int) -> Reads:
    """Every pixel out/size times, or nearly so."""
    check_count(where, out)
    return Reads(size, np.arange(out + 1), np.arange(out) * size // out, np.ones(out))


def of_neighbours(where: str, size: int, out: int, align_corners: bool = False) -> Reads:
    """Linear interpolation: the two pixels that lie around a target, the nearer with more weight."""
    check_count(where, 2 * out)
    p = np.arange(out)
    at = p * (size - 1.0) / max(out - 1.0, 1.0) if align_corners else np.clip((p + 0.5) * size / out - 0.5, 0.0, max(0, size - 1))
    low = at.astype(np.int64)
    pairs = np.stack([low, low + 1], axis=1)
    inside = pairs < size
    return Reads(size, _bounds(inside.sum(1)), pairs[inside], (1.0 - np.abs(at[:, None] - pairs))[inside])


def of_resizing(where: str, mode: str, align_corners: bool, sizes: Sequence[int], outs: Sequence[int]) -> list[Reads]:
    """Those of an upsampling, "nearest" or "linear", along each axis."""
    if mode == "nearest":
        return [of_copies(where, size, out) for size, out in zip(sizes, outs, strict=True)]
    return [of_neighbours(where, size, out, align_corners) for size, out in zip(sizes, outs, strict=True)]


def backward(reads: Reads) -> Reads:
    """The same reads from the other end: every source gathers from the targets that read it."""
    targets = np.repeat(np.arange(reads.targets), np.diff(reads.bounds))
    order = np.argsort(reads.sources, kind="stable")
    return Reads(reads.targets, _bounds(np.bincount(reads.sources, minlength=reads.size)), targets[order], reads.weights[order])


def check_regions(where: str, size: int, out: int) -> None:
    """Refuse a table of regions that would fill memory: as many reads as pixels, and one more wherever two regions share a pixel."""
    check_count(where, size + out - gcd(size, out))


def check_count(where: str, count: int) -> None:
    """Refuse a table that would fill memory."""
    if count > MOST_READS:
        raise ShapeError(
            f"{where}: along one axis all windows together read {count} pixels, but at most {MOST_READS} can be listed"
            f"\n  use a smaller window, a larger stride, or float64, which needs no list"
        )


def _bounds(counts: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(counts)])
