"""Sums, concatenation and gates: worked by hand, and their numeric gradients."""

import numpy as np

from minicnn.kernels import textbook

from .checks import close_to_numeric, numeric_gradient, poisoned, uniform


def joined(name, *inputs, shape=None):
    y = poisoned(shape or inputs[0].shape)
    getattr(textbook, name)(y, *inputs)
    return y


def check_gradients(name, inputs, dxs, dy):
    """Every dx against differences of the loop `name`."""
    for n, dx in enumerate(dxs):
        close_to_numeric(dx, numeric_gradient(lambda v, n=n: joined(name, *inputs[:n], v, *inputs[n + 1 :], shape=dy.shape), inputs[n], dy))


def test_add():
    assert joined("add_forward", np.array([[1.0, 2.0]]), np.array([[10.0, -2.0]])).tolist() == [[11.0, 0.0]]
    inputs, dy = (uniform(0, (2, 3)), uniform(1, (2, 3))), uniform(2, (2, 3))
    dxs = poisoned((2, 3)), poisoned((2, 3))
    textbook.add_backward(*dxs, dy)
    check_gradients("add_forward", inputs, dxs, dy)


def test_concat():
    x1, x2 = np.array([[[1.0, 2.0]]]), np.array([[[3.0, 4.0], [5.0, 6.0]]])
    assert joined("concat_forward", x1, x2, shape=(1, 3, 2)).tolist() == [[[1, 2], [3, 4], [5, 6]]]
    inputs, dy = (uniform(0, (2, 3, 2)), uniform(1, (2, 1, 2))), uniform(2, (2, 4, 2))
    dx1, dx2 = poisoned((2, 3, 2)), poisoned((2, 1, 2))
    textbook.concat_backward_first(dx1, dy)
    textbook.concat_backward_second(dx2, dy)
    check_gradients("concat_forward", inputs, (dx1, dx2), dy)


def test_gate():
    """A closed gate passes its input, an open one the body, half a gate the middle."""
    body, gate, x = np.array([8.0, 8.0, 8.0]), np.array([0.0, 1.0, 0.5]), np.array([2.0, 2.0, 2.0])
    assert joined("gate_forward", body, gate, x).tolist() == [2.0, 8.0, 5.0]
    inputs, dy = [uniform(seed, (2, 3)) for seed in range(3)], uniform(3, (2, 3))
    dxs = [poisoned((2, 3)) for _ in range(3)]
    textbook.gate_backward(*dxs, dy, *inputs)
    check_gradients("gate_forward", inputs, dxs, dy)
