"""What happens to slices of the parameters around an optimizer's loop.

    before    the slots' gradients are added, in their order
    clipped, or a part of an update: a phase of its own adds them, to those of earlier batches, and measures every slice;
              then, with all slices known, the gradient is brought back into slot 0, shortened
    after     an average follows the weights

Slices do not depend on the number of threads, and what they measured is added in their order.
"""

import math

import numpy as np

from minicnn.kernels.cpu.lanes.vector import LANES, load, splat, store
from minicnn.kernels.cpu.program.atomics import doubles_at, whole_array
from minicnn.kernels.machine_code.compile import kernel, step

BLOCK = 2048  # parameters whose gradient stays in the cache, 8 KB, until the loop has used it


TINY = 1e-6  # added to a norm before dividing by it, as in PyTorch's clip_grad_norm_


@kernel
def slice_of(parameter_count, frame):
    """This task's slice of the parameters: whole vectors."""
    vectors = (parameter_count + LANES - 1) // LANES
    return vectors * frame.part // frame.parts * LANES, vectors * (frame.part + 1) // frame.parts * LANES


@kernel
def stretch_of_slice(table, a, frame, number):
    """First and last element of stretch `number` of those that may change, within this task's slice: whole vectors."""
    begin, end = slice_of(a.parameter_count, frame)
    return max(begin, table[a.stretches + 2 * number]), min(end, table[a.stretches + 2 * number + 1])


@kernel
def add_slots(memory, slots, slot_size, slot_count, begin, end):
    """Gradient of parameters begin .. end: slot 0 + slot 1 + ..., left in slot 0.  Stretches begin on cache lines and end before the next."""
    if slot_count > 1:
        for i in range(begin, end, LANES):
            gradient = load(memory, slots + i)
            for slot in range(1, slot_count):
                gradient += load(memory, slots + slot * slot_size + i)
            store(memory, slots + i, gradient)


@kernel
def is_due(last, rates):
    """Whether this batch is the last of those that make an update."""
    return last < 0 or rates[last] != 0.0


@kernel
def stretches_due(a, rates):
    """Stretches to update after this batch."""
    return a.stretch_count if is_due(a.last, rates) else 0


@kernel
def slots_left(a, frame):
    """Slots whose gradients are still to be added."""
    return 1 if a.gathered else frame.count


@step("parameter_count slot_size stretches stretch_count sum first norms")
def gather_gradient_step(memory, parameters, table, a, frame):
    """Add the slots into slot 0; where there is a sum over batches (sum >= 0), add that to it; measure what came out.

    first : the number of the batch that says whether the sum begins anew
    norms : where the norm of each slice goes, as two float32 that add up to more digits
    """
    m, rates = whole_array(memory), doubles_at(frame.rates)
    a0, a1, a2, a3 = 0.0, 0.0, 0.0, 0.0
    for number in range(a.stretch_count):
        begin, end = stretch_of_slice(table, a, frame, number)
        add_slots(m, frame.slot, a.slot_size, frame.count, begin, end)
        total = frame.slot
        if a.sum >= 0:
            total = a.sum
            begins = rates[a.first] != 0.0
            for i in range(begin, end, LANES):
                gradient = load(m, frame.slot + i)
                if not begins:
                    gradient += load(m, total + i)
                store(m, total + i, gradient)
        for i in range(begin, end, 4):
            a0 += np.float64(m[total + i]) ** 2
            a1 += np.float64(m[total + i + 1]) ** 2
            a2 += np.float64(m[total + i + 2]) ** 2
            a3 += np.float64(m[total + i + 3]) ** 2
    norm = math.sqrt((a0 + a1) + (a2 + a3))
    high = np.float32(norm)
    m[a.norms + 2 * frame.part] = high
    m[a.norms + 2 * frame.part + 1] = np.float32(norm - np.float64(high))


@step("parameter_count stretches stretch_count sum last norms clip")
def bring_gradient_step(memory, parameters, table, a, frame):
    """slot 0 = sum over batches, or what slot 0 holds, times min(1, clip / (norm + TINY)): all slices have been measured."""
    m, rates = whole_array(memory), doubles_at(frame.rates)
    if not is_due(a.last, rates):
        return
    factor = np.float32(1.0)
    if a.clip >= 0:
        squares = 0.0
        for part in range(frame.parts):
            norm = np.float64(m[a.norms + 2 * part]) + np.float64(m[a.norms + 2 * part + 1])
            squares += norm * norm
        shortened = rates[a.clip] / (math.sqrt(squares) + TINY)
        factor = np.float32(1.0 if shortened > 1.0 else shortened)  # what is no number stays none
    source, factors = (frame.slot if a.sum < 0 else a.sum), splat(factor)
    for number in range(a.stretch_count):
        begin, end = stretch_of_slice(table, a, frame, number)
        for i in range(begin, end, LANES):
            store(m, frame.slot + i, load(m, source + i) * factors)


@step("parameter_count average last ema")
def average_weights_step(memory, parameters, table, a, frame):
    """average += (1 - decay) * (weight - average), of running statistics as well."""
    m, weight, rates = whole_array(memory), whole_array(parameters), doubles_at(frame.rates)
    if not is_due(a.last, rates):
        return
    share = np.float32(1.0 - rates[a.ema])
    begin, end = slice_of(a.parameter_count, frame)
    for i in range(begin, min(end, a.parameter_count)):
        m[a.average + i] += share * (weight[i] - m[a.average + i])
