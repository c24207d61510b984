"""From batch to batch without the host: one number on the device says which batch of a run it is, and indexes order, keys and rates."""

from __future__ import annotations

from numba import cuda

from minicnn.kernels.cuda.compile import Kernel
from minicnn.kernels.cuda.launches import Handle, Launches


def advance(job):  # type: ignore[no-untyped-def]
    """The next batch."""
    if cuda.grid(1) == 0:
        job[0] += 1


ADVANCE = Kernel(advance, threads=1)


def append_advance(launches: Launches, job: Handle) -> None:
    """Go on to the next batch; job (1,) integers."""
    launches.launch(ADVANCE, 1, job)
