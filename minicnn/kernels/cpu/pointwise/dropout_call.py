"""Dropout on a user's float32 arrays, where they lie: a mask bit is asked for element by element, never stored."""

from __future__ import annotations

import numpy as np

from minicnn.kernels.cpu.lanes.random import drop_threshold, uniform_bits
from minicnn.kernels.cpu.program.call import Stage, call
from minicnn.kernels.cpu.program.operands import array_of
from minicnn.kernels.machine_code.compile import kernel, step


@kernel
def drop_elements(y, x, at, first, stop, key, image, threshold, scale):
    """y = x * scale where kept, else 0, for elements first .. stop of one image."""
    for f in range(first, stop):
        y[at + f] = x[at + f] * scale if uniform_bits(key, image, f) >= threshold else np.float32(0)


@step("elements key", rate=float)
def dropout_array(memory, parameters, table, a, frame):
    """Writes y, reads x.  Arguments: elements of an image, key, rate."""
    y, x, rate = array_of(frame, 0), array_of(frame, 1), a.rate
    first, stop = a.elements * frame.part // frame.parts, a.elements * (frame.part + 1) // frame.parts
    for n in range(frame.first, frame.first + frame.count):
        drop_elements(y, x, n * a.elements, first, stop, a.key, n, drop_threshold(rate), np.float32(1.0 / (1.0 - rate)))


def dropout(y: np.ndarray, x: np.ndarray, key: int, rate: float) -> None:
    """y (N, F) from x (N, F); the gradient is the same function of dy."""

    def build(stage: Stage) -> None:
        stage.program.step(dropout_array, elements=x.shape[1], key=key, rate=rate)
        stage.cut()

    call(("dropout", x.shape[1], key, rate), build, len(x), [y, x])
