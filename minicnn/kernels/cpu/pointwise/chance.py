"""Chance for changes of images in lanes, as `minicnn.kernels.textbook.chance` defines it."""

import numpy as np

from minicnn.kernels.cpu.lanes.random import MASK, uniform_bits
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.machine_code.compile import kernel, step
from minicnn.kernels.textbook.chance import STEP


@kernel
def chance(y, y_at, elements, shard, key, first_image):
    """y[f, n] = a number from 0 to below 1; lanes without an image get one as well."""
    for element in range(elements):
        for n in range(shard):
            y[y_at + element * shard + n] = np.float32((uniform_bits(key, first_image + n, element) >> 8) * STEP)


@step("y elements shard number")
def chance_step(memory, parameters, table, a, frame):
    """Each use has a key of its own: the batch's, stirred with its number."""
    key = uniform_bits(frame.key & MASK, frame.key >> 32, a.number)
    chance(whole_array(memory), frame.arena + a.y, a.elements, a.shard, key, frame.first)
