"""Weights with filters and channels in each other's place, as the input gradient reads them when it is computed as a convolution of dy."""

from minicnn.kernels.compile import kernel, step
from minicnn.kernels.cpu.atomics import floats_at, integers_at, whole_array
from minicnn.kernels.cpu.program import EXTRA, PART, PARTS

TOGETHER = 4   # channels whose weights are moved together: their taps share cache lines


@kernel
def exchange(exchanged, weight, groups, filters, channels, taps, places, sets, some, part, parts):
    """exchanged[group, set, c, k, j] = weight[group, k, c, places[set, j]], some channels a part.

    filters, channels : those of one group
    taps : of a filter
    some : taps of a set
    """
    blocks = (channels + TOGETHER - 1) // TOGETHER
    for unit in range(groups * blocks * part // parts, groups * blocks * (part + 1) // parts):
        group, first = unit // blocks, unit % blocks * TOGETHER
        for k in range(filters):
            for c in range(first, min(channels, first + TOGETHER)):
                source = ((group * filters + k) * channels + c) * taps
                for n in range(sets):
                    target = (((group * sets + n) * channels + c) * filters + k) * some
                    for j in range(some):
                        exchanged[target + j] = weight[source + places[n * some + j]]


@step(splits=True)
def exchange_step(memory, parameters, table, a, frame):
    """A user's weights (the parameters) to the first array of the call, with places from the second.

    a: groups, filters and channels of a group, taps of a filter, sets, taps of a set.
    """
    exchange(whole_array(floats_at(frame[EXTRA])), whole_array(parameters), a[0], a[1], a[2], a[3],
             whole_array(integers_at(frame[EXTRA + 1])), a[4], a[5], frame[PART], frame[PARTS])
