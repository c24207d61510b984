"""Programs that several ranks run, started by `mpiexec`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SECONDS = 120.0  # for ranks that wait for each other for ever


@pytest.fixture(scope="session")
def mpiexec() -> Callable[..., list[str]]:
    """The command that starts so many ranks of this Python."""
    pytest.importorskip("mpi4py", reason="there is no mpi4py here: pip install 'minicnn[mpi]' mpich")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    found = shutil.which("mpiexec", path=path)
    if found is None:
        pytest.skip("there is no mpiexec here: pip install mpich")
    library = Path(found).resolve().parents[1] / "lib" / "libmpi.so.12"
    if library.exists():  # MPICH's wheel, which need not be in this environment
        os.environ.setdefault("MPI4PY_LIBMPI", str(library))

    def command(ranks: int, *words: str) -> list[str]:
        return [found, "-n", str(ranks), sys.executable, *words]

    return command


@pytest.fixture(scope="session")
def run_ranks(mpiexec: Callable[..., list[str]]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run Python's words on so many ranks, to the end."""

    def run(ranks: int, *words: str, **how: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(mpiexec(ranks, *words), capture_output=True, text=True, timeout=SECONDS, **how)

    return run
