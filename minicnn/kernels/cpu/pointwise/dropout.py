"""Dropout over images in lanes: the mask is asked for again in the backward pass, never stored."""

import numpy as np

from minicnn.kernels.cpu.lanes.random import MASK, drop_threshold, uniform_bits
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
