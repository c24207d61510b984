"""Gradients of parameters that several layers share: each layer finds an empty slot, and what was in it is added back afterwards.

A layer writes its gradient into the slot, or adds to it, as if it were the only one, and may leave a number alone that no output
needs.  So a shared parameter's stretch of the slot is set aside before each of its layers runs back, and comes back after it.  Layers
and shards do so in a fixed order: the sum has the same bits on any number of threads.
"""

import numpy as np

from minicnn.kernels.cpu.lanes.vector import LANES, load, splat, store
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.cpu.program.program import ACCUMULATE, ARENA, SLOT
from minicnn.kernels.machine_code.compile import step

ZERO = np.float32(0)


@step
def set_gradient_aside(memory, parameters, table, a, frame):
    """a: place in the slot, floats, place in the arena, whether no other layer has written yet.

    The slot's stretch moves to the arena and is 0; what is left there from an earlier batch counts for nothing.
    """
    m, slot, kept = whole_array(memory), frame[SLOT] + a[0], frame[ARENA] + a[2]
    nothing = splat(ZERO)
    for i in range(0, a[1], LANES):
        store(m, kept + i, nothing if a[3] != 0 and frame[ACCUMULATE] == 0 else load(m, slot + i))
        store(m, slot + i, nothing)


@step
def add_gradient_back(memory, parameters, table, a, frame):
    """a: place in the slot, floats, place in the arena.  slot += arena."""
    m, slot, kept = whole_array(memory), frame[SLOT] + a[0], frame[ARENA] + a[2]
    for i in range(0, a[1], LANES):
        store(m, slot + i, load(m, slot + i) + load(m, kept + i))
