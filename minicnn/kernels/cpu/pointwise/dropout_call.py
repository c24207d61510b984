"""Dropout on a user's float32 arrays, where they lie: a mask bit is asked for element by element, never stored."""

from __future__ import annotations

import numpy as np

from minicnn.kernels.cpu.lanes.random import drop_threshold, uniform_bits
from minicnn.kernels.cpu.program.atomics import as_double, floats_at, whole_array
from minicnn.kernels.cpu.program.call import Stage, call
from minicnn.kernels.cpu.program.program import COUNT, EXTRA, FIRST, PART, PARTS, bits
from minicnn.kernels.machine_code.compile import kernel, step


@kernel
def drop_elements(y, x, at, first, stop, key, image, threshold, scale):
    """y = x * scale where kept, else 0, for elements first .. stop of one image."""
    for f in range(first, stop):
        y[at + f] = x[at + f] * scale if uniform_bits(key, image, f) >= threshold else np.float32(0)


@step
def dropout_array(memory, parameters, table, a, frame):
    """Writes y, reads x.  Arguments: elements of an image, key, rate."""
    y, x, rate = whole_array(floats_at(frame[EXTRA])), whole_array(floats_at(frame[EXTRA + 1])), as_double(a[2])
    first, stop = a[0] * frame[PART] // frame[PARTS], a[0] * (frame[PART] + 1) // frame[PARTS]
    for n in range(frame[FIRST], frame[FIRST] + frame[COUNT]):
        drop_elements(y, x, n * a[0], first, stop, a[1], n, drop_threshold(rate), np.float32(1.0 / (1.0 - rate)))


def dropout(y: np.ndarray, x: np.ndarray, key: int, rate: float) -> None:
    """y (N, F) from x (N, F); the gradient is the same function of dy."""

    def build(stage: Stage) -> None:
        stage.program.step(dropout_array, x.shape[1], key, bits(rate))
        stage.cut()

    call(("dropout", x.shape[1], key, rate), build, len(x), [y, x])
