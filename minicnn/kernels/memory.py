"""Available memory, and the memory of large results, reused once they are gone.

A result of hundreds of megabytes comes from the system page by page, each filled with zeros before it is written: 40 ms for the 600 MB of
an unshared weight gradient that takes 60 to compute.  Memory of results that no array refers to any more is kept for the next ones.
"""

from __future__ import annotations

import sys
from math import prod

import numpy as np
from numpy.typing import DTypeLike

from minicnn.errors import ShapeError
from minicnn.kernels.system_memory import free_bytes, memory_bytes
from minicnn.locks import new_lock

SMALL_BYTES = 1 << 12  # below this, vectors that straddle cache lines cost less than aligning
LARGE_BYTES = 1 << 25  # the C library keeps smaller blocks itself
KEPT_BYTES = 1 << 30  # at most, and no more than an eighth of this machine's memory
ASKED_BYTES = 1 << 26  # less is allocated without asking what is free, which takes up to 0.2 ms
ALIGNMENT = 64  # bytes: a 1x1 convolution that reads its input in place is a tenth faster

_kept: list[np.ndarray] = []  # the latest last
_lock = new_lock()  # a block may be freed while this thread is in here


class _Block:
    """Memory of arrays, returned when the last of them is gone."""

    def __init__(self, memory: np.ndarray) -> None:
        self._memory = memory
        self.__array_interface__ = memory.__array_interface__

    def __del__(self) -> None:
        if not sys.is_finalizing():
            _give_back(self._memory)


def check_room(size: int, what: str, fix: str = "") -> None:
    """Refuse to allocate more memory than is free, before the system promises it and fails later.

    Parameters
    ----------
    size : int
        In bytes.
    what : str
        What needs it, with the name of the call: "conv2d: a result of the shape (1, 2, 3)".
    fix : str
        What would fit, such as "use fewer images at a time".

    Raises
    ------
    ShapeError
        If there is not enough.
    """
    if size < ASKED_BYTES or size <= free_bytes():
        return
    forget()
    free = free_bytes()
    if size > free:
        raise ShapeError(
            f"{what} needs {size / 2**30:.1f} GiB of memory, but {free / 2**30:.1f} GiB are free" + (f"\n  {fix}" if fix else "")
        )


def empty(shape: tuple[int, ...], dtype: DTypeLike) -> np.ndarray:
    """An uninitialized array, aligned to a cache line if it is not small.

    Raises
    ------
    MemoryError, ValueError
        If there is not enough memory.
    """
    needed = prod(shape) * np.dtype(dtype).itemsize
    if needed < SMALL_BYTES:
        return np.empty(shape, dtype)
    if needed < LARGE_BYTES:
        return _aligned(needed).view(dtype).reshape(shape)
    memory = _take(needed)
    if memory is None:
        try:
            memory = _aligned(needed)
        except MemoryError:
            forget()
            memory = _aligned(needed)
    return np.asarray(_Block(memory))[:needed].view(dtype).reshape(shape)


def forget() -> None:
    """Return the kept memory to the system."""
    with _lock:
        _kept.clear()


def kept_bytes() -> int:
    """Bytes kept."""
    with _lock:
        return sum(memory.nbytes for memory in _kept)


def _aligned(size: int) -> np.ndarray:
    raw = np.empty(size + ALIGNMENT, np.uint8)
    begin = -raw.ctypes.data % ALIGNMENT
    return raw[begin : begin + size]


def _take(needed: int) -> np.ndarray | None:
    """The smallest block that is large enough, if it is less than twice as large as needed."""
    with _lock:
        fitting = [n for n, memory in enumerate(_kept) if needed <= memory.nbytes <= 2 * needed]
        return _kept.pop(min(fitting, key=lambda n: _kept[n].nbytes)) if fitting else None


def _give_back(memory: np.ndarray) -> None:
    with _lock:
        _kept.append(memory)
        while kept_bytes() > min(KEPT_BYTES, memory_bytes() // 8):
            _kept.pop(0)
