"""One update of a slice of the parameters: the slots' gradients are added in their order, then the rule is applied."""

from typing import Any, NamedTuple

import numpy as np

from minicnn.kernels.cpu.lanes.vector import LANES, load, multiply_add, splat, square_root, store
from minicnn.kernels.cpu.program.atomics import doubles_at, whole_array
from minicnn.kernels.cpu.program.operands import share
from minicnn.kernels.machine_code.compile import kernel, step


class Slots(NamedTuple):
    """The slots' gradients: `number` stretches of memory, `size` elements from one to the next."""

    memory: Any
    begin: int
    size: int
    number: int


@kernel
def summed_gradient(slots, i):
    """Gradient of parameters i .. i+LANES: slot 0 + slot 1 + ..."""
    gradient = load(slots.memory, slots.begin + i)
    for slot in range(1, slots.number):
        gradient += load(slots.memory, slots.begin + slot * slots.size + i)
    return gradient


@kernel
def sgd(parameters, velocity, slots, begin, end, learning_rate, momentum, weight_decay):
    """velocity = momentum*velocity + gradient + weight_decay*parameter;  parameter -= learning_rate*velocity

    Polyak, "Some methods of speeding up the convergence of iteration methods", 1964; as PyTorch and Caffe write it.
    """
    memory = slots.memory
    for i in range(begin, end, LANES):
        value = load(parameters, i)
        gradient = multiply_add(value, weight_decay, summed_gradient(slots, i))
        speed = multiply_add(load(memory, velocity + i), momentum, gradient)
        store(memory, velocity + i, speed)
        store(parameters, i, value - speed * learning_rate)


class AdamRates(NamedTuple):
    """Adam's numbers, for one batch."""

    learning_rate: float
    beta1: float
    beta2: float
    epsilon: float
    weight_decay: float
    correction1: float
    correction2: float


@kernel
def adam(parameters, mean, square, slots, begin, end, rates):
    """Kingma and Ba, "Adam: a method for stochastic optimization", 2015, algorithm 1; weight decay is added to the gradient."""
    memory, one, beta1, beta2 = slots.memory, np.float32(1), rates.beta1, rates.beta2
    for i in range(begin, end, LANES):
        value = load(parameters, i)
        gradient = multiply_add(value, rates.weight_decay, summed_gradient(slots, i))
        m = load(memory, mean + i) * beta1 + gradient * (one - beta1)
        v = load(memory, square + i) * beta2 + gradient * gradient * (one - beta2)
        store(memory, mean + i, m)
        store(memory, square + i, v)
        rate = rates.learning_rate / rates.correction1
        store(parameters, i, value - m * rate / (square_root(v / splat(rates.correction2)) + rates.epsilon))


# Steps.  A task is a slice of the parameters.


class Update(NamedTuple):
    """What is updated: how many parameters, the stretches of them that may change, in the table; places of slots and of the rule's states."""

    size: int
    stretches: int
    stretch_count: int
    slots: int
    slot_size: int
    states: int


@kernel
def slice_bounds(update, frame):
    """First and last parameter of a task's slice, whole vectors."""
    first, stop = share((update.size + LANES - 1) // LANES, frame)
    return first * LANES, stop * LANES


@step(update=Update)
def sgd_step(memory, parameters, table, a, frame):
    m, p, rates, update = whole_array(memory), whole_array(parameters), doubles_at(frame.rates), a.update
    begin, end = slice_bounds(update, frame)
    slots = Slots(m, update.slots, update.slot_size, frame.count)
    for n in range(update.stretch_count):
        first, stop = max(begin, table[update.stretches + 2 * n]), min(end, table[update.stretches + 2 * n + 1])
        sgd(p, update.states, slots, first, stop, np.float32(rates[0]), np.float32(rates[1]), np.float32(rates[2]))


@step(update=Update)
def adam_step(memory, parameters, table, a, frame):
    m, p, numbers, update = whole_array(memory), whole_array(parameters), doubles_at(frame.rates), a.update
    begin, end = slice_bounds(update, frame)
    slots = Slots(m, update.slots, update.slot_size, frame.count)
    rates = AdamRates(
        np.float32(numbers[0]),
        np.float32(numbers[1]),
        np.float32(numbers[2]),
        np.float32(numbers[3]),
        np.float32(numbers[4]),
        np.float32(numbers[5]),
        np.float32(numbers[6]),
    )
    for n in range(update.stretch_count):
        first, stop = max(begin, table[update.stretches + 2 * n]), min(end, table[update.stretches + 2 * n + 1])
        adam(p, update.states, update.states + update.slot_size, slots, first, stop, rates)
