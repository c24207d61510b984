"""Poolings and upsamplings on a user's float32 arrays: a lane is one channel of one image."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from math import prod

import numpy as np

from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.kernels.cpu.pointwise.activation_call import ARRAY_PARTS
from minicnn.kernels.cpu.pooling.bands import Band, bands
from minicnn.kernels.cpu.pooling.global_pooling import global_avg_backward_step, global_avg_step, global_max_step
from minicnn.kernels.cpu.pooling.l2 import divide_step, multiply_step
from minicnn.kernels.cpu.pooling.lowering import append_separable, channels_of, step_axes
from minicnn.kernels.cpu.pooling.reads import Reads
from minicnn.kernels.cpu.pooling.separable import largest_value_step, resample_step
from minicnn.kernels.cpu.pooling.unpooling import add_at_step, fetch_from_step, put_at_step
from minicnn.kernels.cpu.pooling.windows import largest_step, length_step
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.kernels.cpu.program.call import Stage, call
from minicnn.kernels.cpu.program.program import Place
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


def _count_reads(band: Band) -> None:
    """Where every window is walked read by read, this takes longer than reading and writing."""
    band.stage.multiply_adds += READ_WORK * prod(len(axis.sources) for axis in band.reads)


def _append_resample(band: Band, y: Activation, x: Activation) -> None:
    append_separable(band.stage.program, resample_step, y, x, band.reads, band.parts)


def _append_largest_value(band: Band, y: Activation, x: Activation) -> None:
    append_separable(band.stage.program, largest_value_step, y, x, band.reads, band.parts)


def _append_largest(band: Band, y: Activation, x: Activation) -> None:
    _count_reads(band)
    program, winners = band.stage.program, band.new(band.target)
    first = [band.source.first if n == band.source.axis else 0 for n in range(3)]
    axes = step_axes(program, band.reads, x.map.shard, band.source.sizes, first)
    program.step(largest_step, y=y.place, x=x.place, winners=winners.place, rectify=False, channels=channels_of(x), axes=axes)
    band.stage.cut()
    band.store_positions(2, winners, band.target)


def _append_length(band: Band, y: Activation, x: Activation) -> None:
    _count_reads(band)
    axes = step_axes(band.stage.program, band.reads, x.map.shard)
    band.stage.program.step(length_step, y=y.place, x=x.place, channels=channels_of(x), axes=axes)


def resample(y: np.ndarray, x: np.ndarray, key: Hashable, reads: MakeReads) -> None:
    """Weighted sums."""
    _run("resample", _append_resample, key, reads, y, x)


def max_pool(y: np.ndarray, indices: np.ndarray | None, x: np.ndarray, key: Hashable, reads: MakeReads) -> None:
    """The largest that each target reads; indices int64, where it lies in its plane."""
    if indices is None:
        _run("max pool", _append_largest_value, key, reads, y, x)
    else:
        _run("max pool with positions", _append_largest, key, reads, y, x, indices)


def l2_pool(y: np.ndarray, x: np.ndarray, key: Hashable, reads: MakeReads) -> None:
    """The root of the summed squares that each target reads."""
    _run("l2 pool", _append_length, key, reads, y, x)


def l2_pool_backward(dx: np.ndarray, dy: np.ndarray, x: np.ndarray, y: np.ndarray, key: Hashable, reads: MakeReads) -> None:
    """dx = x * (sum of dy / y over what reads it); `reads` are those of the gradient, dx from dy."""

    def append(band: Band, result: Activation, gradient: Activation) -> None:
        program = band.stage.program
        length = band.load(3, band.source)
        program.step(divide_step, ratio=gradient.place, dy=gradient.place, y=length.place, vectors=gradient.size // LANES)
        band.stage.cut()
        _append_resample(band, result, gradient)
        band.stage.cut()
        value = band.load(2, band.target)
        program.step(multiply_step, y=result.place, x=value.place, vectors=result.size // LANES)

    _run("l2 pool backward", append, key, reads, dx, dy, x, y)


def max_pool_backward(dx: np.ndarray, dy: np.ndarray, indices: np.ndarray) -> None:
    """dx (N, C, *space) gets every dy where its index says."""
    _plane_by_plane(add_at_step, dx, dx, dy, indices)


def max_unpool(x: np.ndarray, y: np.ndarray, indices: np.ndarray) -> None:
    """x (N, C, *space) holds every y where its index says, and zeros."""
    _plane_by_plane(put_at_step, x, x, y, indices)


def max_unpool_backward(dy: np.ndarray, dx: np.ndarray, indices: np.ndarray) -> None:
    """dy fetches its gradients from dx (N, C, *space)."""
    _plane_by_plane(fetch_from_step, dx, dy, dx, indices)


def global_max_pool(y: np.ndarray, indices: np.ndarray, x: np.ndarray) -> None:
    """y and indices (N, C) from x (N, C, *space)."""
    _plane_by_plane(global_max_step, x, y, x, indices)


def global_avg_pool(y: np.ndarray, x: np.ndarray) -> None:
    """y (N, C) from x (N, C, *space)."""
    _plane_by_plane(global_avg_step, x, y, x)


def global_avg_pool_backward(dx: np.ndarray, dy: np.ndarray) -> None:
    """dx (N, C, *space) from dy (N, C)."""
    _plane_by_plane(global_avg_backward_step, dx, dx, dy)


def _plane_by_plane(kernel: StepKernel, large: np.ndarray, *arrays: np.ndarray) -> None:
    """Steps that work on the arrays where they lie; a task has some planes, one after the other, and maybe two vectors of its own.

    large : the array with the pixels; positions, which come last, lie in its planes
    """
    shape, other = arrays[0].shape, arrays[1].shape
    count = shape[0] * shape[1]
    parts = min(ARRAY_PARTS, max(1, count))

    def build(stage: Stage) -> None:
        fields: dict[str, int | Place] = {"planes": count, "pixels": prod(large.shape[2:])}
        if "values" in kernel.fields:
            fields["values"] = prod(arrays[-1].shape[2:])
        if "scratch" in kernel.fields:
            fields["scratch"] = Place(stage.program.buffer(2 * LANES * parts))
        stage.program.step(kernel, **fields)
        stage.cut(parts)

    call((kernel.name, shape, other), build, min(count, 1), arrays)
