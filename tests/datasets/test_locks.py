"""Locks of those who do not wait."""

import os

from minicnn.datasets.locks import Lock


def test_one_holds_it_at_a_time(tmp_path):
    first = Lock.take(tmp_path / "lock")
    assert Lock.take(tmp_path / "lock") is None
    first.release()
    assert os.listdir(tmp_path) == []
    second = Lock.take(tmp_path / "lock")
    first.release()  # again does nothing, and not to the second's file
    assert os.listdir(tmp_path) == ["lock"]
    second.release()


def test_a_file_that_its_holder_removes_while_it_is_opened_is_not_taken(tmp_path, monkeypatch):
    """Whoever has opened the old file must not hold a lock beside one who makes a new file."""
    first = Lock.take(tmp_path / "lock")
    opened = os.open

    def slowly(*arguments):
        descriptor = opened(*arguments)
        first.release()
        return descriptor

    monkeypatch.setattr("minicnn.datasets.locks.os.open", slowly)
    second = Lock.take(tmp_path / "lock")
    monkeypatch.undo()
    assert os.path.samestat(os.stat(tmp_path / "lock"), os.fstat(second._descriptor))
    assert Lock.take(tmp_path / "lock") is None
    second.release()


def test_a_child_does_not_give_back_its_parents_lock(tmp_path):
    lock = Lock.take(tmp_path / "lock")
    child = os.fork()
    if not child:
        lock.release()
        os._exit(0)
    os.waitpid(child, 0)
    assert Lock.take(tmp_path / "lock") is None
    lock.release()
