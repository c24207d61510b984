"""What becomes of a convolution's sums before they are written: a batch normalization, an addition and relu that follow cost no pass.

A factor and a shift for each filter are made once for all images (`normalization.batch`).  With passes and without, milliseconds: ResNet-20,
one image 0.38 and 0.36, 16 images on one thread 3.5 and 3.1; ResNet-18, one image on one thread 14.5 and 14.3: what a pass has fetched into
the cache, the next step then fetches itself.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from minicnn.kernels.cpu.lanes.vector import LANES, load, load_first, multiply_add, select, splat, store, store_first
from minicnn.kernels.machine_code.compile import kernel

NO_FLOOR = np.float32(-np.inf)
NOTHING = -1  # in place of what is added to sums, among a step's arguments


class Ending(NamedTuple):
    """max(floor, sum * factor[filter] + shift[filter] + added[filter, place]).

    array, base, step : factors, filters `step` apart, each with its shift behind it
    scaled : whether there are any
    added : how far from y that which is added lies, in the same memory; 0 if nothing is
    """

    array: Any
    base: int
    step: int
    scaled: bool
    added: int
    floor: float


@kernel(inline=True)
def plain(array):
    """An Ending of sums that are written as they are; `array` is any."""
    return Ending(array, 0, 0, False, 0, NO_FLOOR)


@kernel(inline=True)
def ending_of(ending, filters, last):
    """The same from so many filters on; of sums that go on later (not `last`), that of none."""
    base, floor = ending.base + filters * ending.step, ending.floor if last else NO_FLOOR
    return Ending(ending.array, base, ending.step, ending.scaled and last, ending.added if last else 0, floor)


@kernel
def way_to(added, y):
    """How far from y that which is added lies, from their places."""
    return added - y if added != NOTHING else 0


@kernel
def scaled(value, ending):
    """Times the factor of the first filter, plus its shift."""
    return multiply_add(value, splat(ending.array[ending.base]), splat(ending.array[ending.base + 1]))


@kernel
def at_least(floor, value):
    """The larger of both; NaN stays."""
    low = splat(floor)
    return select(value < low, low, value)


@kernel
def add_numbers(y, y_at, x, x_at, count, added, floor):
    """y[i] = max(floor, x[i] + y[i + added]) for i < count."""
    for i in range(0, count, LANES):
        left = count - i
        if left >= LANES:
            store(y, y_at + i, at_least(floor, load(x, x_at + i) + load(y, y_at + i + added)))
        else:
            value = load_first(x, x_at + i, left) + load_first(y, y_at + i + added, left)
            store_first(y, y_at + i, at_least(floor, value), left)
