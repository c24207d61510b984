"""Subsampling, cropping and scaling as steps."""

from __future__ import annotations

from collections.abc import Sequence

from minicnn.kernels.cpu.pointwise.lowering import whole_vectors
from minicnn.kernels.cpu.pooling.grid import Grid, put_grid_step, scale_step, survive_step, take_grid_step
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.kernels.cpu.program.program import Program


def _grid(y: Activation, x: Activation, first: Sequence[int], stride: Sequence[int]) -> Grid:
    missing = 3 - len(y.map.sizes)
    ones, zeros = (1,) * missing, (0,) * missing
    return Grid(*ones, *y.map.sizes, *ones, *x.map.sizes, *zeros, *first, *ones, *stride)


def append_take_grid(program: Program, y: Activation, x: Activation, first: Sequence[int], stride: Sequence[int]) -> None:
    """y[c, p] = x[c, first + p*stride], zeros in channels that x does not have."""
    grid = _grid(y, x, first, stride)
    program.step(take_grid_step, y=y.place, x=x.place, channels=y.map.channels, x_channels=x.map.channels, shard=x.map.shard, grid=grid)


def append_put_grid(program: Program, dx: Activation, dy: Activation, first: Sequence[int], stride: Sequence[int]) -> None:
    """The gradient of `append_take_grid`."""
    grid = _grid(dy, dx, first, stride)
    program.step(put_grid_step, dx=dx.place, dy=dy.place, x_channels=dx.map.channels, shard=dx.map.shard, grid=grid)


def append_survive(program: Program, y: Activation, x: Activation, layer: int, survival: float) -> None:
    """y = x with probability `survival`, else 0: forward of x, or backward of dy."""
    program.step(survive_step, y=y.place, x=x.place, size=whole_vectors(x), layer=layer, survival=survival)


def append_scale(program: Program, y: Activation, x: Activation, factor: float) -> None:
    """y = factor * x; y may be x."""
    program.step(scale_step, y=y.place, x=x.place, size=whole_vectors(x), factor=factor)
