"""A pass of a convolution on a user's float32 arrays, by the first way of the table that serves."""

from __future__ import annotations

from math import prod

import numpy as np

from minicnn.kernels.cpu.convolution.conditions import halo, is_narrow
from minicnn.kernels.cpu.convolution.pieces import Piece
from minicnn.kernels.cpu.convolution.problem import BACKWARD_WEIGHT, FORWARD, Images, Operands, Problem, settled
from minicnn.kernels.cpu.convolution.ways import Steps, choose
from minicnn.kernels.cpu.program.call import BIAS, MANY, NARROW, SINGLE, WHOLE, Stage, call
from minicnn.kernels.cpu.winograd.lowering import FILTER_PARTS


def compute(whole: Piece) -> None:
    """Write the result: y (N, K, *out), dx (N, C, *in) or dweight (K, *tile, C/G, *taps).

    weight (K, *tile, C/G, *taps); bias (K,) or (K, *tile) for y, (C,) for dx where that is a transposed convolution.
    """
    piece = whole._replace(problem=settled(whole.problem))
    way = choose(piece.problem, Images(len(piece.source)))
    if not isinstance(way.how, Steps):
        for part in way.how(piece):
            compute(part)
    elif piece.problem.work == BACKWARD_WEIGHT:
        _weight_gradient(way.name, way.how, piece)
    else:
        _product(way.name, way.how, piece)


def _product(name: str, way: Steps, piece: Piece) -> None:
    problem, result, source, weight, bias = piece
    if bias is not None and not problem.shared:
        bias = np.repeat(bias, len(weight) * prod(problem.tile) // bias.size)  # one for each filter of the tile
    shards = SINGLE if way.single(len(source)) else _shards(problem, len(source))
    padding = halo(problem.axes, problem.channels) if problem.work == FORWARD and not way.outside else []

    def build(stage: Stage) -> None:
        stage.multiply_adds = problem.products
        operands = Operands(0, None if bias is None else BIAS)
        if way.prepare:  # Winograd's products are fewer, but not as fast
            with stage.once(FILTER_PARTS):
                operands = operands._replace(prepared=way.prepare(stage.program, stage.common, problem, 0, None))
        shape, source_shape = problem.shapes
        if way.outside and stage.shard == 1:
            way.append(stage.program, stage.outside(1, shape), stage.outside(0, source_shape), problem, operands)
            return
        value = stage.load(0, source_shape, padding)
        stage.cut()
        made = stage.new(shape)
        way.append(stage.program, made, value, problem, operands)
        stage.cut()
        stage.store(1, made)
        stage.cut()

    key = (name, problem, bias is not None)
    call(key, build, len(source), [source, result], weight=weight, bias=bias, shards=shards)


def _weight_gradient(name: str, way: Steps, piece: Piece) -> None:
    problem, dweight, dy, x, _ = piece

    def build(stage: Stage) -> None:
        stage.multiply_adds = problem.products
        if way.outside and stage.shard == 1:
            way.append(stage.program, 0, stage.outside(0, problem.y_shape), stage.outside(1, problem.x_shape), problem)
            stage.cut()
            return
        gradient = stage.load(0, problem.y_shape)
        value = stage.load(1, problem.x_shape, halo(problem.axes, problem.channels))
        stage.cut()
        way.append(stage.program, 0, gradient, value, problem)
        stage.cut()

    shards = SINGLE if way.single(len(dy)) else _shards(problem, len(dy))
    call((name, problem), build, len(dy), [dy, x], gradient=dweight, shards=shards)


def _shards(problem: Problem, images: int) -> str:
    """How a call cuts its images: where filters take turns, weights outweigh them."""
    return WHOLE if not problem.shared else NARROW if is_narrow(problem, images) else MANY
