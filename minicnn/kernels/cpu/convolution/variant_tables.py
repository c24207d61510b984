"""Any table of reads as runs and taps for the register tiles: the structure of a convolution, found again in what it reads.

    rows        the reads of each target, in order: outputs for the value, inputs for their gradient, weights for theirs
    pattern     rows that are equal but for where they begin are one pattern, kept once
    block       targets that a tile serves together: neighbouring channels at one position, their numbers rising by a constant step

The three passes are the same search with other roles; (first, second) are the two numbers of a read besides its target:

                      target     first     second     a block's targets          share     and differ in
    value             output     input     weight     channels of an output      first     second
    input gradient    input      output    weight     channels of an input       first     second
    weight gradient   weight     output    input      weights of output channels second    first (by one channel)

What has no structure ends in blocks of one target and runs of one position: right, and slower.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from minicnn.kernels.machine_code.compile import kernel

NO_STEP = np.iinfo(np.int64).min
COMMON_STEPS = 32  # weight steps between neighbouring channels that make blocks; each may become a step of the program


class Rows(NamedTuple):
    """Row t holds reads bounds[t] : bounds[t + 1]."""

    bounds: np.ndarray  # (targets + 1,) int64
    first: np.ndarray  # (reads,) int32
    second: np.ndarray  # (reads,) int32
    begin: np.ndarray  # (targets, 2) int64: first and second of each row's first read, 0 where it is empty
    pattern: np.ndarray  # (targets,) int64: number of its pattern
    sample: np.ndarray  # (patterns,) int64: one row of each pattern

    def reads(self, pattern: int) -> np.ndarray:
        """The reads (n, 2) of a pattern, counted from the beginnings of a row."""
        row = self.sample[pattern]
        own = slice(self.bounds[row], self.bounds[row + 1])
        return np.stack([self.first[own], self.second[own]], axis=1).astype(np.int64) - self.begin[row]


class Blocks(NamedTuple):
    """Blocks of targets, one an entry: `size` targets from `target` on, whose numbers rise by `step`."""

    target: np.ndarray  # first target
    size: np.ndarray
    step: np.ndarray
    pattern: np.ndarray
    first: np.ndarray  # where the first target's row begins
    second: np.ndarray


def rows_of(target: np.ndarray, first: np.ndarray, second: np.ndarray, targets: int) -> Rows:
    """Sort reads by target and find the patterns."""
    bounds = np.concatenate([[0], np.cumsum(np.bincount(target, minlength=targets))])
    reads = np.empty_like(first), np.empty_like(second)
    sort_by_target(*reads, bounds[:-1].copy(), target, first, second)
    first, second = reads
    begin = np.zeros((targets, 2), np.int64)
    full = bounds[1:] > bounds[:-1]
    begin[full] = np.stack([first[bounds[:-1][full]], second[bounds[:-1][full]]], axis=1)
    pattern, sample = np.empty(targets, np.int64), np.empty(targets, np.int64)
    seats = np.full(1 << (2 * targets).bit_length(), -1)
    count = find_patterns(pattern, sample, seats, bounds, first, second)
    return Rows(bounds, first, second, begin, pattern, sample[:count])


@kernel
def sort_by_target(sorted_first, sorted_second, place, target, first, second):
    """Put every read into its target's row, in the old order.

    Parameters
    ----------
    sorted_first, sorted_second : (reads,) int32, written
    place : (targets,) int64, changed
        Where each row begins.
    """
    for n in range(len(target)):
        at = place[target[n]]
        place[target[n]] = at + 1
        sorted_first[at] = first[n]
        sorted_second[at] = second[n]


@kernel
def find_patterns(pattern, sample, seats, bounds, first, second):
    """pattern[t] = number of the pattern of row t, sample[number] = the first row that has it; returns how many there are.

    A hash table with open places: a row goes to the seat that its hash names, or the next free one, and is compared in full with who
    sits there.

    Parameters
    ----------
    pattern, sample : (targets,) int64, written
    seats : (a power of two above 2 * targets,) int64
        All -1 at first.
    """
    count = 0
    for t in range(len(pattern)):
        begin, length = bounds[t], bounds[t + 1] - bounds[t]
        hashed = np.uint64(length)
        for n in range(begin, begin + length):
            hashed = (hashed ^ np.uint64(np.int64(first[n]) - first[begin])) * np.uint64(0x9E3779B97F4A7C15)
            hashed = (hashed ^ np.uint64(np.int64(second[n]) - second[begin])) * np.uint64(0xC2B2AE3D27D4EB4F)
        seat = np.int64((hashed ^ (hashed >> np.uint64(29))) & np.uint64(len(seats) - 1))
        while True:
            number = seats[seat]
            if number < 0:
                seats[seat] = pattern[t] = count
                sample[count] = t
                count += 1
                break
            other = bounds[sample[number]]
            same = bounds[sample[number] + 1] - other == length
            for n in range(length):
                if not same:
                    break
                same = (
                    first[begin + n] - first[begin] == first[other + n] - first[other]
                    and second[begin + n] - second[begin] == second[other + n] - second[other]
                )
            if same:
                pattern[t] = number
                break
            seat = (seat + 1) & (len(seats) - 1)
    return count


def channel_blocks(rows: Rows, channels: int) -> Blocks:
    """Blocks for the value and the input gradient: channels that read the same, with weights a constant apart."""
    pixels = len(rows.pattern) // channels
    pattern, first, second = (each.reshape(channels, pixels) for each in (rows.pattern, rows.begin[:, 0], rows.begin[:, 1]))
    alike = (pattern[1:] == pattern[:-1]) & (first[1:] == first[:-1])
    steps = np.diff(second, axis=0)
    target = np.arange(channels * pixels).reshape(channels, pixels)
    return _joined(target.T, np.where(alike, steps, NO_STEP).T, pattern.T, first.T, second.T)


def weight_blocks(rows: Rows, pixels: int) -> Blocks:
    """Blocks for the weight gradient: weights of neighbouring output channels (of `pixels` pixels) that meet the same inputs."""
    used = np.flatnonzero(rows.bounds[1:] > rows.bounds[:-1])
    first, second, pattern = rows.begin[used, 0], rows.begin[used, 1], rows.pattern[used]
    order = np.lexsort((first // pixels, first % pixels, second, pattern))
    used, first, second, pattern = used[order], first[order], second[order], pattern[order]
    alike = (pattern[1:] == pattern[:-1]) & (second[1:] == second[:-1]) & (np.diff(first) == pixels)
    steps = np.where(alike, np.diff(used), NO_STEP)
    return _joined(used[None], steps[None], pattern[None], first[None], second[None])


def _joined(target: np.ndarray, steps: np.ndarray, pattern: np.ndarray, first: np.ndarray, second: np.ndarray) -> Blocks:
    """Join neighbours along the last axis for as long as the step from one to the next stays; NO_STEP parts them always."""
    values, counts = np.unique(steps[steps != NO_STEP], return_counts=True)
    common = values[np.argsort(-counts, kind="stable")[:COMMON_STEPS]]
    sizes = np.zeros(target.shape, np.int64)
    join_neighbours(sizes, np.where(np.isin(steps, common), steps, NO_STEP))
    at = np.flatnonzero(sizes)
    size = sizes.ravel()[at]
    step = np.where(size > 1, np.append(steps, np.full((len(steps), 1), NO_STEP), axis=1).ravel()[at], 0)
    return Blocks(target.ravel()[at], size, step, pattern.ravel()[at], first.ravel()[at], second.ravel()[at])


@kernel
def join_neighbours(size, steps):
    """size[i, n] = how many elements of row i from n on rise by one step, where such a stretch begins; 0 inside.

    Parameters
    ----------
    size : (rows, columns) int64, written where a stretch begins
    steps : (rows, columns - 1) int64
        From each element to the next.
    """
    rows, columns = size.shape
    for i in range(rows):
        n = 0
        while n < columns:
            stop = n + 1
            if stop < columns and steps[i, n] != NO_STEP:
                stop += 1
                while stop < columns and steps[i, stop - 1] == steps[i, n]:
                    stop += 1
            size[i, n] = stop - n
            n = stop
