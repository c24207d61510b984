"""A user's own convolution on float32 arrays."""

from __future__ import annotations

import numpy as np

from minicnn.kernels.cpu.convolution.variant_lowering import Tables, append_variant, append_variant_backward_weight
from minicnn.kernels.cpu.program.call import BIAS, Stage, call


def forward(y: np.ndarray, x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, own: Tables) -> None:
    """y (N, K, *out) from x (N, C, *in), weight (any,) and bias (K,)."""

    def build(stage: Stage) -> None:
        stage.multiply_adds = len(own.forward[0].first)
        value = stage.load(0, own.input_shape)
        stage.cut()
        result = stage.new(own.output_shape)
        append_variant(stage.program, result, value, own.forward, 0, None if bias is None else BIAS)
        stage.cut()
        stage.store(1, result)
        stage.cut()

    call(("variant", own.key, bias is not None), build, len(x), [x, y], weight=weight, bias=bias, shards=own.shards)


def backward_input(dx: np.ndarray, dy: np.ndarray, weight: np.ndarray, own: Tables) -> None:
    """dx (N, C, *in) from dy (N, K, *out)."""

    def build(stage: Stage) -> None:
        stage.multiply_adds = len(own.backward_input[0].first)
        gradient = stage.load(0, own.output_shape)
        stage.cut()
        result = stage.new(own.input_shape)
        append_variant(stage.program, result, gradient, own.backward_input, 0)
        stage.cut()
        stage.store(1, result)
        stage.cut()

    call(("variant backward input", own.key), build, len(dy), [dy, dx], weight=weight, shards=own.shards)


def backward_weight(dweight: np.ndarray, dy: np.ndarray, x: np.ndarray, own: Tables) -> None:
    """dweight (any,) from dy (N, K, *out) and x (N, C, *in)."""

    def build(stage: Stage) -> None:
        stage.multiply_adds = len(own.backward_weight[0].first)
        gradient = stage.load(0, own.output_shape)
        value = stage.load(1, own.input_shape)
        stage.cut()
        append_variant_backward_weight(stage.program, 0, gradient, value, own.backward_weight)
        stage.cut()

    call(("variant backward weight", own.key), build, len(dy), [dy, x], gradient=dweight, shards=own.shards)
