"""A batch of a run without the host: its images and labels from a data set on the device, its result into the run's array, the next one.

One number on the device, `job`, says which batch of the run it is, and indexes order, keys and rates.

Of a pixel's images 32 threads take one each, so that what they write is one piece; the pixels that they read lie an image apart, but the
next ones of each come from the cache.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np
from numba import cuda

from minicnn.kernels import random_bits
from minicnn.kernels.cuda.compile import Kernel, blocks_for
from minicnn.kernels.cuda.launches import Handle, Launches, contiguous_strides, strided
from minicnn.kernels.cuda.runtime import SIMULATED

if TYPE_CHECKING:
    from minicnn.kernels.cpu.pointwise.lowering import Loading

LANES = 2 if SIMULATED else 32  # threads that share a pixel
MASK = random_bits.MASK
ZERO = np.float32(0)
uniform_bits = cuda.jit(device=True, inline="always")(random_bits.uniform_bits)


def load_images(x, labels_of_batch, images, labels, order, job, keys, scale, shift, batch, count, moves, mirrors):  # type: ignore[no-untyped-def]
    """x[c, d, h, w, n] = images[order[first + n], c, d, h, w] * scale[c] + shift[c], where first = job * batch; 0 in lanes without an image.

    As in `minicnn.kernels.cpu.lanes.transfer.load_changed_images`: moved by up to `moves` pixels, every other image mirrored.

    batch, count : images of a whole batch, and of this one
    """
    channels, depth, height, width, row = x.shape
    first, pixels, span = job[0] * batch, depth * height * width, 2 * moves + 1
    numbers = images.flat  # reshape would call a function that is compiled from CUDA C on the device
    for element in range(cuda.grid(1) // LANES, channels * pixels, cuda.gridsize(1) // LANES):
        c, d, h, w = element // pixels, element // (height * width) % depth, element // width % height, element % width
        for n in range(cuda.grid(1) % LANES, row, LANES):
            value = ZERO
            if n < count:
                image, line, column = order[first + n], h, w
                if moves > 0 or mirrors > 0:
                    chance = uniform_bits(keys[job[0]] & MASK, keys[job[0]] >> 32, n)
                    if height > 1:
                        line = h - (chance % span - moves)
                    column = (width - 1 - w if mirrors > 0 and chance >> 31 == 1 else w) - (chance // span % span - moves)
                if 0 <= line < height and 0 <= column < width:
                    value = np.float32(numbers[image * channels * pixels + ((c * depth + d) * height + line) * width + column]) * scale[c]
                value += shift[c]
                if element == 0 and image < labels.size:
                    labels_of_batch[n] = labels[image]
            x[c, d, h, w, n] = value


LOAD = Kernel(load_images)


def append_load(
    launches: Launches,
    x: Handle,
    labels_of_batch: Handle,
    images: Handle,
    labels: Handle,
    order: Handle,
    job: Handle,
    batch: int,
    loading: Loading,
    keys: Handle | None = None,
) -> None:
    """Fetch the batch that `job` counts.

    x : (N, C, *space) float32, images innermost, written with the lanes without an image
    labels_of_batch : (N,) integers, written
    images : (M, C, *space) uint8 or float32, contiguous
    labels : (M,) integers; fewer if nobody asks for those of the batch
    order : (batches * batch,) integers: which image comes when; batch j begins at order[j * batch]
    job : (1,) integers
    keys : (batches,) int64: what changes are drawn from; nothing if there are none
    """
    count, channels, *space = x.shape
    sizes = (prod(space[:-2]), *[1, 1, *space][-2:])
    blocks, threads = blocks_for(channels * prod(sizes) * LANES)
    shape = (channels, *sizes, -(-count // 4) * 4)
    whole = strided(x, shape, contiguous_strides(shape))
    scale, shift = (launches.table(np.asarray(each, np.float32)) for each in (loading.scale, loading.shift))
    changes = (scale, shift, batch, count, loading.moves, int(loading.mirrors))
    arrays = (whole, labels_of_batch, images, labels, order, job, job if keys is None else keys)
    launches.launch(LOAD, blocks, *arrays, *changes, threads=threads)


def store(output, y, job, batch):  # type: ignore[no-untyped-def]
    """output[job*batch + n, f] = y[n, f]; neighbouring threads write neighbouring numbers."""
    images, features = y.shape
    first = job[0] * batch
    for place in range(cuda.grid(1), images * features, cuda.gridsize(1)):
        n = place // features
        f = place - n * features
        output[first + n, f] = y[n, f]


STORE = Kernel(store)


def append_store(launches: Launches, output: Handle, y: Handle, job: Handle, batch: int) -> None:
    """Write y (N, F) to the rows of batch number job[0].

    output : (images of the run, F)
    batch : images of a whole batch; 0 where every batch begins at row 0
    """
    blocks, threads = blocks_for(y.size)
    launches.launch(STORE, blocks, output, y, job, batch, threads=threads)


def advance(job):  # type: ignore[no-untyped-def]
    """The next batch."""
    if cuda.grid(1) == 0:
        job[0] += 1


ADVANCE = Kernel(advance, threads=1)


def append_advance(launches: Launches, job: Handle) -> None:
    """Go on to the next batch; job (1,) integers."""
    launches.launch(ADVANCE, 1, job)
