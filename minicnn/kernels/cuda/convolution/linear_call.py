"""The fully connected layer on a user's float32 arrays of a device: a convolution without axes."""

from __future__ import annotations

from typing import Any

from minicnn.kernels.cpu.convolution.pieces import Piece
from minicnn.kernels.cpu.convolution.problem import BACKWARD_INPUT, BACKWARD_WEIGHT, FORWARD, Problem
from minicnn.kernels.cuda.convolution.call import compute


def forward(y: Any, x: Any, weight: Any, bias: Any) -> None:
    """y (N, K) from x (N, F), weight (K, F) and bias (K,)."""
    compute(Piece(_problem(FORWARD, weight), y, x, weight, bias))


def backward_input(dx: Any, dy: Any, weight: Any) -> None:
    """dx (N, F) from dy (N, K) and weight (K, F)."""
    compute(Piece(_problem(BACKWARD_INPUT, weight), dx, dy, weight))


def backward_weight(dweight: Any, dy: Any, x: Any) -> None:
    """dweight (K, F) from dy (N, K) and x (N, F)."""
    compute(Piece(_problem(BACKWARD_WEIGHT, dweight), dweight, dy, x))


def _problem(work: str, weight: Any) -> Problem:
    filters, features = weight.shape
    return Problem(work, (), 1, (), False, features, filters)
