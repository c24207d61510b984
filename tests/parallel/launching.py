"""Where `mpiexec` is."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest


def found_mpiexec() -> str:
    """Its path; the test is skipped, with the reason, where it or mpi4py is missing."""
    pytest.importorskip("mpi4py", reason="there is no mpi4py here: pip install 'minicnn[mpi]' mpich")
    found = shutil.which("mpiexec", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    if found is None:
        pytest.skip("there is no mpiexec here: pip install mpich")
    library = Path(found).resolve().parents[1] / "lib" / "libmpi.so.12"
    if library.exists():  # of MPICH's wheel, which need not lie in the environment that runs
        os.environ.setdefault("MPI4PY_LIBMPI", str(library))
    return found
