"""One thread: labs are small, and their rows do not depend on it."""

from __future__ import annotations

import pytest

import minicnn


@pytest.fixture(autouse=True)
def one_thread():
    minicnn.set_threads(1)
    yield
    minicnn.set_threads(None)
