"""Whether this process is one of several that `mpiexec` has started, without MPI."""

from __future__ import annotations

import os

DATA, MODEL = "data", "model"
KINDS = (DATA, MODEL)

SIZES = (
    "PMI_SIZE",
    "OMPI_COMM_WORLD_SIZE",
    "MV2_COMM_WORLD_SIZE",
)  # MPICH, Intel MPI, Microsoft MPI and srun --mpi=pmi2; Open MPI; MVAPICH


def launched_ranks() -> int:
    """How many ranks `mpiexec` has started, by what it leaves in the environment; 1 without it."""
    given = next((os.environ[name] for name in SIZES if name in os.environ), "")
    return int(given) if given.isdecimal() and int(given) else 1
