"""A batch's result, images first, into the rows of a run's array."""

from __future__ import annotations

from numba import cuda

from minicnn.kernels.cuda.compile import Kernel
from minicnn.kernels.cuda.launches import Handle, Launches, blocks_for


def store_loop(output, y, job, batch):  # type: ignore[no-untyped-def]
    """output[job*batch + n, f] = y[n, f]; neighbouring threads write neighbouring numbers."""
    images, features = y.shape
    first = job[0] * batch
    for place in range(cuda.grid(1), images * features, cuda.gridsize(1)):
        n = place // features
        f = place - n * features
        output[first + n, f] = y[n, f]


STORE = Kernel(store_loop)


def append_store(launches: Launches, output: Handle, y: Handle, job: Handle, batch: int) -> None:
    """Write y (N, F) to the rows of batch number job[0].

    output : (images of the run, F)
    batch : images of a whole batch; 0 where every batch begins at row 0
    """
    blocks, threads = blocks_for(y.size)
    launches.launch(STORE, blocks, output, y, job, batch, threads=threads)
