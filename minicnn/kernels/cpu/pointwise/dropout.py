"""Dropout over images in lanes, and stochastic depth: what was drawn is asked for again in the backward pass, never stored."""

import numpy as np

from minicnn.kernels.cpu.lanes.random import MASK, drop_threshold, uniform_bits
from minicnn.kernels.cpu.lanes.vector import LANES, load, store
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.machine_code.compile import kernel, step


@kernel
def dropout(y, y_at, x, x_at, elements, shard, key, first_image, rate):
    """y = x / (1 - rate) where an element is kept, else 0; the gradient is the same function of dy."""
    threshold = drop_threshold(rate)
    scale = np.float32(1.0 / (1.0 - rate))
    for element in range(elements):
        at = element * shard
        for n in range(shard):
            keep = uniform_bits(key, first_image + n, element) >= threshold
            y[y_at + at + n] = x[x_at + at + n] * scale if keep else np.float32(0)


@step("y x elements shard layer", rate=float)
def dropout_step(memory, parameters, table, a, frame):
    """Each dropout layer of a batch has a key of its own: the batch's, stirred with the layer's number."""
    m, arena = whole_array(memory), frame.arena
    key = uniform_bits(frame.key & MASK, frame.key >> 32, a.layer)
    dropout(m, arena + a.y, m, arena + a.x, a.elements, a.shard, key, frame.first, a.rate)


@step("y x size layer training", survival=float)
def survive_step(memory, parameters, table, a, frame):
    """Stochastic depth: y = x or 0 in training, one draw a batch; survival * x otherwise."""
    m, arena = whole_array(memory), frame.arena
    drawn = uniform_bits(frame.key & MASK, frame.key >> 32, a.layer)
    taken = 1.0 if drawn < a.survival * 4294967296.0 else 0.0
    factor = np.float32(taken if a.training != 0 else a.survival)
    for i in range(0, a.size, LANES):
        store(m, arena + a.y + i, load(m, arena + a.x + i) * factor)
