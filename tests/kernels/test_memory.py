"""Memory of large results is used again, never while an array refers to it, not without limit; what is not free is refused."""

import gc

import numpy as np
import pytest

from minicnn import kernels
from minicnn.errors import ShapeError
from minicnn.kernels import memory

SHAPE = (3, 5, 1 << 20)  # 60 MiB of float32


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


@pytest.fixture
def free(monkeypatch):
    """Almost a gigabyte is free, and what is kept would be as well if it were given back."""
    monkeypatch.setattr(memory, "free_bytes", lambda: (1 << 30) - (1 << 20) - memory.kept_bytes())


def test_more_than_is_free_is_refused_before_it_is_allocated(free, monkeypatch):
    monkeypatch.setattr(memory, "empty", lambda *given: pytest.fail("allocated"))
    x = np.zeros((1, 1, 1 << 15, 1), np.float32)
    for call in (
        lambda: kernels.upsample2d(x, (1, 1 << 13)),
        lambda: kernels.conv2d(x, x[:, :, :1], padding=(0, 1 << 12)),
        lambda: kernels.relu(np.broadcast_to(np.float32(1), (1 << 28,))),
        lambda: kernels.fourier_basis(1 << 13),
        lambda: kernels.relu(np.broadcast_to(np.float32(1), (1 << 30, 1)).T),
    ):
        with pytest.raises(ShapeError, match=r"^[a-z0-9_]+: .* needs \d+\.\d GiB of memory, but 1\.0 GiB are free$"):
            call()


def test_what_is_kept_is_given_back_first(free):
    piece = memory.empty(SHAPE, np.float32)
    del piece
    memory.check_room((1 << 30) - (1 << 20), "test: nothing")
    assert not memory.kept_bytes()


def test_little_is_not_asked_for(monkeypatch):
    monkeypatch.setattr(memory, "free_bytes", lambda: pytest.fail("asked"))
    memory.check_room(memory.ASKED_BYTES - 1, "test: nothing")


def test_the_fix_is_told(free):
    with pytest.raises(ShapeError, match=r"^test: a table needs 2\.0 GiB of memory, but 1\.0 GiB are free\n  use less$"):
        memory.check_room(2 << 30, "test: a table", "use less")
