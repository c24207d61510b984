"""Scaled tanh and factors per map as steps."""

from __future__ import annotations

from minicnn.kernels.cpu.pointwise import mixing
from minicnn.kernels.cpu.pointwise.lowering import whole_vectors
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.kernels.cpu.program.program import Program


def append_scaled_tanh_forward(program: Program, y: Activation, x: Activation, amplitude: float, slope: float) -> None:
    """y = amplitude * tanh(slope * x)."""
    program.step(mixing.scaled_tanh_forward, y=y.place, x=x.place, size=whole_vectors(x), amplitude=amplitude, slope=slope)


def append_scaled_tanh_backward(program: Program, dx: Activation, dy: Activation, y: Activation, amplitude: float, slope: float) -> None:
    """dx from the output y; dx may be dy."""
    program.step(mixing.scaled_tanh_backward, dx=dx.place, dy=dy.place, y=y.place, size=whole_vectors(y), amplitude=amplitude, slope=slope)


def append_scale_channels(program: Program, y: Activation, x: Activation, factors: int, factor: float, biases: int | None = None) -> None:
    """y[c] = parameters[factors + c] * factor * x[c] + parameters[biases + c]; y may be x."""
    program.step(
        mixing.scale_channels_step,
        y=y.place,
        x=x.place,
        channels=x.map.channels,
        plane=x.map.plane,
        factors=factors,
        factor=factor,
        biases=biases or 0,
        with_bias=biases is not None,
    )


def append_factor_gradient(program: Program, dfactors: int, dy: Activation, x: Activation, factor: float) -> None:
    """dfactors[c] (in the slot) = factor * sum of dy[c] * x[c]."""
    program.step(
        mixing.factor_gradient_step, dfactor=dfactors, dy=dy.place, x=x.place, channels=x.map.channels, plane=x.map.plane, factor=factor
    )
