"""Whether this process is one of several that `mpiexec` has started; without MPI, so that a plain start loads none."""

from __future__ import annotations

import os

DATA, MODEL = "data", "model"
KINDS = (DATA, MODEL)

LAUNCHERS = ("PMI", "OMPI_COMM_WORLD", "MV2_COMM_WORLD")  # MPICH, Intel MPI, Microsoft MPI and srun --mpi=pmi2; Open MPI; MVAPICH


def launched_ranks() -> int:
    """How many ranks `mpiexec` has started, by what it leaves in the environment; 1 without it."""
    return max(1, _given("SIZE"))


def launched_rank() -> int:
    """Which of them this process is, from 0."""
    return _given("RANK")


def _given(what: str) -> int:
    words = [os.environ.get(f"{launcher}_{what}", "") for launcher in LAUNCHERS]
    return next((int(word) for word in words if word.isdecimal()), 0)
