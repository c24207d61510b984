"""Gradients of parameters that several layers share: each layer finds an empty slot, and what was in it is added back afterwards.

A layer writes its gradient into the slot, or adds to it, as if it were the only one, and may leave a number alone that no output
needs.  So a shared parameter's stretch of the slot is set aside before each of its layers runs back, and comes back after it.  Layers
and shards do so in a fixed order: the sum has the same bits on any number of threads.
"""

import numpy as np

from minicnn.kernels.cpu.lanes.vector import LANES, load, splat, store
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.machine_code.compile import step

ZERO = np.float32(0)


@step("gradient size kept first")
def set_gradient_aside(memory, parameters, table, a, frame):
    """A stretch of the slot moves to the arena and is 0; for the layer that writes first, what was there counts for nothing."""
    m, slot, kept = whole_array(memory), frame.slot + a.gradient, frame.arena + a.kept
    nothing = splat(ZERO)
    for i in range(0, a.size, LANES):
        store(m, kept + i, nothing if a.first != 0 and frame.accumulate == 0 else load(m, slot + i))
        store(m, slot + i, nothing)


@step("gradient size kept")
def add_gradient_back(memory, parameters, table, a, frame):
    """slot += arena."""
    m, slot, kept = whole_array(memory), frame.slot + a.gradient, frame.arena + a.kept
    for i in range(0, a.size, LANES):
        store(m, slot + i, load(m, slot + i) + load(m, kept + i))
