"""One update of a slice of the parameters: the slots' gradients are added in their order, then the rule is applied."""

import numpy as np

from minicnn.kernels.cpu.lanes.vector import LANES, load, multiply_add, splat, square_root, store
from minicnn.kernels.cpu.program.atomics import doubles_at, whole_array
from minicnn.kernels.cpu.program.program import COUNT, PART, PARTS, RATES
from minicnn.kernels.machine_code.compile import kernel, step


@kernel
def slice_bounds(size, part, parts):
    """First and last element of a slice, whole vectors."""
    vectors = (size + LANES - 1) // LANES
    return vectors * part // parts * LANES, vectors * (part + 1) // parts * LANES


@kernel
def summed_gradient(memory, slots, slot_size, slot_count, i):
    """Gradient of parameters i .. i+LANES: slot 0 + slot 1 + ..."""
    gradient = load(memory, slots + i)
    for slot in range(1, slot_count):
        gradient += load(memory, slots + slot * slot_size + i)
    return gradient


@kernel
def sgd(parameters, memory, velocity, slots, slot_size, slot_count, begin, end, learning_rate, momentum, weight_decay):
    """velocity = momentum*velocity + gradient + weight_decay*parameter;  parameter -= learning_rate*velocity

    Polyak, "Some methods of speeding up the convergence of iteration methods", 1964; as PyTorch and Caffe write it.
    """
    for i in range(begin, end, LANES):
        value = load(parameters, i)
        gradient = multiply_add(value, weight_decay, summed_gradient(memory, slots, slot_size, slot_count, i))
        speed = multiply_add(load(memory, velocity + i), momentum, gradient)
        store(memory, velocity + i, speed)
        store(parameters, i, value - speed * learning_rate)


@kernel
def adam(
    parameters,
    memory,
    mean,
    square,
    slots,
    slot_size,
    slot_count,
    begin,
    end,
    learning_rate,
    beta1,
    beta2,
    epsilon,
    weight_decay,
    correction1,
    correction2,
):
    """Kingma and Ba, "Adam: a method for stochastic optimization", 2015, algorithm 1; weight decay is added to the gradient."""
    one = np.float32(1)
    for i in range(begin, end, LANES):
        value = load(parameters, i)
        gradient = multiply_add(value, weight_decay, summed_gradient(memory, slots, slot_size, slot_count, i))
        m = load(memory, mean + i) * beta1 + gradient * (one - beta1)
        v = load(memory, square + i) * beta2 + gradient * gradient * (one - beta2)
        store(memory, mean + i, m)
        store(memory, square + i, v)
        store(parameters, i, value - m * (learning_rate / correction1) / (square_root(v / splat(correction2)) + epsilon))


# Steps.  Arguments: size of the parameters; places of state, slots; size of a slot; place of a second state; the stretches that may
# change, and how many.


@step
def sgd_step(memory, parameters, table, a, frame):
    m, p, rates = whole_array(memory), whole_array(parameters), doubles_at(frame[RATES])
    begin, end = slice_bounds(a[0], frame[PART], frame[PARTS])
    for n in range(a[6]):
        first, stop = max(begin, table[a[5] + 2 * n]), min(end, table[a[5] + 2 * n + 1])
        sgd(p, m, a[1], a[2], a[3], frame[COUNT], first, stop, np.float32(rates[0]), np.float32(rates[1]), np.float32(rates[2]))


@step
def adam_step(memory, parameters, table, a, frame):
    m, p, rates = whole_array(memory), whole_array(parameters), doubles_at(frame[RATES])
    begin, end = slice_bounds(a[0], frame[PART], frame[PARTS])
    for n in range(a[6]):
        first, stop = max(begin, table[a[5] + 2 * n]), min(end, table[a[5] + 2 * n + 1])
        adam(
            p,
            m,
            a[1],
            a[4],
            a[2],
            a[3],
            frame[COUNT],
            first,
            stop,
            np.float32(rates[0]),
            np.float32(rates[1]),
            np.float32(rates[2]),
            np.float32(rates[3]),
            np.float32(rates[4]),
            np.float32(rates[5]),
            np.float32(rates[6]),
        )
