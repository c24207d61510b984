"""Softmax cross-entropy over images in lanes: loss, right answers, and the gradient in place of the logits' copy."""

import numpy as np

from minicnn.kernels.cpu.lanes.elementary import exponential
from minicnn.kernels.cpu.lanes.vector import LANES, beats, load, select, splat, store
from minicnn.kernels.cpu.program.atomics import doubles_at, integers_at, whole_array
from minicnn.kernels.cpu.program.program import ARENA, BATCH, COUNT, FIRST, LABELS, ORDER, STATISTICS
from minicnn.kernels.machine_code.compile import kernel, step

ZERO = np.float32(0)


@kernel
def softmax(y, y_at, x, x_at, total_at, classes, shard):
    """y[k] = exp(x[k] - m), and at `total_at` their sum: m is the largest logit of the image."""
    for n in range(0, shard, LANES):
        largest = load(x, x_at + n)
        for k in range(1, classes):
            value = load(x, x_at + k * shard + n)
            largest = select(beats(value, largest), value, largest)
        summed = splat(ZERO)
        for k in range(classes):
            value = exponential(load(x, x_at + k * shard + n) - largest)
            store(y, y_at + k * shard + n, value)
            summed += value
        store(y, total_at + n, summed)


@kernel
def softmax_cross_entropy(dlogits, d_at, logits, x_at, total_at, classes, shard, count, labels, order, first, batch):
    """Gradient of the batch's mean loss; returns the shard's summed loss and number of right answers.

        dlogits[k] = (exp(x[k] - m) / total - (1 if k is the label else 0)) / batch,   0 for lanes that are no images

    labels, order : pointers to int64; image n of the shard is number order[first + n] of the data
    """
    softmax(dlogits, d_at, logits, x_at, total_at, classes, shard)
    scale = np.float32(1.0 / batch)
    loss = 0.0
    right = 0
    for n in range(0, shard, LANES):
        factor = splat(scale) / load(dlogits, total_at + n)
        for k in range(classes):
            store(dlogits, d_at + k * shard + n, load(dlogits, d_at + k * shard + n) * factor)
    for n in range(count):
        label = labels[order[first + n]]
        best = 0
        largest = logits[x_at + n]
        for k in range(1, classes):
            value = logits[x_at + k * shard + n]
            if value > largest:
                best, largest = k, value
        right += best == label
        loss += np.log(dlogits[total_at + n]) + (largest - logits[x_at + label * shard + n])
        dlogits[d_at + label * shard + n] -= scale
    for n in range(count, shard):
        for k in range(classes):
            dlogits[d_at + k * shard + n] = ZERO
    return loss, right


@step
def softmax_cross_entropy_step(memory, parameters, table, a, frame):
    m, arena = whole_array(memory), frame[ARENA]
    loss, right = softmax_cross_entropy(
        m,
        arena + a[0],
        m,
        arena + a[1],
        arena + a[2],
        a[3],
        a[4],
        frame[COUNT],
        integers_at(frame[LABELS]),
        integers_at(frame[ORDER]),
        frame[FIRST],
        frame[BATCH],
    )
    shard = frame[FIRST] // a[4]
    statistics = doubles_at(frame[STATISTICS])
    statistics[2 * shard] = loss
    statistics[2 * shard + 1] = right


@kernel
def softmax_backward(dx, dx_at, dy, dy_at, y, y_at, classes, shard):
    """dx[k] = y[k] * (dy[k] - sum over j of dy[j] * y[j])."""
    for n in range(0, shard, LANES):
        dot = splat(ZERO)
        for k in range(classes):
            dot += load(dy, dy_at + k * shard + n) * load(y, y_at + k * shard + n)
        for k in range(classes):
            at = k * shard + n
            store(dx, dx_at + at, load(y, y_at + at) * (load(dy, dy_at + at) - dot))
