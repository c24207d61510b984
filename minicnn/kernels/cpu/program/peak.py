"""Two loops that do nothing but keep a processor busy: the most arithmetic, and the most memory traffic, that it can do.

What a kernel reaches is told as a share of these, measured on the same machine in the same minute.
"""

from minicnn.kernels.cpu.lanes.vector import LANES, load, multiply_add, splat, store, total
from minicnn.kernels.machine_code.compile import kernel

CHAINS = 12  # chains of multiply-adds: more than a core has under way (latency 4 or 5, 2 per cycle), and no more than 16 registers hold
OPERATIONS_PER_ROUND = 2 * CHAINS * LANES


@kernel
def multiply_add_rounds(rounds, factor, summand):
    """`rounds` multiply-adds in each of twelve chains of vectors, x = x*factor + summand; the sum of all in the end.

    A chain waits for its own last result alone, so the units are never idle; nothing is read from memory.  The chains start from
    different numbers, or they would be one.  `factor` and `summand` are float32; with a factor below 1 the numbers stay ordinary.
    """
    a0, a1, a2 = splat(factor), splat(factor * 2), splat(factor * 3)
    a3, a4, a5 = splat(factor * 4), splat(factor * 5), splat(factor * 6)
    b0, b1, b2 = splat(factor * 7), splat(factor * 8), splat(factor * 9)
    b3, b4, b5 = splat(factor * 10), splat(factor * 11), splat(factor * 12)
    scale, step = splat(factor), splat(summand)
    for _ in range(rounds):
        a0 = multiply_add(a0, scale, step)
        a1 = multiply_add(a1, scale, step)
        a2 = multiply_add(a2, scale, step)
        a3 = multiply_add(a3, scale, step)
        a4 = multiply_add(a4, scale, step)
        a5 = multiply_add(a5, scale, step)
        b0 = multiply_add(b0, scale, step)
        b1 = multiply_add(b1, scale, step)
        b2 = multiply_add(b2, scale, step)
        b3 = multiply_add(b3, scale, step)
        b4 = multiply_add(b4, scale, step)
        b5 = multiply_add(b5, scale, step)
    return total(a0 + a1 + a2 + a3 + a4 + a5 + b0 + b1 + b2 + b3 + b4 + b5)


@kernel
def copy(y, x):
    """y = x, vector by vector; what is left over at the end stays as it was.

    Parameters
    ----------
    y : (any,) float32, written
    x : (any,) float32, as long
    """
    for i in range(0, len(x) - LANES + 1, LANES):
        store(y, i, load(x, i))
