"""PyTorch as the peer, where it is installed, and a protocol that wastes no time."""

from __future__ import annotations

import pytest

from minicnn.bench import Protocol


@pytest.fixture
def torch():
    """On one thread: the arrays are tiny, and a second thread would only wait."""
    module = pytest.importorskip("torch", reason="PyTorch is the peer: pip install torch")
    threads = module.get_num_threads()
    module.set_num_threads(1)
    yield module
    module.set_num_threads(threads)


@pytest.fixture
def hasty():
    """One turn of one call."""
    return Protocol(seconds=1e-6, least_turns=1, most_turns=1, turn_seconds=1e-6, rest_seconds=0)
