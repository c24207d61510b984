"""Positions that a user hands in: gradients added where a maximum was found, values put there, values fetched from there.

Each plane belongs to one thread, which walks its positions in scan order: the sums round as in the textbook loops, bit for bit.  Planes
of a task lie together, for two threads that touch a new page of memory at the same time both wait for it.
The positions have been checked before; -1 goes nowhere.
"""

import numpy as np

from minicnn.kernels.cpu.program.atomics import floats_at, integers_at
from minicnn.kernels.cpu.program.operands import share
from minicnn.kernels.cpu.program.program import EXTRA, PART, PARTS
from minicnn.kernels.machine_code.compile import kernel, step
from minicnn.kernels.machine_code.records import field_of

ZERO = np.float32(0)


@kernel
def add_at(y, x, positions, pixels, values):
    """y = 0, then y[positions[i]] += x[i]."""
    for i in range(pixels):
        y[i] = ZERO
    for i in range(values):
        if positions[i] >= 0:
            y[positions[i]] += x[i]


@kernel
def put_at(y, x, positions, pixels, values):
    """y = 0, then y[positions[i]] = x[i]: of several, the last stays."""
    for i in range(pixels):
        y[i] = ZERO
    for i in range(values):
        if positions[i] >= 0:
            y[positions[i]] = x[i]


@kernel
def fetch_from(y, x, positions, values):
    """y[i] = x[positions[i]], 0 where there is none."""
    for i in range(values):
        y[i] = x[positions[i]] if positions[i] >= 0 else ZERO


@kernel
def planes_of_part(planes, frame):
    """(first, stop) of the planes of a task."""
    return planes * frame[PART] // frame[PARTS], planes * (frame[PART] + 1) // frame[PARTS]


@kernel
def plane_of(frame, number, offset):
    """Array `number` of a call, from an element on."""
    return floats_at(field_of(frame, EXTRA + number) + 4 * offset)


@kernel
def positions_of(frame, number, offset):
    """The same for int64."""
    return integers_at(field_of(frame, EXTRA + number) + 8 * offset)


# Steps on arrays of the call: y, x, positions; `pixels` of the large plane, `values` of the small one.


@step("planes pixels values")
def add_at_step(memory, parameters, table, a, frame):
    """The gradient of max pooling."""
    first, stop = share(a.planes, frame)
    for n in range(first, stop):
        y, x, positions = plane_of(frame, 0, n * a.pixels), plane_of(frame, 1, n * a.values), positions_of(frame, 2, n * a.values)
        add_at(y, x, positions, a.pixels, a.values)


@step("planes pixels values")
def put_at_step(memory, parameters, table, a, frame):
    """Max unpooling."""
    first, stop = share(a.planes, frame)
    for n in range(first, stop):
        y, x, positions = plane_of(frame, 0, n * a.pixels), plane_of(frame, 1, n * a.values), positions_of(frame, 2, n * a.values)
        put_at(y, x, positions, a.pixels, a.values)


@step("planes pixels values")
def fetch_from_step(memory, parameters, table, a, frame):
    """The gradient of max unpooling."""
    first, stop = share(a.planes, frame)
    for n in range(first, stop):
        y, x, positions = plane_of(frame, 0, n * a.values), plane_of(frame, 1, n * a.pixels), positions_of(frame, 2, n * a.values)
        fetch_from(y, x, positions, a.values)
