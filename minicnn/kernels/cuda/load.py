"""A batch's images and labels, from a data set that lies on the device.

32 threads share a pixel and take an image each, so that what they write is one piece; the pixels that they read lie an image apart, but
the next ones of each come from the cache.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np
from numba import cuda

from minicnn.kernels import random_bits
from minicnn.kernels.cuda.compile import Kernel, blocks_for
from minicnn.kernels.cuda.launches import Handle, Launches, strided
from minicnn.kernels.cuda.runtime import SIMULATED

if TYPE_CHECKING:
    from minicnn.kernels.cpu.pointwise.lowering import Loading

LANES = 2 if SIMULATED else 32  # threads that share a pixel
MASK = random_bits.MASK
ZERO = np.float32(0)
uniform_bits = cuda.jit(device=True, inline="always")(random_bits.uniform_bits)


def load_images(x, labels_of_batch, images, labels, order, job, keys, scale, shift, sizes, moves, mirrors):  # type: ignore[no-untyped-def]
    """x[c, d, h, w, n] = images[order[first + n], c, d, h, w] * scale[c] + shift[c], where first = job * batch; 0 in lanes without an image.

    As in `minicnn.kernels.cpu.lanes.transfer.load_changed_images`: moved by up to `moves` pixels, every other image mirrored.

    sizes : batch, images of this one, elements from pixel to pixel of x, channels, depth, height, width
    """
    batch, count, row, channels, depth, height, width = sizes[0], sizes[1], sizes[2], sizes[3], sizes[4], sizes[5], sizes[6]
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
            x[element * row + n] = value


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

    Parameters
    ----------
    x : (N, C, *space) float32, images innermost, written
        With the lanes without an image.
    labels_of_batch : (N,) integers, written
    images : (M, C, *space) uint8 or float32, contiguous
    labels : (M,) integers; fewer if nobody asks for those of the batch
    order : (batches * batch,) integers
        Which image comes when.
    job : (1,) integers
        Which batch of the run it is.
    batch : int
        Images of a full one: batch j begins at order[j * batch].
    loading : Loading
        Scale and shift of every channel, and changes drawn by chance.
    keys : (batches,) int64
        What changes are drawn from; nothing if there are none.
    """
    count, channels, *space = x.shape
    depth, height, width = ([1] * 3 + [prod(space[:-2]), *space[-2:]])[-3:] if space else (1, 1, 1)
    row = -(-count // 4) * 4
    scale, shift = (launches.table(np.asarray(each, np.float32)) for each in (loading.scale, loading.shift))
    sizes = launches.table(np.array([batch, count, row, channels, depth, height, width], np.int64))
    whole = strided(x, (channels * prod(space) * row,), (1,))
    changes = (job if keys is None else keys, scale, shift, sizes, loading.moves, int(loading.mirrors))
    blocks, threads = blocks_for(channels * prod(space) * LANES)
    launches.launch(LOAD, blocks, whole, labels_of_batch, images, labels, order, job, *changes, threads=threads)
