"""Subsampling, cropping and scaling as steps."""

from __future__ import annotations

from collections.abc import Sequence

from minicnn.kernels.cpu.pointwise.lowering import whole_vectors
from minicnn.kernels.cpu.pooling import grid
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.kernels.cpu.program.program import Program, bits
from minicnn.kernels.machine_code.compile import StepKernel


def _append(
    program: Program,
    kernel: StepKernel,
    target: Activation,
    source: Activation,
    y: Activation,
    x: Activation,
    first: Sequence[int],
    stride: Sequence[int],
) -> None:
    ones = 3 - len(y.map.sizes)
    program.step(
        kernel,
        target.place,
        source.place,
        y.map.channels,
        x.map.channels,
        y.map.shard,
        *(1,) * ones,
        *y.map.sizes,
        *(1,) * ones,
        *x.map.sizes,
        *(0,) * ones,
        *first,
        *(1,) * ones,
        *stride,
    )


def append_take_grid(program: Program, y: Activation, x: Activation, first: Sequence[int], stride: Sequence[int]) -> None:
    """y[c, p] = x[c, first + p*stride], zeros in channels that x does not have."""
    _append(program, grid.take_grid_step, y, x, y, x, first, stride)


def append_put_grid(program: Program, dx: Activation, dy: Activation, first: Sequence[int], stride: Sequence[int]) -> None:
    """The gradient of `append_take_grid`."""
    _append(program, grid.put_grid_step, dx, dy, dy, dx, first, stride)


def append_survive(program: Program, y: Activation, x: Activation, layer: int, survival: float) -> None:
    """y = x with probability `survival`, else 0: forward of x, or backward of dy."""
    program.step(grid.survive_step, y.place, x.place, whole_vectors(x), layer, bits(survival))


def append_scale(program: Program, y: Activation, x: Activation, factor: float) -> None:
    """y = factor * x; y may be x."""
    program.step(grid.scale_step, y.place, x.place, whole_vectors(x), bits(factor))
