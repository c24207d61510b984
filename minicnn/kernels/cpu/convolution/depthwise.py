"""Depthwise convolution, 3x3 with stride 1, on a user's arrays where they lie: every channel of every image is a plane of its own.

    y[p,q]       = bias + sum over r,s of weight[r,s] * x[p + r - top, q + s - left]
    dweight[r,s] = sum over images, p, q of dy[p,q] * x[p + r - top, q + s - left]

A lane is a column.  Going down a strip of columns, each row of x is loaded once for every column s of the filter and serves the three rows
of y that it is part of; of these, two are under way at a time.  A general tile would load it nine times, and copy x between its padding
first: 256 planes of 28x28 on one thread took 220 microseconds so and take 78.
"""

from typing import NamedTuple

import numpy as np

from minicnn.kernels.cpu.lanes.vector import LANES, lanes_between, load_first, load_where, multiply_add, splat, store_first, total
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.cpu.program.operands import array_of, share
from minicnn.kernels.machine_code.compile import kernel, step
from minicnn.kernels.machine_code.records import values

TAPS = 3  # along each axis
ZERO = np.float32(0)


@kernel
def correlate(y, y_at, x, x_at, sizes, weight, w_at, flip, bias):
    """y (P, Q) from x (H, W); `flip` turns the filter by half a turn."""
    P, Q, H, W, top, left = sizes
    first, turn = (w_at + 8, -1) if flip else (w_at, 1)
    w00, w01, w02 = splat(weight[first]), splat(weight[first + turn]), splat(weight[first + 2 * turn])
    w10, w11, w12 = splat(weight[first + 3 * turn]), splat(weight[first + 4 * turn]), splat(weight[first + 5 * turn])
    w20, w21, w22 = splat(weight[first + 6 * turn]), splat(weight[first + 7 * turn]), splat(weight[first + 8 * turn])
    start, zero = splat(bias), splat(ZERO)
    for q in range(0, Q, LANES):
        inside0 = lanes_between(left - q, W + left - q)
        inside1 = lanes_between(left - 1 - q, W + left - 1 - q)
        inside2 = lanes_between(left - 2 - q, W + left - 2 - q)
        above, here = zero, zero  # the rows p-2 and p-1 of y, as far as they are summed
        for p in range(P + TAPS - 1):
            h = p - top
            row0, row1, row2 = zero, zero, zero  # what row h of x adds to the rows p, p-1 and p-2 of y
            if 0 <= h < H:
                at = x_at + h * W + q - left
                x0, x1, x2 = load_where(x, at, inside0), load_where(x, at + 1, inside1), load_where(x, at + 2, inside2)
                row0 = multiply_add(w02, x2, multiply_add(w01, x1, w00 * x0))
                row1 = multiply_add(w12, x2, multiply_add(w11, x1, w10 * x0))
                row2 = multiply_add(w22, x2, multiply_add(w21, x1, w20 * x0))
            if p >= TAPS - 1:
                store_first(y, y_at + (p - TAPS + 1) * Q + q, above + row2, Q - q)
            above, here = here + row1, start + row0


@kernel
def products_of_planes(dy, dy_at, x, x_at, sizes):
    """The nine sums over p, q of dy[p,q] * x[p + r - top, q + s - left], lane by lane."""
    P, Q, H, W, top, left = sizes
    zero = splat(ZERO)
    sum00, sum01, sum02, sum10, sum11, sum12, sum20, sum21, sum22 = zero, zero, zero, zero, zero, zero, zero, zero, zero
    for q in range(0, Q, LANES):
        inside0 = lanes_between(left - q, W + left - q)
        inside1 = lanes_between(left - 1 - q, W + left - 1 - q)
        inside2 = lanes_between(left - 2 - q, W + left - 2 - q)
        above, here = zero, zero  # the rows p-2 and p-1 of dy
        for p in range(P + TAPS - 1):
            h = p - top
            own = load_first(dy, dy_at + p * Q + q, Q - q) if p < P else zero
            if 0 <= h < H:
                at = x_at + h * W + q - left
                x0, x1, x2 = load_where(x, at, inside0), load_where(x, at + 1, inside1), load_where(x, at + 2, inside2)
                sum00, sum01, sum02 = multiply_add(own, x0, sum00), multiply_add(own, x1, sum01), multiply_add(own, x2, sum02)
                sum10, sum11, sum12 = multiply_add(here, x0, sum10), multiply_add(here, x1, sum11), multiply_add(here, x2, sum12)
                sum20, sum21, sum22 = multiply_add(above, x0, sum20), multiply_add(above, x1, sum21), multiply_add(above, x2, sum22)
            above, here = here, own
    return sum00, sum01, sum02, sum10, sum11, sum12, sum20, sum21, sum22


@kernel
def gradient_of_filter(dweight, w_at, flip, dy, x, sizes, c, channels, images):
    """dweight (3, 3) of channel c.  The images' sums are added as vectors: a long sum in short ones rounds less."""
    zero = splat(ZERO)
    all00, all01, all02, all10, all11, all12, all20, all21, all22 = zero, zero, zero, zero, zero, zero, zero, zero, zero
    for n in range(images):
        plane = n * channels + c
        sum00, sum01, sum02, sum10, sum11, sum12, sum20, sum21, sum22 = products_of_planes(
            dy, plane * sizes.P * sizes.Q, x, plane * sizes.H * sizes.W, sizes
        )
        all00, all01, all02 = all00 + sum00, all01 + sum01, all02 + sum02
        all10, all11, all12 = all10 + sum10, all11 + sum11, all12 + sum12
        all20, all21, all22 = all20 + sum20, all21 + sum21, all22 + sum22
    first, turn = (w_at + 8, -1) if flip else (w_at, 1)
    for n, value in enumerate((all00, all01, all02, all10, all11, all12, all20, all21, all22)):
        dweight[first + n * turn] = total(value)


class PlaneSizes(NamedTuple):
    """Rows and columns of y and of x, and padding before them."""

    P: int
    Q: int
    H: int
    W: int
    top: int
    left: int


# Steps on arrays of the call.  `planes` (or channels) are shared out.


@step("planes channels flip with_bias", sizes=PlaneSizes)
def depthwise_forward_step(memory, parameters, table, a, frame):
    """Arrays: y, x; the bias lies at the beginning of memory."""
    y, x, weight, sizes = array_of(frame, 0), array_of(frame, 1), whole_array(parameters), values(PlaneSizes, a.sizes)
    first, stop = share(a.planes, frame)
    for n in range(first, stop):
        c = n % a.channels
        bias = memory[c] if a.with_bias != 0 else ZERO
        correlate(y, n * sizes.P * sizes.Q, x, n * sizes.H * sizes.W, sizes, weight, c * TAPS * TAPS, a.flip != 0, bias)


@step("planes channels images flip", sizes=PlaneSizes)
def depthwise_backward_weight_step(memory, parameters, table, a, frame):
    """Arrays: dweight, dy, x."""
    dweight, dy, x, sizes = array_of(frame, 0), array_of(frame, 1), array_of(frame, 2), values(PlaneSizes, a.sizes)
    first, stop = share(a.planes, frame)
    for c in range(first, stop):
        gradient_of_filter(dweight, c * TAPS * TAPS, a.flip != 0, dy, x, sizes, c, a.channels, a.images)
