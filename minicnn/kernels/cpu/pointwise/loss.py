"""Softmax cross-entropy over images in lanes: loss, right answers, and the gradient in place of the logits' copy."""

import numpy as np

from minicnn.kernels.cpu.lanes.elementary import exponential
from minicnn.kernels.cpu.lanes.vector import LANES, beats, load, select, splat, store, store_first
from minicnn.kernels.cpu.program.atomics import doubles_at, int32s_at, integers_at, whole_array, whole_numbers_of
from minicnn.kernels.machine_code.compile import kernel, step
from minicnn.kernels.machine_code.records import field_of

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
            store_first(y, y_at + k * shard + n, value, shard - n)
            summed += value
        store(y, total_at + n, summed)


@kernel
def softmax_cross_entropy(m, d_at, x_at, total_at, classes, shard, labels, scale, frame):
    """Gradient of the batch's loss; returns the shard's summed loss and number of right answers.

        dlogits[k] = (exp(x[k] - m) / total - (1 if k is the label else 0)) * scale,   0 for lanes that are no images

    labels : of all data, int64
    """
    count, order = frame.count, integers_at(frame.order)
    softmax(m, d_at, m, x_at, total_at, classes, shard)
    scale = np.float32(scale)
    loss = 0.0
    right = 0
    for n in range(0, shard, LANES):
        factor = splat(scale) / load(m, total_at + n)
        for k in range(classes):
            store_first(m, d_at + k * shard + n, load(m, d_at + k * shard + n) * factor, shard - n)
    for n in range(count):
        label = labels[order[frame.first + n]]
        best = 0
        largest = m[x_at + n]
        for k in range(1, classes):
            value = m[x_at + k * shard + n]
            if value > largest:
                best, largest = k, value
        right += best == label
        loss += np.log(m[total_at + n]) + (largest - m[x_at + label * shard + n])
        m[d_at + label * shard + n] -= scale
    for n in range(count, shard):
        for k in range(classes):
            m[d_at + k * shard + n] = ZERO
    return loss, right


@step("dlogits logits totals classes shard")
def softmax_cross_entropy_step(memory, parameters, table, a, frame):
    m, arena, labels = whole_array(memory), frame.arena, integers_at(frame.labels)
    loss, right = softmax_cross_entropy(
        m, arena + a.dlogits, arena + a.logits, arena + a.totals, a.classes, a.shard, labels, frame.scale, frame
    )
    note(frame, a.shard, loss, right)


@kernel
def note(frame, shard, loss, right):
    """The shard's summed loss and right answers among the batch's statistics."""
    statistics, row = doubles_at(frame.statistics), frame.first // shard
    statistics[2 * row] = loss
    statistics[2 * row + 1] = right


# Steps around the loops of any other loss.  Lanes beyond the images are given a class of 0, or numbers of 0, and a share of 0.


@step("place field elements shard narrow")
def load_whole_numbers_step(memory, parameters, table, a, frame):
    """place[e, n] = numbers[order[first + n], e] as int32: from int32 where `narrow`, else from int64."""
    m, at, order = whole_numbers_of(memory), frame.arena + a.place, integers_at(frame.order)
    wide, narrow = integers_at(field_of(frame, a.field)), int32s_at(field_of(frame, a.field))
    for n in range(a.shard):
        image = order[frame.first + n] * a.elements if n < frame.count else 0
        for e in range(a.elements):
            value = narrow[image + e] if a.narrow else wide[image + e]
            m[at + e * a.shard + n] = value if n < frame.count else 0


@step("place shard")
def share_step(memory, parameters, table, a, frame):
    """place[n] = what an image's loss counts in that of the batch."""
    m, at = whole_array(memory), frame.arena + a.place
    for n in range(a.shard):
        m[at + n] = np.float32(frame.scale) if n < frame.count else ZERO


@step("dy elements shard losses rights rights_there")
def total_step(memory, parameters, table, a, frame):
    """Sums over the shard's images for the statistics; the gradient dy of lanes that are no images becomes 0.

    rights_there : 0 if nothing is right or wrong
    """
    m, losses, rights = whole_array(memory), frame.arena + a.losses, frame.arena + a.rights
    loss = right = 0.0
    for n in range(frame.count):
        loss += m[losses + n]
        right += m[rights + n] if a.rights_there else ZERO
    for e in range(a.elements):
        for n in range(frame.count, a.shard):
            m[frame.arena + a.dy + e * a.shard + n] = ZERO
    note(frame, a.shard, loss, right)


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
