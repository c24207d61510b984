"""Weights with filters and channels in each other's place, as the input gradient reads them when it is computed as a convolution of dy."""

from minicnn.kernels.cpu.lanes.plane_transfer import copy_numbers
from minicnn.kernels.cpu.program.atomics import floats_at, integers_at, whole_array
from minicnn.kernels.cpu.program.program import EXTRA, PART, PARTS
from minicnn.kernels.machine_code.compile import kernel, step

CHANNELS = 4  # whose weights are moved together: their taps share cache lines
FILTERS = 32  # whose weights of these channels stay in the first-level cache while one tap after the other is moved
CONFLICT = 1024  # rows a multiple of so many numbers apart share few places in that cache; then filters go one by one


@kernel
def exchange(exchanged, weight, groups, filters, channels, taps, places, sets, some, whole, part, parts):
    """exchanged[group, set, c, k, j] = weight[group, k, c, places[set, j]], some channels a part.

    filters, channels : those of one group
    taps : of a filter
    some : taps of a set
    whole : whether the only set is all taps in their order, which move as vectors
    """
    row = channels * taps
    together = 1 if row % CONFLICT == 0 else FILTERS
    blocks = (channels + CHANNELS - 1) // CHANNELS
    for unit in range(groups * blocks * part // parts, groups * blocks * (part + 1) // parts):
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


@step(splits=True)
def exchange_step(memory, parameters, table, a, frame):
    """A user's weights (the parameters) to the first array of the call, with places from the second.

    a: groups, filters and channels of a group, taps of a filter, sets, taps of a set, whether it is whole.
    """
    exchange(
        whole_array(floats_at(frame[EXTRA])),
        whole_array(parameters),
        a[0],
        a[1],
        a[2],
        a[3],
        whole_array(integers_at(frame[EXTRA + 1])),
        a[4],
        a[5],
        a[6] != 0,
        frame[PART],
        frame[PARTS],
    )
