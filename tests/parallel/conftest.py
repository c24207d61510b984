"""Programs that several ranks run, started by `mpiexec`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from .launching import found_mpiexec

SECONDS = 120.0  # for ranks that wait for each other for ever


@pytest.fixture(scope="session")
def mpiexec() -> Callable[..., list[str]]:
    """The command that starts so many ranks of this Python."""
    found = found_mpiexec()

    def command(ranks: int, *words: str) -> list[str]:
        return [found, "-n", str(ranks), sys.executable, *words]

    return command


@pytest.fixture(scope="session")
def run_ranks(mpiexec: Callable[..., list[str]]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run Python's words on so many ranks, to the end."""

    def run(ranks: int, *words: str, **how: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(mpiexec(ranks, *words), capture_output=True, text=True, timeout=SECONDS, **how)

    return run
