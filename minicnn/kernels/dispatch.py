"""To the machine where the arrays of a call lie: the processor, or a CUDA device, of which nothing is imported before."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from minicnn.kernels.cpu.convolution import call, linear_call
from minicnn.kernels.cpu.convolution.pieces import Piece


def by_loop(array: np.ndarray) -> bool:
    """Whether an operation on this array goes through its textbook loop: in float64, and on a device, where the loop becomes threads."""
    return type(array) is not np.ndarray or array.dtype == np.float64


def by_tiles(*arrays: np.ndarray) -> bool:
    """Whether tiles can compute it: in float32, and, on a device, if no array is empty."""
    return arrays[0].dtype == np.float32 and (type(arrays[0]) is np.ndarray or all(each.size for each in arrays))


def run(loop: Any, *arguments: Any) -> None:
    """A textbook loop, with its arguments as they stand; the first is an output."""
    if type(arguments[0]) is np.ndarray:
        loop(*arguments)
    else:
        from minicnn.kernels.cuda.call import run_loop

        run_loop(loop, arguments)


def compute(piece: Piece) -> None:
    """A pass of a convolution in float32, on tiles."""
    if type(piece.source) is np.ndarray:
        call.compute(piece)
    else:
        from minicnn.kernels.cuda.convolution.call import compute

        compute(piece)


def linear_passes(array: np.ndarray) -> ModuleType:
    """The passes of a fully connected layer in float32."""
    if type(array) is np.ndarray:
        return linear_call
    from minicnn.kernels.cuda.convolution import linear_call as on_device

    return on_device


def variant_on_device() -> ModuleType:
    """The passes of a user's own convolution on arrays of a device."""
    from minicnn.kernels.cuda import variant_call

    return variant_call
