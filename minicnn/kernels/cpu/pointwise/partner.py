"""Another image of the same shard for each of its images, as `minicnn.kernels.textbook.mixing` defines it: lanes turned around."""

from minicnn.kernels.cpu.lanes.random import MASK, uniform_bits
from minicnn.kernels.cpu.program.atomics import whole_numbers_of
from minicnn.kernels.machine_code.compile import kernel, step


@kernel
def turn_lanes(m, y_at, x_at, elements, shard, count, turn):
    """y[e, n] = x[e, (n + turn) mod count]; lanes without an image keep what they have.  32 bits are copied, whatever they are."""
    for row in range(0, elements * shard, shard):
        y, x = y_at + row, x_at + row
        for n in range(count - turn):
            m[y + n] = m[x + turn + n]
        for n in range(turn):
            m[y + count - turn + n] = m[x + n]
        for n in range(count, shard):
            m[y + n] = m[x + n]


@step("y x elements shard number")
def partner_step(memory, parameters, table, a, frame):
    """The same turn for whoever asks with this number."""
    key = uniform_bits(frame.key & MASK, frame.key >> 32, a.number)
    turn = min(1, frame.count - 1) + uniform_bits(key, frame.first, 0) % max(1, frame.count - 1)
    turn_lanes(whole_numbers_of(memory), frame.arena + a.y, frame.arena + a.x, a.elements, a.shard, frame.count, turn)
