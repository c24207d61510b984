"""Softmax cross-entropy of a batch: gradient, summed loss and correct answers in one launch of one block.

32 neighbouring threads have neighbouring images; the warps of the block share out the classes, and meet in shared memory.  Every sum has
one order, so that the same batch gives the same bits.
"""

from __future__ import annotations

import math

import numpy as np
from numba import cuda

from minicnn.kernels.cuda.compile import Kernel
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


def append_loss(
    launches: Launches, dlogits: Handle, logits: Handle, labels_of_batch: Handle, statistics: Handle, job: Handle, images: int
) -> None:
    """Gradient of the mean loss of a batch; its summed loss and correct answers go to `statistics[job]`.

    dlogits : (N, K) float32, written; may be the logits
    logits : (N, K) float32
    labels_of_batch : (N,) integers
    statistics : (batches, 2) float64, written at the batch's row
    job : (1,) integers
    images : how many of the batch count: the mean divides by them
    """
    launches.launch(LOSS, 1, dlogits, logits, labels_of_batch, statistics, job, images, np.float32(1 / images))
