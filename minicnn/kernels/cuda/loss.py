"""Softmax cross-entropy of a batch: gradient, summed loss and correct answers in one launch of one block; what is around other losses.

32 neighbouring threads have neighbouring images; the warps of the block share out the classes, and meet in shared memory.  Every sum has
one order, so that the same batch gives the same bits.
"""

from __future__ import annotations

import math

import numpy as np
from numba import cuda

from minicnn.kernels.cuda.batch import Run
from minicnn.kernels.cuda.compile import Kernel, blocks_for
from minicnn.kernels.cuda.launches import Handle, Launches
from minicnn.kernels.cuda.runtime import SIMULATED

LANES = 2 if SIMULATED else 32
WARPS = 2 if SIMULATED else 16
ZERO = np.float32(0)


def softmax_cross_entropy(dlogits, logits, labels, statistics, job, images, scale):  # type: ignore[no-untyped-def]
    """dlogits[n, k] = (exp(x[k] - m) / total - (1 if k is the label else 0)) * scale, where x = logits[n], m = max over k of x[k].

    The batch's summed loss and number of correct answers go to `statistics`.  An answer is correct if the label's logit is the largest,
    the first of equal ones, and none is NaN.
    """
    parts = cuda.shared.array((WARPS, LANES), np.float32)
    beaten = cuda.shared.array((WARPS, LANES), np.int32)
    losses = cuda.shared.array(LANES, np.float64)
    rights = cuda.shared.array(LANES, np.int64)
    lane, warp = cuda.threadIdx.x % LANES, cuda.threadIdx.x // LANES
    classes = logits.shape[1]
    loss, right = 0.0, 0
    for first in range(0, images, LANES):  # as many turns for every thread: all of them come to each barrier
        n, there = min(first + lane, images - 1), first + lane < images
        label = labels[n]
        wanted = logits[n, label]
        largest, beats = np.float32(-math.inf), 0
        for k in range(warp, classes, WARPS):
            value = logits[n, k]
            if value > largest:
                largest = value
            if not (value < wanted or (value == wanted and k >= label)):
                beats += 1
        parts[warp, lane] = largest
        beaten[warp, lane] = beats
        cuda.syncthreads()
        beats = 0
        for other in range(WARPS):
            if parts[other, lane] > largest:
                largest = parts[other, lane]
            beats += beaten[other, lane]
        cuda.syncthreads()
        total = ZERO
        for k in range(warp, classes, WARPS):
            value = math.exp(logits[n, k] - largest)
            total += value
        parts[warp, lane] = total
        cuda.syncthreads()
        total = ZERO
        for other in range(WARPS):
            total += parts[other, lane]
        if there:
            for k in range(warp, classes, WARPS):
                share = math.exp(logits[n, k] - largest) / total
                dlogits[n, k] = (share - np.float32(1) if k == label else share) * scale
            loss += math.log(total) + (largest - wanted)
            right += 1 if beats == 0 else 0
        cuda.syncthreads()
    if warp == 0:
        losses[lane] = loss
        rights[lane] = right
    cuda.syncthreads()
    if cuda.threadIdx.x == 0:
        loss, right = 0.0, 0
        for other in range(LANES):
            loss += losses[other]
            right += rights[other]
        statistics[job[0], 0] = loss
        statistics[job[0], 1] = right


LOSS = Kernel(softmax_cross_entropy, threads=WARPS * LANES)


def append_loss(launches: Launches, dlogits: Handle, logits: Handle, run: Run, images: int) -> None:
    """Gradient of the mean loss of a batch; its summed loss and correct answers go to the run's statistics.

    dlogits : (N, K) float32, written; may be the logits
    logits : (N, K) float32
    images : how many of the batch count: the mean divides by them
    """
    arrays = (dlogits, logits, run.batch_labels, run.statistics, run.job)
    launches.launch(LOSS, 1, *arrays, images, np.float32(1 / images))


def load_targets(target, targets, order, job, batch):  # type: ignore[no-untyped-def]
    """target[n, e] = targets[order[first + n]] at e, where first = job * batch."""
    images, elements = target.shape
    numbers, first = targets.flat, job[0] * batch
    for place in range(cuda.grid(1), images * elements, cuda.gridsize(1)):
        e = place // images
        n = place - e * images
        target[n, e] = numbers[order[first + n] * elements + e]


LOAD_TARGETS = Kernel(load_targets)


def append_load_target(launches: Launches, target: Handle, targets: Handle, order: Handle, job: Handle, batch: int) -> None:
    """Fetch a batch's targets.

    target : (N, E) float32 or int32, written
    targets : (M, ...) of E numbers for every image of the data
    """
    blocks, threads = blocks_for(target.size)
    launches.launch(LOAD_TARGETS, blocks, target, targets, order, job, batch, threads=threads)


def share(shares, scales, job):  # type: ignore[no-untyped-def]
    """shares[n] = scales[job]."""
    for n in range(cuda.grid(1), shares.shape[0], cuda.gridsize(1)):
        shares[n] = scales[job[0]]


SHARE = Kernel(share, threads=LANES)


def append_shares(launches: Launches, shares: Handle, scales: Handle, job: Handle) -> None:
    """What the loss of each image counts in that of the batch: shares (N,) float32; scales (batches,) float64."""
    launches.launch(SHARE, 1, shares, scales, job)


def total(losses, rights, statistics, job):  # type: ignore[no-untyped-def]
    """statistics[job] = sums over n of losses[n] and of rights[n]."""
    sums = cuda.shared.array((2, LANES), np.float64)
    lane = cuda.threadIdx.x
    loss, right = 0.0, 0.0
    for n in range(lane, losses.shape[0], LANES):
        loss += losses[n]
        right += rights[n]
    sums[0, lane] = loss
    sums[1, lane] = right
    cuda.syncthreads()
    if lane < 2:
        loss = 0.0
        for other in range(LANES):
            loss += sums[lane, other]
        statistics[job[0], lane] = loss


TOTAL = Kernel(total, threads=LANES)


def append_total(launches: Launches, losses: Handle, rights: Handle, statistics: Handle, job: Handle) -> None:
    """The batch's statistics from losses (N,) and right answers (N,)."""
    launches.launch(TOTAL, 1, losses, rights, statistics, job)
