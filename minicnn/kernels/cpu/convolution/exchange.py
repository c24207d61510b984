"""Weights with filters and channels in each other's place, as the input gradient reads them when it is computed as a convolution of dy."""

from minicnn.kernels.cpu.convolution.operands import Groups
from minicnn.kernels.cpu.lanes.plane_transfer import copy_numbers
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.cpu.program.operands import array_of, integers_of, share
from minicnn.kernels.machine_code.compile import kernel, step
from minicnn.kernels.machine_code.records import values

CHANNELS = 4  # whose weights are moved together: their taps share cache lines
FILTERS = 32  # whose weights of these channels stay in the first-level cache while one tap after the other is moved
CONFLICT = 1024  # rows a multiple of so many numbers apart share few places in that cache; then filters go one by one


@kernel
def exchange(exchanged, weight, sizes, taps, places, sets, some, whole, frame):
    """exchanged[group, set, c, k, j] = weight[group, k, c, places[set, j]], some channels a part.

    sizes : Groups
    taps : of a filter
    some : taps of a set
    whole : whether the only set is all taps in their order, which move as vectors
    """
    groups, channels, filters = sizes
    row = channels * taps
    together = 1 if row % CONFLICT == 0 else FILTERS
    blocks = (channels + CHANNELS - 1) // CHANNELS
    first_unit, stop_unit = share(groups * blocks, frame)
    for unit in range(first_unit, stop_unit):
        group, first = unit // blocks, unit % blocks * CHANNELS
        for k in range(0, filters, together):
            count = min(together, filters - k)
            for c in range(first, min(channels, first + CHANNELS)):
                source = (group * filters + k) * row + c * taps
                if whole:
                    for i in range(count):
                        copy_numbers(exchanged, ((group * channels + c) * filters + k + i) * taps, weight, source + i * row, taps)
                    continue
                for n in range(sets):
                    target = (((group * sets + n) * channels + c) * filters + k) * some
                    if count == 1:
                        for j in range(some):
                            exchanged[target + j] = weight[source + places[n * some + j]]
                    else:
                        for j in range(some):
                            place = source + places[n * some + j]
                            for i in range(count):
                                exchanged[target + i * some + j] = weight[place + i * row]


@step("taps sets some whole", groups=Groups, splits=True)
def exchange_step(memory, parameters, table, a, frame):
    """A user's weights (the parameters) to the first array of the call, with places from the second."""
    exchanged, places = array_of(frame, 0), integers_of(frame, 1)
    exchange(exchanged, whole_array(parameters), values(Groups, a.groups), a.taps, places, a.sets, a.some, a.whole != 0, frame)
