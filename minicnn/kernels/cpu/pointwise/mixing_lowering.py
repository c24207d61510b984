"""Scaled tanh, factors per map, gates and distances as steps."""

from __future__ import annotations

from collections.abc import Sequence

from minicnn.kernels.cpu.pointwise import mixing
from minicnn.kernels.cpu.pointwise.lowering import whole_vectors
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.kernels.cpu.program.program import Program, bits


def append_scaled_tanh_forward(program: Program, y: Activation, x: Activation, amplitude: float, slope: float) -> None:
    """y = amplitude * tanh(slope * x)."""
    program.step(mixing.scaled_tanh_forward, y.place, x.place, whole_vectors(x), bits(amplitude), bits(slope))


def append_scaled_tanh_backward(program: Program, dx: Activation, dy: Activation, y: Activation, amplitude: float, slope: float) -> None:
    """dx from the output y; dx may be dy."""
    program.step(mixing.scaled_tanh_backward, dx.place, dy.place, y.place, whole_vectors(y), bits(amplitude), bits(slope))


def append_scale_channels(program: Program, y: Activation, x: Activation, factors: int, factor: float, biases: int | None = None) -> None:
    """y[c] = parameters[factors + c] * factor * x[c] + parameters[biases + c]; y may be x."""
    program.step(
        mixing.scale_channels_step, y.place, x.place, x.map.channels, x.map.plane, factors, bits(factor), biases or 0, biases is not None
    )


def append_factor_gradient(program: Program, dfactors: int, dy: Activation, x: Activation, factor: float) -> None:
    """dfactors[c] (in the slot) = factor * sum of dy[c] * x[c]."""
    program.step(mixing.factor_gradient_step, dfactors, dy.place, x.place, x.map.channels, x.map.plane, bits(factor))


def append_gate_forward(program: Program, y: Activation, h: Activation, t: Activation, x: Activation) -> None:
    """y = t*h + (1 - t)*x."""
    program.step(mixing.gate_forward, y.place, h.place, t.place, x.place, whole_vectors(x))


def append_gate_backward(program: Program, gradients: Sequence[Activation], dy: Activation, inputs: Sequence[Activation]) -> None:
    """The gradients of h, t and x."""
    program.step(mixing.gate_backward, *(each.place for each in gradients), dy.place, *(each.place for each in inputs), whole_vectors(dy))


def append_rbf_forward(program: Program, y: Activation, x: Activation, centres: int) -> None:
    """Minus the squared distance to each centre."""
    program.step(mixing.rbf_forward, y.place, x.place, centres, x.map.channels, y.map.channels, x.map.shard)


def append_rbf_backward(program: Program, dx: Activation, dy: Activation, x: Activation, centres: int) -> None:
    """The gradient of the distances."""
    program.step(mixing.rbf_backward, dx.place, dy.place, x.place, centres, x.map.channels, dy.map.channels, x.map.shard)
