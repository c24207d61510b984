"""The machine's measure: what it says is plausible, whatever the machine."""

from __future__ import annotations

import os

import numpy as np
import pytest

from minicnn.bench import machine
from minicnn.errors import SettingError


def test_peaks_are_positive_and_named():
    found = machine.measure_machine(1, ("numba",))
    assert found.cpu
    assert found.threads == 1 <= found.processors
    assert found.lanes in (4, 8, 16)
    assert found.peak_flops > 1e8
    assert found.peak_bytes > 1e7
    assert {"minicnn", "python", "numpy", "numba"} <= set(found.versions)


def test_the_loop_computes():
    """Or LLVM would be right to leave it out."""
    from minicnn.kernels.cpu.lanes.vector import LANES
    from minicnn.kernels.cpu.program.peak import CHAINS, multiply_add_rounds

    factor, summand = 0.5, 0.25
    chains = [factor * (n + 1) for n in range(CHAINS)]
    for _ in range(3):
        chains = [x * factor + summand for x in chains]
    assert multiply_add_rounds(3, np.float32(factor), np.float32(summand)) == pytest.approx(LANES * sum(chains), rel=1e-5)


def test_copy_copies():
    from minicnn.kernels.cpu.program.peak import copy

    x, y = np.arange(64, dtype=np.float32), np.zeros(64, np.float32)
    copy(y, x)
    assert np.array_equal(x, y)


def test_together_waits_for_all():
    done = []
    assert machine.together(3, done.append) >= 0
    assert sorted(done) == [0, 1, 2]


def test_rest_is_a_share():
    assert 0 < machine.Watch(1).rest() <= 1


def test_pinned():
    if not hasattr(os, "sched_getaffinity"):
        pytest.skip("this system does not pin processes")
    before = os.sched_getaffinity(0)
    with machine.pinned(1):
        assert machine.processors() == 1
    assert os.sched_getaffinity(0) == before
    with machine.pinned(len(before)):
        assert os.sched_getaffinity(0) == before


def test_more_threads_than_processors():
    words = r"1000000 threads were requested, but this process may use \d+ processors"
    with pytest.raises(SettingError, match=words), machine.pinned(10**6):
        pass


def test_a_system_that_cannot_pin(monkeypatch):
    monkeypatch.setattr(machine, "processors", lambda: 4)
    monkeypatch.delattr(os, "sched_setaffinity", raising=False)
    with pytest.raises(SettingError, match="cannot restrict a process to 2 of its 4 processors"), machine.pinned(2):
        pass
