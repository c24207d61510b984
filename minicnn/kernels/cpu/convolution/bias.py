"""The gradient of a bias on a user's float32 arrays, summed where it lies: every number is read once, so the time is that of reading."""

from __future__ import annotations

from math import prod

import numpy as np

from minicnn.kernels.machine_code.compile import FAST_MATH, kernel


def sum_over_images(dbias: np.ndarray, dy: np.ndarray) -> None:
    """dbias (K,) or (K, *tile), written: dy (N, K, *out) summed over images and over the positions that share a bias."""
    images, filters, *out = dy.shape
    if prod(dbias.shape[1:]) == 1:
        sum_planes(dbias.reshape(filters), dy.reshape(images, filters, prod(out)))
    else:
        ones = (1,) * (3 - len(out))
        sum_tiles(dbias.reshape(filters, *ones, *dbias.shape[1:]), dy.reshape(images, filters, *ones, *out))


@kernel(math=FAST_MATH)
def sum_planes(dbias, dy):
    """dbias[k] = sum over n, p of dy[n,k,p], kept in float64 until the end."""
    images, filters, pixels = dy.shape
    for k in range(filters):
        total = np.float64(0)
        for n in range(images):
            for p in range(pixels):
                total += dy[n, k, p]
        dbias[k] = total


@kernel(math=FAST_MATH)
def sum_tiles(dbias, dy):
    """dbias[k,a,u,v] = sum over n and all o = a, p = u, q = v modulo the tile of dy[n,k,o,p,q]: a filter's tile waits in cache."""
    filters, A, U, V = dbias.shape
    images, _, O, P, Q = dy.shape
    tile = np.empty((A, U, V), np.float64)
    for k in range(filters):
        tile[...] = 0
        for n in range(images):
            for o in range(O):
                for p in range(P):
                    row = tile[o % A, p % U]
                    for first in range(0, Q, V):
                        for v in range(min(V, Q - first)):
                            row[v] += dy[n, k, o, p, first + v]
        dbias[k] = tile
