"""Subsampling, cropping and scaling as steps."""

from __future__ import annotations

from minicnn.kernels.cpu.pointwise.lowering import whole_vectors
from minicnn.kernels.cpu.pooling.grid import scale_step, survive_step
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.kernels.cpu.program.program import Program


def append_survive(program: Program, y: Activation, x: Activation, layer: int, survival: float) -> None:
    """y = x with probability `survival`, else 0: forward of x, or backward of dy."""
    program.step(survive_step, y=y.place, x=x.place, size=whole_vectors(x), layer=layer, survival=survival)


def append_scale(program: Program, y: Activation, x: Activation, factor: float) -> None:
    """y = factor * x; y may be x."""
    program.step(scale_step, y=y.place, x=x.place, size=whole_vectors(x), factor=factor)
