"""Activations on a user's float32 arrays, where they lie: a lane is an element, and nothing is copied.

A last vector that would reach over an array's end is moved back and computes a few elements again.  Arrays are never written in place
here, so that the repetition changes nothing.
"""

from __future__ import annotations

import numpy as np

from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.kernels.cpu.pointwise.activation import (
    leaky_relu_backward,
    leaky_relu_forward,
    relu_backward,
    relu_forward,
    sigmoid_backward,
    sigmoid_forward,
    stretch_of_array,
    tanh_backward,
    tanh_forward,
)
from minicnn.kernels.cpu.program.call import Stage, call
from minicnn.kernels.cpu.program.operands import array_of
from minicnn.kernels.machine_code.compile import StepKernel, step

ARRAY_PARTS = 16  # parts of an array's elements: enough that threads finish together


# Steps on arrays of the call: what is written, then what is read.


@step("size", slope=float)
def relu_array_forward(memory, parameters, table, a, frame):
    y, x, (begin, stop, last) = array_of(frame, 0), array_of(frame, 1), stretch_of_array(a.size, frame)
    relu_forward(y, begin, x, begin, stop - begin)
    if last >= 0:
        relu_forward(y, last, x, last, LANES)


@step("size", slope=float)
def relu_array_backward(memory, parameters, table, a, frame):
    dx, dy, y, (begin, stop, last) = array_of(frame, 0), array_of(frame, 1), array_of(frame, 2), stretch_of_array(a.size, frame)
    relu_backward(dx, begin, dy, begin, y, begin, stop - begin)
    if last >= 0:
        relu_backward(dx, last, dy, last, y, last, LANES)


@step("size", slope=float)
def leaky_relu_array_forward(memory, parameters, table, a, frame):
    y, x, (begin, stop, last), slope = array_of(frame, 0), array_of(frame, 1), stretch_of_array(a.size, frame), np.float32(a.slope)
    leaky_relu_forward(y, begin, x, begin, stop - begin, slope)
    if last >= 0:
        leaky_relu_forward(y, last, x, last, LANES, slope)


@step("size", slope=float)
def leaky_relu_array_backward(memory, parameters, table, a, frame):
    dx, dy, x, slope = array_of(frame, 0), array_of(frame, 1), array_of(frame, 2), np.float32(a.slope)
    begin, stop, last = stretch_of_array(a.size, frame)
    leaky_relu_backward(dx, begin, dy, begin, x, begin, stop - begin, slope)
    if last >= 0:
        leaky_relu_backward(dx, last, dy, last, x, last, LANES, slope)


@step("size", slope=float)
def tanh_array_forward(memory, parameters, table, a, frame):
    y, x, (begin, stop, last) = array_of(frame, 0), array_of(frame, 1), stretch_of_array(a.size, frame)
    tanh_forward(y, begin, x, begin, stop - begin)
    if last >= 0:
        tanh_forward(y, last, x, last, LANES)


@step("size", slope=float)
def tanh_array_backward(memory, parameters, table, a, frame):
    dx, dy, y, (begin, stop, last) = array_of(frame, 0), array_of(frame, 1), array_of(frame, 2), stretch_of_array(a.size, frame)
    tanh_backward(dx, begin, dy, begin, y, begin, stop - begin)
    if last >= 0:
        tanh_backward(dx, last, dy, last, y, last, LANES)


@step("size", slope=float)
def sigmoid_array_forward(memory, parameters, table, a, frame):
    y, x, (begin, stop, last) = array_of(frame, 0), array_of(frame, 1), stretch_of_array(a.size, frame)
    sigmoid_forward(y, begin, x, begin, stop - begin)
    if last >= 0:
        sigmoid_forward(y, last, x, last, LANES)


@step("size", slope=float)
def sigmoid_array_backward(memory, parameters, table, a, frame):
    dx, dy, y, (begin, stop, last) = array_of(frame, 0), array_of(frame, 1), array_of(frame, 2), stretch_of_array(a.size, frame)
    sigmoid_backward(dx, begin, dy, begin, y, begin, stop - begin)
    if last >= 0:
        sigmoid_backward(dx, last, dy, last, y, last, LANES)


FORWARD = {"relu": relu_array_forward, "leaky_relu": leaky_relu_array_forward, "tanh": tanh_array_forward, "sigmoid": sigmoid_array_forward}
BACKWARD = {
    "relu": relu_array_backward,
    "leaky_relu": leaky_relu_array_backward,
    "tanh": tanh_array_backward,
    "sigmoid": sigmoid_array_backward,
}


def forward(name: str, y: np.ndarray, x: np.ndarray, slope: float = 0.0) -> None:
    """y from x, any shape."""
    _run(FORWARD[name], slope, y, x)


def backward(name: str, dx: np.ndarray, dy: np.ndarray, kept: np.ndarray, slope: float = 0.0) -> None:
    """dx from dy and what the function keeps: its output y, or for leaky_relu its input x."""
    _run(BACKWARD[name], slope, dx, dy, kept)


def _run(kernel: StepKernel, slope: float, result: np.ndarray, *given: np.ndarray) -> None:
    size = result.size
    if 0 < size < LANES:  # less than a vector
        wide = np.zeros((1 + len(given), LANES), np.float32)
        for row, each in zip(wide[1:], given, strict=True):
            row[:size] = each.ravel()
        _run(kernel, slope, *wide)
        result[...] = wide[0, :size].reshape(result.shape)
        return

    def build(stage: Stage) -> None:
        stage.program.step(kernel, size=size, slope=slope)
        stage.cut(ARRAY_PARTS)

    call((kernel.name, size, slope), build, min(size, 1), [result, *given])
