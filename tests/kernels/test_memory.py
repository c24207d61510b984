"""Memory of large results is used again, never while an array refers to it, and not without limit."""

import gc

import numpy as np
import pytest

from minicnn.kernels import memory

SHAPE = (3, 5, 1 << 20)   # 60 MiB of float32


@pytest.fixture(autouse=True)
def nothing_kept():
    memory.forget()
    yield
    memory.forget()


def test_used_again():
    first = memory.empty(SHAPE, np.float32)
    assert first.shape == SHAPE
    assert first.dtype == np.float32
    assert first.flags.c_contiguous
    assert first.flags.writeable
    place = first.ctypes.data
    assert place % memory.ALIGNMENT == 0
    del first
    assert memory.kept_bytes() == 4 * 15 << 20
    second = memory.empty((15, 1 << 20), np.float32)
    assert second.ctypes.data == place
    assert not memory.kept_bytes()


def test_not_while_a_view_lives():
    whole = memory.empty(SHAPE, np.float32)
    whole[...] = 7
    row = whole[1, 2, ::3]
    del whole
    gc.collect()
    other = memory.empty(SHAPE, np.float32)
    other[...] = 8
    assert (row == 7).all()


def test_not_for_much_less():
    del_later = memory.empty(SHAPE, np.float32)
    del del_later
    small = memory.empty((1, 7, 1 << 20), np.float32)
    assert memory.kept_bytes() == 4 * 15 << 20
    small[...] = 0


def test_limit(monkeypatch):
    monkeypatch.setattr(memory, "KEPT_BYTES", 100 << 20)
    arrays = [memory.empty(SHAPE, np.float32) for _ in range(3)]
    del arrays
    assert memory.kept_bytes() == 4 * 15 << 20


def test_small_results_are_their_own():
    assert memory.empty((4, 4), np.float64).flags.owndata


def test_too_large():
    with pytest.raises((MemoryError, ValueError)):
        memory.empty((1 << 50,), np.float32)
