"""Poolings and upsamplings on a user's float32 arrays: a lane is one channel of one image."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from math import prod

import numpy as np

from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.kernels.cpu.pointwise.activation_call import ARRAY_PARTS
from minicnn.kernels.cpu.pooling.bands import Band, bands
from minicnn.kernels.cpu.pooling.global_pooling import global_avg_backward_step, global_avg_step, global_max_step
from minicnn.kernels.cpu.pooling.lowering import append_resample, append_windows, axis_tables
from minicnn.kernels.cpu.pooling.reads import Reads
from minicnn.kernels.cpu.pooling.scaling import divide_step, multiply_step
from minicnn.kernels.cpu.pooling.unpooling import add_at_step, fetch_from_step, put_at_step
from minicnn.kernels.cpu.pooling.windows import largest_step, largest_value_step, length_step
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.kernels.cpu.program.call import Stage, call
from minicnn.kernels.cpu.program.program import Argument, Place
from minicnn.kernels.machine_code.compile import StepKernel

READ_WORK = 16  # multiply-adds in the time of a read where windows are walked whole, not one axis after the other: 0.1 to 0.2 ns

MakeReads = Callable[[], Sequence[Reads]]  # one Reads per axis, asked for only where no program is kept
Append = Callable[[Band, Activation, Activation], None]  # the steps that make y from x


def planes(x: np.ndarray) -> np.ndarray:
    """(N, C, *space) as (N*C, pixels)."""
    return x.reshape(x.shape[0] * x.shape[1], prod(x.shape[2:]))


def _run(name: str, append: Append, key: Hashable, reads: MakeReads, y: np.ndarray, x: np.ndarray, *more: np.ndarray) -> None:
    """y (N, C, *targets) from x (N, C, *sources), band by band.  `key` names all that `reads` depends on."""

    def build(stage: Stage) -> None:
        for band in bands(stage, reads()):
            source = band.load(1, band.source)
            target = band.new(band.target)
            append(band, target, source)
            stage.cut()
            band.store(0, target, band.target)

    call((name, key, x.shape[2:], y.shape[2:]), build, x.shape[0] * x.shape[1], [planes(each) for each in (y, x, *more)])


def _walk_whole(band: Band, kernel: StepKernel, y: Activation, x: Activation, tables: Sequence[int], beside: Argument = 0) -> None:
    """A step that walks every window of a band, read by read."""
    band.stage.multiply_adds += READ_WORK * prod(len(axis.sources) for axis in band.reads)
    append_windows(band.stage.program, kernel, y, x, tables, beside)


def _append_resample(band: Band, y: Activation, x: Activation) -> None:
    append_resample(band.stage.program, y, x, band.reads, band.parts)


def resample(y: np.ndarray, x: np.ndarray, key: Hashable, reads: MakeReads) -> None:
    """Weighted sums."""
    _run("resample", _append_resample, key, reads, y, x)


def max_pool(y: np.ndarray, indices: np.ndarray | None, x: np.ndarray, key: Hashable, reads: MakeReads) -> None:
    """The largest that each target reads; indices int64, where it lies in its plane."""

    def values(band: Band, y: Activation, x: Activation) -> None:
        _walk_whole(band, largest_value_step, y, x, axis_tables(band.stage.program, band.reads, x.map.shard))

    def with_positions(band: Band, y: Activation, x: Activation) -> None:
        positions = band.new(band.target)
        first = [band.source.first if n == band.source.axis else 0 for n in range(3)]
        tables = axis_tables(band.stage.program, band.reads, x.map.shard, band.source.sizes, first)
        _walk_whole(band, largest_step, y, x, tables, positions.place)
        band.stage.cut()
        band.store_positions(2, positions, band.target)

    if indices is None:
        _run("max pool", values, key, reads, y, x)
    else:
        _run("max pool with positions", with_positions, key, reads, y, x, indices)


def l2_pool(y: np.ndarray, x: np.ndarray, key: Hashable, reads: MakeReads) -> None:
    """The root of the summed squares that each target reads."""

    def append(band: Band, y: Activation, x: Activation) -> None:
        _walk_whole(band, length_step, y, x, axis_tables(band.stage.program, band.reads, x.map.shard))

    _run("l2 pool", append, key, reads, y, x)


def l2_pool_backward(dx: np.ndarray, dy: np.ndarray, x: np.ndarray, y: np.ndarray, key: Hashable, reads: MakeReads) -> None:
    """dx = x * (sum of dy / y over what reads it); `reads` are those of the gradient, dx from dy."""

    def append(band: Band, result: Activation, gradient: Activation) -> None:
        program = band.stage.program
        length = band.load(3, band.source)
        program.step(divide_step, gradient.place, gradient.place, length.place, gradient.size)
        band.stage.cut()
        _append_resample(band, result, gradient)
        band.stage.cut()
        value = band.load(2, band.target)
        program.step(multiply_step, result.place, value.place, result.size)

    _run("l2 pool backward", append, key, reads, dx, dy, x, y)


def max_pool_backward(dx: np.ndarray, dy: np.ndarray, indices: np.ndarray) -> None:
    """dx (N, C, *space) gets every dy where its index says."""
    _with_positions(add_at_step, dx, dy, indices, dx)


def max_unpool(x: np.ndarray, y: np.ndarray, indices: np.ndarray) -> None:
    """x (N, C, *space) holds every y where its index says, and zeros."""
    _with_positions(put_at_step, x, y, indices, x)


def max_unpool_backward(dy: np.ndarray, dx: np.ndarray, indices: np.ndarray) -> None:
    """dy fetches its gradients from dx (N, C, *space)."""
    _with_positions(fetch_from_step, dy, dx, indices, dx)


def _with_positions(kernel: StepKernel, result: np.ndarray, given: np.ndarray, indices: np.ndarray, large: np.ndarray) -> None:
    _plane_by_plane(kernel, indices.shape[0] * indices.shape[1], (prod(large.shape[2:]), prod(indices.shape[2:])), result, given, indices)


def global_max_pool(y: np.ndarray, indices: np.ndarray, x: np.ndarray) -> None:
    """y and indices (N, C) from x (N, C, *space)."""
    _plane_by_plane(global_max_step, y.size, (prod(x.shape[2:]),), y, x, indices)


def global_avg_pool(y: np.ndarray, x: np.ndarray) -> None:
    """y (N, C) from x (N, C, *space)."""
    _plane_by_plane(global_avg_step, y.size, (prod(x.shape[2:]),), y, x)


def global_avg_pool_backward(dx: np.ndarray, dy: np.ndarray) -> None:
    """dx (N, C, *space) from dy (N, C)."""
    _plane_by_plane(global_avg_backward_step, dy.size, (prod(dx.shape[2:]),), dx, dy)


def _plane_by_plane(kernel: StepKernel, count: int, sizes: tuple[int, ...], *arrays: np.ndarray) -> None:
    """Steps that work on the arrays where they lie; a task has some planes, one after the other."""
    parts = min(ARRAY_PARTS, max(1, count))

    def build(stage: Stage) -> None:
        scratch = stage.program.buffer(2 * LANES * parts)
        stage.program.step(kernel, count, *sizes, Place(scratch))
        stage.cut(parts)

    call((kernel.name, count, sizes), build, min(count, 1), arrays)
