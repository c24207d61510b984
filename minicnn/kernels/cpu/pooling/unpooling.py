"""Positions that a user hands in: gradients added where a maximum was found, values put there, values fetched from there.

Each plane belongs to one thread, which walks its positions in scan order: the sums round as in the textbook loops, bit for bit.  Planes
of a task lie together, for two threads that touch a new page of memory at the same time both wait for it.
The positions have been checked before; -1 goes nowhere.
"""

import numpy as np

from minicnn.kernels.cpu.program.atomics import floats_at, integers_at
from minicnn.kernels.cpu.program.program import EXTRA, PART, PARTS
from minicnn.kernels.machine_code.compile import kernel, step

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


# Steps on arrays of the call: y, x, positions.  Arguments: planes, pixels of a plane, values of a plane.


@step
def add_at_step(memory, parameters, table, a, frame):
    first, stop = planes_of_part(a[0], frame)
    for n in range(first, stop):
        add_at(
            floats_at(frame[EXTRA] + 4 * n * a[1]),
            floats_at(frame[EXTRA + 1] + 4 * n * a[2]),
            integers_at(frame[EXTRA + 2] + 8 * n * a[2]),
            a[1],
            a[2],
        )


@step
def put_at_step(memory, parameters, table, a, frame):
    first, stop = planes_of_part(a[0], frame)
    for n in range(first, stop):
        put_at(
            floats_at(frame[EXTRA] + 4 * n * a[1]),
            floats_at(frame[EXTRA + 1] + 4 * n * a[2]),
            integers_at(frame[EXTRA + 2] + 8 * n * a[2]),
            a[1],
            a[2],
        )


@step
def fetch_from_step(memory, parameters, table, a, frame):
    first, stop = planes_of_part(a[0], frame)
    for n in range(first, stop):
        fetch_from(
            floats_at(frame[EXTRA] + 4 * n * a[2]),
            floats_at(frame[EXTRA + 1] + 4 * n * a[1]),
            integers_at(frame[EXTRA + 2] + 8 * n * a[2]),
            a[2],
        )
