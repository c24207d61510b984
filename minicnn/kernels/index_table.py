"""A user's index map: put on three axes, compiled, asked once for every tap of every output, and checked.

    channel, h, w, j = index_map(k, p, q, c, r, s)        two axes; on one axis without h, p and r, on three with d, o and t as well

The answers become a table of reads, so that no fast loop ever calls, or trusts, a user's function.  What does call it is compiled in
every process: what a user's function refers to may change without a trace in its text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from math import prod
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from numba import njit, types
from numba.core.dispatcher import Dispatcher
from numba.core.errors import NumbaError

from minicnn.errors import SettingError, ShapeError
from minicnn.kernels.textbook.compile import kernel
from minicnn.kernels.textbook.variant import is_read

MOST_TAPS = 1 << 24  # of all outputs together: their tables then take about half a GiB
MOST_PYTHON_TAPS = 1 << 22  # where Python calls the map: some seconds

MOST_WEIGHTS = MOST_TAPS
ANY_WEIGHT = 1 << 62

ARGUMENTS = {1: "k q c s", 2: "k p q c r s", 3: "k o p q c t r s"}
ANSWERS = {1: "channel, column, weight index", 2: "channel, row, column, weight index", 3: "channel, slice, row, column, weight index"}

COLOUR = re.compile(r"\x1b\[[0-9;]*m")

IndexMap = Callable[..., Any]


class Reads(NamedTuple):
    """Every multiplication of one image, by output and then in the order of the taps; all numbers are flat positions."""

    output: np.ndarray  # (reads,) int32, in (K, *out)
    input: np.ndarray  # (reads,) int32, in (C, *in)
    weight: np.ndarray  # (reads,) int32


class Uses(NamedTuple):
    """The reads the other way round: by weight, and then in the order of `Reads`."""

    output: np.ndarray  # (reads,) int32
    input: np.ndarray  # (reads,) int32
    first: np.ndarray  # (weights + 1,) int64: weight j is used by those from first[j] up to first[j + 1]


def by_weight(reads: Reads, weights: int) -> Uses:
    """Turn the map around: where is every weight used?"""
    order = np.argsort(reads.weight, kind="stable")
    return Uses(reads.output[order], reads.input[order], np.searchsorted(reads.weight[order], np.arange(weights + 1)))


def on_three_axes(index_map: IndexMap, axes: int) -> IndexMap:
    """The same map for an image with two more axes of one pixel; works for compiled maps and for plain ones."""
    if axes == 1:

        def wide(k, o, p, q, c, t, r, s):
            channel, w, j = index_map(k, q, c, s)
            return channel, 0, 0, w, j
    elif axes == 2:

        def wide(k, o, p, q, c, t, r, s):
            channel, h, w, j = index_map(k, p, q, c, r, s)
            return channel, 0, h, w, j
    else:
        return index_map
    return wide


def checked(where: str, index_map: IndexMap, axes: int) -> IndexMap:
    """The map in plain Python, with a message where it fails or gives something else than whole numbers."""
    letters, wanted = ARGUMENTS[axes].split(), ANSWERS[axes]

    def careful(*position):
        at = f"index_map({', '.join(f'{letter}={n}' for letter, n in zip(letters, position, strict=True))})"
        try:
            answer = index_map(*position)
        except Exception as error:  # whatever a user's function raises is the user's to mend
            raise SettingError(
                f"{where}: {at} raises {type(error).__name__}: {error}\n  it is called with ({', '.join(letters)}) and returns ({wanted})"
            ) from error
        if not isinstance(answer, tuple) or len(answer) != axes + 2 or not all(isinstance(n, (Integral, np.bool_)) for n in answer):
            raise SettingError(f"{where}: {at} gives {answer!r}, but must give {axes + 2} whole numbers\n  wanted  ({wanted})")
        return tuple(int(n) for n in answer)

    return careful


def compiled_map(where: str, index_map: IndexMap, axes: int) -> IndexMap:
    """The map compiled for whole numbers, reading no array beyond its end; a SettingError with Numba's reason if that cannot be."""
    plain = index_map.py_func if isinstance(index_map, Dispatcher) else index_map
    try:
        machine = njit(boundscheck=True)(plain)
        if hasattr(machine, "compile"):  # not under NUMBA_DISABLE_JIT
            machine.compile((types.int64,) * len(ARGUMENTS[axes].split()))
    except (NumbaError, TypeError, NotImplementedError) as error:
        raise SettingError(
            f"{where}: Numba cannot compile index_map: {_reason(error)}\n  use whole numbers, tuples and NumPy arrays"
            f" alone, or compiled=False: Python then calls it at every tap"
        ) from error
    if hasattr(machine, "nopython_signatures"):
        kind = machine.nopython_signatures[0].return_type
        answers = getattr(kind, "types", ())  # those of a tuple
        if not answers or not all(isinstance(each, (types.Integer, types.Boolean)) for each in answers):
            raise SettingError(
                f"{where}: index_map returns {kind}, but must return whole numbers\n  wanted  ({ANSWERS[axes]})"
                f"\n  // divides whole numbers, / makes floats"
            )
    return machine if axes == 3 else njit(on_three_axes(machine, axes))


