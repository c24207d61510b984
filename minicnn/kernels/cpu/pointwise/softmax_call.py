"""Softmax, its logarithm and the cross-entropy on a user's float32 rows: a lane is an image, so that no sum runs across lanes."""

from __future__ import annotations

import numpy as np

from minicnn.kernels.cpu.lanes.elementary import exponential, logarithm
from minicnn.kernels.cpu.lanes.vector import LANES, beats, load, select, splat, store
from minicnn.kernels.cpu.pointwise.loss import softmax, softmax_backward, softmax_cross_entropy
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.cpu.program.call import Stage, call
from minicnn.kernels.cpu.program.operands import integers_of
from minicnn.kernels.machine_code.compile import kernel, step

ZERO = np.float32(0)


@kernel
def divide(y, y_at, total_at, classes, shard):
    """y[k] = y[k] / total."""
    for n in range(0, shard, LANES):
        summed = load(y, total_at + n)
        for k in range(classes):
            store(y, y_at + k * shard + n, load(y, y_at + k * shard + n) / summed)


@kernel
def log_softmax(y, y_at, x, x_at, classes, shard):
    """y[k] = x[k] - m - log(sum over j of exp(x[j] - m)), m the largest."""
    for n in range(0, shard, LANES):
        largest = load(x, x_at + n)
        for k in range(1, classes):
            value = load(x, x_at + k * shard + n)
            largest = select(beats(value, largest), value, largest)
        summed = splat(ZERO)
        for k in range(classes):
            summed += exponential(load(x, x_at + k * shard + n) - largest)
        shift = logarithm(summed)
        for k in range(classes):
            store(y, y_at + k * shard + n, load(x, x_at + k * shard + n) - largest - shift)


@kernel
def log_softmax_backward(dx, dx_at, dy, dy_at, y, y_at, classes, shard):
    """dx[k] = dy[k] - exp(y[k]) * sum over j of dy[j]."""
    for n in range(0, shard, LANES):
        summed = splat(ZERO)
        for k in range(classes):
            summed += load(dy, dy_at + k * shard + n)
        for k in range(classes):
            at = k * shard + n
            store(dx, dx_at + at, load(dy, dy_at + at) - exponential(load(y, y_at + at)) * summed)


# Steps.  Places are in the arena.


@step("y x totals classes shard")
def softmax_step(memory, parameters, table, a, frame):
    m, arena = whole_array(memory), frame.arena
    softmax(m, arena + a.y, m, arena + a.x, arena + a.totals, a.classes, a.shard)
    divide(m, arena + a.y, arena + a.totals, a.classes, a.shard)


@step("y x totals classes shard")
def log_softmax_step(memory, parameters, table, a, frame):
    m, arena = whole_array(memory), frame.arena
    log_softmax(m, arena + a.y, m, arena + a.x, a.classes, a.shard)


@step("dx dy y classes shard")
def softmax_step_backward(memory, parameters, table, a, frame):
    m, arena = whole_array(memory), frame.arena
    softmax_backward(m, arena + a.dx, m, arena + a.dy, m, arena + a.y, a.classes, a.shard)


@step("dx dy y classes shard")
def log_softmax_step_backward(memory, parameters, table, a, frame):
    m, arena = whole_array(memory), frame.arena
    log_softmax_backward(m, arena + a.dx, m, arena + a.dy, m, arena + a.y, a.classes, a.shard)


@step("dlogits logits totals classes shard", ratio=float)
def cross_entropy_gradient_step(memory, parameters, table, a, frame):
    """`ratio` is the number of images of the whole batch over the loss's own gradient; labels are an array of the call."""
    m, arena, labels = whole_array(memory), frame.arena, integers_of(frame, 2)
    softmax_cross_entropy(m, arena + a.dlogits, arena + a.logits, arena + a.totals, a.classes, a.shard, labels, 1.0 / a.ratio, frame)


FORWARD = {"softmax": softmax_step, "log_softmax": log_softmax_step}
BACKWARD = {"softmax": softmax_step_backward, "log_softmax": log_softmax_step_backward}


def forward(name: str, y: np.ndarray, x: np.ndarray) -> None:
    """y (N, K) from x (N, K)."""

    def build(stage: Stage) -> None:
        value = stage.load(1, x.shape[1:])
        stage.cut()
        result = stage.new(x.shape[1:])
        totals = stage.new((1,))
        stage.program.step(FORWARD[name], y=result.place, x=value.place, totals=totals.place, classes=x.shape[1], shard=stage.shard)
        stage.cut(1)
        stage.store(0, result)
        stage.cut()

    call((name, x.shape[1]), build, len(x), [y, x])


def backward(name: str, dx: np.ndarray, dy: np.ndarray, y: np.ndarray) -> None:
    """dx (N, K) from dy and y (N, K)."""

    def build(stage: Stage) -> None:
        gradient, kept = stage.load(1, y.shape[1:]), stage.load(2, y.shape[1:])
        stage.cut()
        result = stage.new(y.shape[1:])
        stage.program.step(BACKWARD[name], dx=result.place, dy=gradient.place, y=kept.place, classes=y.shape[1], shard=stage.shard)
        stage.cut(1)
        stage.store(0, result)
        stage.cut()

    call((f"{name} backward", y.shape[1]), build, len(y), [dx, dy, y])


def cross_entropy_gradient(dlogits: np.ndarray, logits: np.ndarray, labels: np.ndarray, dloss: float) -> None:
    """dlogits (N, K) of the mean loss over N images, times dloss."""
    ratio = len(logits) / dloss if dloss else np.inf

    def build(stage: Stage) -> None:
        value = stage.load(1, logits.shape[1:])
        stage.cut()
        result = stage.new(logits.shape[1:])
        totals = stage.new((1,))
        stage.program.step(
            cross_entropy_gradient_step,
            dlogits=result.place,
            logits=value.place,
            totals=totals.place,
            classes=logits.shape[1],
            shard=stage.shard,
            ratio=ratio,
        )
        stage.cut(1)
        stage.store(0, result)
        stage.cut()

    call(("cross-entropy gradient", logits.shape[1], ratio), build, len(logits), [dlogits, logits, labels])
