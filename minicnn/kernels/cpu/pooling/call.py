"""Poolings and upsamplings on a user's float32 arrays: a lane is one channel of one image."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from math import prod

import numpy as np

from minicnn.kernels.cpu.lanes.planes import bands
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.kernels.cpu.pointwise.activation_call import ARRAY_PARTS
from minicnn.kernels.cpu.pooling.global_pooling import global_avg_backward_step, global_avg_step, global_max_step
from minicnn.kernels.cpu.pooling.l2 import divide_step, multiply_step
from minicnn.kernels.cpu.pooling.reads import Reads
from minicnn.kernels.cpu.pooling.unpooling import add_at_step, fetch_from_step, put_at_step
from minicnn.kernels.cpu.program.call import Stage, call
from minicnn.kernels.cpu.program.program import Place
from minicnn.kernels.machine_code.compile import StepKernel

READ_WORK = 16  # multiply-adds in the time of a read where windows are walked whole, not one axis after the other: 0.1 to 0.2 ns

MakeReads = Callable[[], Sequence[Reads]]  # one Reads per axis, asked for only where no program is kept


def planes(x: np.ndarray) -> np.ndarray:
    """(N, C, *space) as (N*C, pixels)."""
    return x.reshape(x.shape[0] * x.shape[1], prod(x.shape[2:]))


def _walked(reads: Sequence[Reads]) -> int:
    """The work of one plane where every window is walked whole."""
    return READ_WORK * prod(len(axis.sources) for axis in reads)


def resample(y: np.ndarray, x: np.ndarray, key: Hashable, reads: MakeReads) -> None:
    """y (N, C, *targets): weighted sums of x (N, C, *sources).  `key` names all that `reads` depends on."""

    def build(stage: Stage) -> None:
        for band in bands(stage, reads()):
            source = band.load(1, band.source)
            stage.cut()
            target = band.new(band.target)
            band.append_resample(target, source)
            stage.cut()
            band.store(0, target, band.target)
            stage.cut()

    call(("resample", key, x.shape[2:], y.shape[2:]), build, x.shape[0] * x.shape[1], [planes(y), planes(x)])


def max_pool(y: np.ndarray, indices: np.ndarray | None, x: np.ndarray, key: Hashable, reads: MakeReads) -> None:
    """y (N, C, *targets): the largest that each target reads; indices int64, where it lies in its plane."""

    def build(stage: Stage) -> None:
        for band in bands(stage, reads()):
            source = band.load(1, band.source)
            stage.cut()
            target = band.new(band.target)
            if indices is None:
                band.append_max_values(target, source)
                stage.cut()
            else:
                stage.multiply_adds += _walked(band.reads)
                positions = band.new(band.target)
                band.append_max_positions(target, positions, source)
                stage.cut()
                band.store_positions(2, positions, band.target)
            band.store(0, target, band.target)
            stage.cut()

    arrays = [planes(y), planes(x)] + ([] if indices is None else [planes(indices)])
    call(("max pool", key, x.shape[2:], y.shape[2:], indices is None), build, x.shape[0] * x.shape[1], arrays)


def l2_pool(y: np.ndarray, x: np.ndarray, key: Hashable, reads: MakeReads) -> None:
    """y (N, C, *targets): the root of the summed squares that each target reads."""

    def build(stage: Stage) -> None:
        for band in bands(stage, reads()):
            source = band.load(1, band.source)
            stage.cut()
            stage.multiply_adds += _walked(band.reads)
            target = band.new(band.target)
            band.append_l2_pool(target, source)
            stage.cut()
            band.store(0, target, band.target)
            stage.cut()

    call(("l2 pool", key, x.shape[2:], y.shape[2:]), build, x.shape[0] * x.shape[1], [planes(y), planes(x)])


def l2_pool_backward(dx: np.ndarray, dy: np.ndarray, x: np.ndarray, y: np.ndarray, key: Hashable, reads: MakeReads) -> None:
    """dx = x * (sum of dy / y over what reads it); `reads` are those of the gradient, dx from dy."""

    def build(stage: Stage) -> None:
        for band in bands(stage, reads()):
            gradient, length = band.load(1, band.source), band.load(3, band.source)
            stage.cut()
            stage.program.step(divide_step, Place(gradient), Place(gradient), Place(length), gradient.size)
            stage.cut()
            result = band.new(band.target)
            band.append_resample(result, gradient)
            stage.cut()
            value = band.load(2, band.target)
            stage.cut()
            stage.program.step(multiply_step, Place(result), Place(value), result.size)
            stage.cut()
            band.store(0, result, band.target)
            stage.cut()

    call(
        ("l2 pool backward", key, dy.shape[2:], dx.shape[2:]),
        build,
        dy.shape[0] * dy.shape[1],
        [planes(dx), planes(dy), planes(x), planes(y)],
    )


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
