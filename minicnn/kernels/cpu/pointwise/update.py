"""Before an optimizer's loop runs on a slice of the parameters, the slots' gradients are added, in their order."""

from minicnn.kernels.cpu.lanes.vector import LANES, load, store
from minicnn.kernels.machine_code.compile import kernel

BLOCK = 2048  # parameters whose gradient stays in the cache, 8 KB, until the loop has used it


@kernel
def stretch_of_slice(table, a, frame, number):
    """First and last element of stretch `number` of those that may change, within this task's slice: whole vectors."""
    vectors = (a.parameter_count + LANES - 1) // LANES
    begin, end = vectors * frame.part // frame.parts * LANES, vectors * (frame.part + 1) // frame.parts * LANES
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
