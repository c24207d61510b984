"""A user's own convolution on a user's arrays of a device: any map runs, those that only Python can call as well, because it is a table."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np

from minicnn.kernels.cuda.by_table import Terms, backward_terms, forward_terms, sums_by_table
from minicnn.kernels.cuda.call import run_loop
from minicnn.kernels.index_table import Reads


class Tables(NamedTuple):
    """What the outputs read, and which outputs read the inputs."""

    forward: Terms
    backward_input: Terms


def tables(reads: Reads, input_shape: tuple[int, ...], output_shape: tuple[int, ...]) -> Tables:
    """Both tables of a map; shapes (C, *in) and (K, *out)."""
    return Tables(forward_terms(reads, prod(output_shape)), backward_terms(reads, prod(input_shape)))


def forward(y: Any, x: Any, weight: Any, bias: Any, own: Tables) -> None:
    """y (N, K, *out) from x (N, C, *in), weight (any,) and bias (K,)."""
    biases = np.zeros(y.shape[1], x.dtype) if bias is None else bias
    run_loop(sums_by_table, (_rows(y), _rows(x), weight, biases, prod(y.shape[2:]), *own.forward))


def backward_input(dx: Any, dy: Any, weight: Any, own: Tables) -> None:
    """dx (N, C, *in) from dy (N, K, *out); float32 is summed in float64."""
    run_loop(sums_by_table, (_rows(dx), _rows(dy), weight, np.zeros(1, dx.dtype), prod(dx.shape[1:]), *own.backward_input))


def _rows(array: Any) -> Any:
    return array.reshape(len(array), prod(array.shape[1:]))