def _reason(error: Exception) -> str:
    """The line of Numba's message that says what it stumbled over, without colours."""
    lines = [COLOUR.sub("", line).strip() for line in str(error).splitlines()]
    return next((line for line in lines if line and not line.startswith("Failed in")), type(error).__name__)


def three(sizes: tuple[int, ...]) -> tuple[int, int, int, int]:
    """(C, *space) with one pixel on the axes that are missing: (C, D, H, W)."""
    first, *space = sizes
    return (first, *(1,) * (3 - len(space)), *space)  # type: ignore[return-value]


@kernel
def ask(output, input, weight, index_map, x_shape, y_shape, taps):
    """Ask the map for every tap and keep what is read; returns the number of reads and the largest weight index.

    Parameters
    ----------
    output, input, weight : (outputs * taps,) int32, written as far as there are reads
    """
    D, H, W = x_shape[2:]
    K, O, P, Q = y_shape
    channels, T, R, S = taps
    count, largest = 0, -1
    for k in range(K):
        for o in range(O):
            for p in range(P):
                for q in range(Q):
                    for c in range(channels):
                        for t in range(T):
                            for r in range(R):
                                for s in range(S):
                                    channel, d, h, w, j = index_map(k, o, p, q, c, t, r, s)
                                    if is_read(channel, d, h, w, j, x_shape, ANY_WEIGHT):
                                        output[count] = ((k * O + o) * P + p) * Q + q
                                        input[count] = ((channel * D + d) * H + h) * W + w
                                        weight[count] = min(j, MOST_WEIGHTS)
                                        largest = max(largest, j)
                                        count += 1
    return count, largest


def tabulate(
    where: str, index_map: IndexMap, compiled: bool, input_shape: tuple[int, ...], output_shape: tuple[int, ...], taps: tuple[int, ...]
) -> tuple[Reads, IndexMap]:
    """The table of all reads, and the map as the textbook loops take it.

    Raises
    ------
    ShapeError
        If the table, or the input, would be too large.
    SettingError
        If the map cannot be compiled, fails, or gives something else than whole numbers.
    """
    axes, outputs, each = len(input_shape) - 1, prod(output_shape), prod(taps)
    most = MOST_TAPS if compiled else MOST_PYTHON_TAPS
    if prod(input_shape) > most:
        raise ShapeError(f"{where}: the input has {prod(input_shape)} pixels, but a table holds at most {most}\n  input  {input_shape}")
    if outputs * each > most:
        raise ShapeError(
            f"{where}: {outputs} outputs with {each} taps each are {outputs * each} taps, but a table holds at most {most}"
            f"\n  output  {output_shape}\n  taps    {taps}\n  use smaller sizes"
            + ("" if compiled else ", or a map that Numba can compile")
            + "; the built-in convolutions need no table"
        )
    careful = checked(where, index_map, axes)
    careful(*(0,) * len(ARGUMENTS[axes].split()))
    wide = compiled_map(where, index_map, axes) if compiled else on_three_axes(careful, axes)
    arrays = [np.empty(outputs * each, np.int32) for _ in range(3)]
    loop = ask if compiled else getattr(ask, "py_func", ask)
    try:
        count, largest = loop(*arrays, wide, (1, *three(input_shape)), three(output_shape), three(taps))
    except SettingError:
        raise
    except Exception as error:  # the user's function, compiled, somewhere
        raise SettingError(f"{where}: index_map raises {type(error).__name__}: {error}\n  compiled=False tells where") from error
    if not count:
        raise SettingError(
            f"{where}: index_map reads nothing: every position is outside the input, or has a negative weight index"
            f"\n  input   {input_shape}\n  output  {output_shape}\n  taps    {taps}"
        )
    if largest >= MOST_WEIGHTS:
        raise SettingError(f"{where}: index_map gives weight index {largest}, but a table holds at most {MOST_WEIGHTS} weights")
    return Reads(*(array if count == outputs * each else array[:count].copy() for array in arrays)), wide
