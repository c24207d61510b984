"""Unshared convolution, and tiled where each filter serves few positions, on a user's float32 arrays: the weights outweigh the images, so
that they are read or written once, where they lie.
"""

from __future__ import annotations

from math import prod

import numpy as np

from minicnn.geometry import Axis
from minicnn.kernels.cpu.program.call import PARTS, WHOLE_SHARD, Stage, call
from minicnn.kernels.cpu.program.program import EXTRA
from minicnn.kernels.cpu.unshared.lowering import append_call_backward_input, append_call_backward_weight, append_call_forward

Axes = tuple[Axis, ...]


def forward(
    y: np.ndarray, x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, axes: Axes, groups: int, tile: tuple[int, ...]
) -> None:
    """y of few images where each filter serves few positions: the time is that of reading the weights."""
    biases = 0 if bias is None else bias.size // len(weight)

    def build(stage: Stage) -> None:
        stage.multiply_adds = prod(y.shape[1:]) * prod(weight.shape[-1 - len(axes) :])
        append_call_forward(stage.program, EXTRA + 1, y.shape[1], EXTRA, x.shape[1], biases, axes, groups, tile, len(x), PARTS)
        stage.cut()

    call(
        ("unshared forward", axes, groups, tile, x.shape[1], y.shape[1], biases, len(x)),
        build,
        len(x),
        [x, y],
        weight=weight,
        bias=bias,
        whole=True,
    )


def backward_input(dx: np.ndarray, dy: np.ndarray, weight: np.ndarray, axes: Axes, groups: int, tile: tuple[int, ...]) -> None:
    """dx of few images where each filter serves few positions: again the time of reading the weights."""

    def build(stage: Stage) -> None:
        stage.multiply_adds = prod(dy.shape[1:]) * prod(weight.shape[-1 - len(axes) :])
        append_call_backward_input(stage.program, EXTRA + 1, dx.shape[1], EXTRA, dy.shape[1], axes, groups, tile, len(dy), PARTS, stage.cut)

    call(
        ("unshared backward input", axes, groups, tile, dx.shape[1], dy.shape[1], len(dy)),
        build,
        len(dy),
        [dy, dx],
        weight=weight,
        whole=True,
    )


def backward_weight(dweight: np.ndarray, dy: np.ndarray, x: np.ndarray, axes: Axes, groups: int, tile: tuple[int, ...]) -> None:
    """dweight where each filter serves few positions: written once for every WHOLE_SHARD images, straight to where it belongs."""
    if not len(dy):
        dweight[...] = 0
    for n in range(0, len(dy), WHOLE_SHARD):

        def build(stage: Stage, add: bool = n > 0) -> None:
            stage.multiply_adds = prod(dy.shape[1:]) * prod(dweight.shape[-1 - len(axes) :])
            gradient = stage.load(0, dy.shape[1:])
            stage.cut()
            append_call_backward_weight(stage.program, EXTRA + 2, gradient, EXTRA + 1, x.shape[1], axes, groups, tile, add, PARTS)
            stage.cut()

        some = slice(n, n + WHOLE_SHARD)
        call(
            ("unshared backward weight", axes, groups, tile, x.shape[1], dy.shape[1], n > 0),
            build,
            len(dy[some]),
            [dy[some], x[some], dweight],
            whole=True,
        )
