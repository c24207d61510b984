"""Winograd's convolution on a user's float32 arrays."""

from __future__ import annotations

import numpy as np

from minicnn.geometry import Axis
from minicnn.kernels.cpu.call import PARTS, Stage, call
from minicnn.kernels.cpu.program import CACHE_LINE, Place, padded
from minicnn.kernels.cpu.tiles import TILE_VECTORS
from minicnn.kernels.cpu.vector import LANES
from minicnn.kernels.cpu.winograd import winograd_filters_step, winograd_step

BLOCK_BYTES = 2 << 20   # transformed inputs and outputs of a block
MOST_VECTORS = 16       # of a block


def forward(y: np.ndarray, x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, axes: tuple[Axis, ...], groups: int, flip: bool,
            m: int) -> None:
    """y (N, K, P, Q) from x (N, C, H, W), weight (K, C/G, 3, 3) and bias (K,), in tiles of m x m pixels."""
    side, channels, filters = m + 2, x.shape[1], y.shape[1]

    def build(stage: Stage) -> None:
        program = stage.program
        value = stage.load(0, x.shape[1:])
        transformed = program.buffer(side * side * filters * (channels // groups))
        scratch = program.buffer(32 * PARTS)
        program.step(winograd_filters_step, Place(transformed), 0, channels // groups, filters, side, flip, Place(scratch))
        stage.cut()
        result = stage.new(y.shape[1:])
        bytes_a_vector = 4 * LANES * side * side * (channels + filters)
        block = min(MOST_VECTORS, max(1, BLOCK_BYTES // bytes_a_vector // TILE_VECTORS) * TILE_VECTORS)
        v_size = padded(side * side * channels * block * LANES)
        m_size = padded(side * side * filters * block * LANES)
        pitch = v_size + m_size + side * side * LANES + CACHE_LINE
        own = program.buffer(pitch * (PARTS if stage.split else 1))
        taps = program.constant([n for c in range(channels // groups) for n in (c * block * LANES, c)]) // 2
        program.step(winograd_step, result.place, result.map.plane, value.place, value.map.plane, Place(transformed), 0, bias is not None,
                     True, False, axes[0].size, axes[1].size, axes[0].before, axes[1].before, axes[0].out, axes[1].out, stage.shard, groups,
                     channels // groups, filters // groups, side, block, Place(own), v_size, v_size + m_size, pitch, taps)
        stage.cut()
        stage.store(1, result)
        stage.cut()

    key = ("winograd", axes, groups, flip, channels, filters, bias is not None, m)
    call(key, build, len(x), [x, y], weight=weight, bias=bias, whole=True)
