"""A user's own convolution on a user's arrays of a device: the map has become tables, and every thread sums what one element reads.

Any map runs, those that only Python can call as well; the sums have the order, and so the bits, of the textbook loops, which call the map.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minicnn.kernels.cuda.call import run_loop
from minicnn.kernels.index_table import Reads


def sum_reads(y, x, weight, bias, inputs, weights, first):  # type: ignore[no-untyped-def]
    """y[n,i] = bias[k] + sum over u of x[n,inputs[u]] * weight[weights[u]]      where  first[i] <= u < first[i+1],  i of filter k."""
    N, I = y.shape
    each = I // bias.shape[0]
    for n in range(N):
        for i in range(I):
            total = np.float64(bias[i // each])
            for u in range(first[i], first[i + 1]):
                total += x[n, inputs[u]] * weight[weights[u]]
            y[n, i] = total


def add_reads(dx, dy, weight, outputs, weights, first):  # type: ignore[no-untyped-def]
    """dx[n,i] = sum over u of dy[n,outputs[u]] * weight[weights[u]], added up in the type of the arrays."""
    N, I = dx.shape
    dx[...] = 0.0
    for n in range(N):
        for i in range(I):
            for u in range(first[i], first[i + 1]):
                dx[n, i] += dy[n, outputs[u]] * weight[weights[u]]


def forward(y: Any, x: Any, weight: Any, bias: Any, reads: Reads) -> None:
    """y (N, K, *out) from x (N, C, *in), weight (any,) and bias (K,)."""
    rows = _rows(y)
    biases = np.zeros(y.shape[1], x.dtype) if bias is None else bias
    run_loop(sum_reads, (rows, _rows(x), weight, biases, reads.input, reads.weight, _starts(reads.output, rows.shape[1])))


def backward_input(dx: Any, dy: Any, weight: Any, reads: Reads) -> None:
    """dx (N, C, *in) from dy (N, K, *out)."""
    rows, order = _rows(dx), np.argsort(reads.input, kind="stable")
    first = _starts(reads.input[order], rows.shape[1])
    run_loop(add_reads, (rows, _rows(dy), weight, reads.output[order], reads.weight[order], first))


def _rows(array: Any) -> Any:
    return array.reshape(len(array), array.size // max(1, len(array)))


def _starts(sorted_numbers: np.ndarray, count: int) -> np.ndarray:
    """Where each of `count` numbers begins among them."""
    return np.searchsorted(sorted_numbers, np.arange(count + 1))
