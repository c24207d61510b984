"""One convolution written six times, each time a step nearer to what the machine can do.

    y[n,k,p,q] = sum over c,r,s of x[n,c,p+r,q+s] * weight[k,c,r,s]       stride 1, no padding

The last of them is the engine's tile as it can be read; `cpu/convolution/tiles.py` has the same instruction by instruction.
`minicnn bench ladder` climbs the whole way and says what every step brings.

Letters: N images, C channels, K filters, H W and P Q rows and columns in and out, R S rows and columns of a filter.  All arrays float32.
"""

import numpy as np

from minicnn.kernels.cpu.lanes.vector import LANES, load, multiply_add, splat, store
from minicnn.kernels.machine_code.compile import kernel

ZERO = np.float32(0)


def textbook(y, x, weight):
    """The sum as it is printed: for every output, walk over the filter.

    Parameters
    ----------
    y : (N, K, P, Q), written
    x : (N, C, H, W)
    weight : (K, C, R, S)
    """
    N, K, P, Q = y.shape
    _, C, R, S = weight.shape
    for n in range(N):
        for k in range(K):
            for p in range(P):
                for q in range(Q):
                    total = ZERO
                    for c in range(C):
                        for r in range(R):
                            for s in range(S):
                                total += x[n, c, p + r, q + s] * weight[k, c, r, s]
                    y[n, k, p, q] = total


compiled = kernel(textbook)
"""The same function, compiled.  One sum waits for each of its additions: the processor does one multiplication where it could do 64."""


@kernel
def reordered(y, x, weight):
    """The taps outside, the columns inside: no output waits for another, and neighbours lie side by side.

    Now LLVM can take several columns at once, as many as a row has; but every tap reads and writes all of y.

    Parameters
    ----------
    y : (N, K, P, Q), written
    x : (N, C, H, W)
    weight : (K, C, R, S)
    """
    N, K, P, Q = y.shape
    _, C, R, S = weight.shape
    for n in range(N):
        for k in range(K):
            for p in range(P):
                for q in range(Q):
                    y[n, k, p, q] = ZERO
            for c in range(C):
                for r in range(R):
                    for s in range(S):
                        tap = weight[k, c, r, s]
                        for p in range(P):
                            for q in range(Q):
                                y[n, k, p, q] += tap * x[n, c, p + r, q + s]


@kernel
def lanes(y, x, weight):
    """The images inside: whatever stride, dilation or border a variant has, the innermost loop is always over neighbours.

    Parameters
    ----------
    y : (K, P, Q, N), written
    x : (C, H, W, N)
    weight : (K, C, R, S)
    """
    K, P, Q, N = y.shape
    _, C, R, S = weight.shape
    for k in range(K):
        for p in range(P):
            for q in range(Q):
                for n in range(N):
                    y[k, p, q, n] = ZERO
                for c in range(C):
                    for r in range(R):
                        for s in range(S):
                            tap = weight[k, c, r, s]
                            for n in range(N):
                                y[k, p, q, n] += tap * x[c, p + r, q + s, n]


@kernel
def one_sum(y, x, weight, places):
    """A vector of images at a time, its sum in a register: y is written once.  But each addition waits for the one before.

    Parameters
    ----------
    y : (K * P * Q * N,), written
        The images of one output side by side; N is a multiple of LANES.
    x : (C * H * W * N,)
    weight : (K, C, R, S)
    places : tuple of int
        C, H, W, N.
    """
    K, C, R, S = weight.shape
    _, H, W, N = places
    P, Q = H - R + 1, W - S + 1
    for k in range(K):
        for p in range(P):
            for q in range(Q):
                for n in range(0, N, LANES):
                    total = splat(ZERO)
                    for c in range(C):
                        for r in range(R):
                            for s in range(S):
                                images = load(x, ((c * H + p + r) * W + q + s) * N + n)
                                total = multiply_add(images, splat(weight[k, c, r, s]), total)
                    store(y, ((k * P + p) * Q + q) * N + n, total)


FILTERS, VECTORS = 6, 4


@kernel
def gather_tile(y, y_at, y_filter, x, x_at, weight, w_at, w_filter, taps, filters, vectors):
    """Six filters times four vectors of images: 24 sums stay in registers, and none waits for another, while all walk over a table of taps.

        y[y_at + k*y_filter + n] = sum over t of x[x_at + taps[t,0] + n] * weight[w_at + taps[t,1] + k*w_filter]

    What a tap costs is four loads of images and six of weights, for 24 multiply-adds.  A tile at the rim has fewer `filters` or `vectors`:
    it computes its last ones again and writes the same numbers there, so that one tile serves every size.

    Parameters
    ----------
    y, x, weight : (any,)
        y is written.
    taps : (taps, 2) int
    filters, vectors : int, from 1 to 6 and 1 to 4
    """
    k1, k2, k3, k4, k5 = min(1, filters - 1), min(2, filters - 1), min(3, filters - 1), min(4, filters - 1), min(5, filters - 1)
    n = 0, min(1, vectors - 1) * LANES, min(2, vectors - 1) * LANES, min(3, vectors - 1) * LANES
    sums0 = sums1 = sums2 = sums3 = sums4 = sums5 = splat(ZERO), splat(ZERO), splat(ZERO), splat(ZERO)
    for t in range(len(taps)):
        images = load_four(x, x_at + taps[t, 0], n)
        w = w_at + taps[t, 1]
        sums0 = add_products(sums0, images, weight[w])
        sums1 = add_products(sums1, images, weight[w + k1 * w_filter])
        sums2 = add_products(sums2, images, weight[w + k2 * w_filter])
        sums3 = add_products(sums3, images, weight[w + k3 * w_filter])
        sums4 = add_products(sums4, images, weight[w + k4 * w_filter])
        sums5 = add_products(sums5, images, weight[w + k5 * w_filter])
    store_four(y, y_at, n, sums0)
    store_four(y, y_at + k1 * y_filter, n, sums1)
    store_four(y, y_at + k2 * y_filter, n, sums2)
    store_four(y, y_at + k3 * y_filter, n, sums3)
    store_four(y, y_at + k4 * y_filter, n, sums4)
    store_four(y, y_at + k5 * y_filter, n, sums5)


@kernel
def load_four(x, at, n):
    """The images of four vectors."""
    return load(x, at + n[0]), load(x, at + n[1]), load(x, at + n[2]), load(x, at + n[3])


@kernel
def add_products(sums, images, tap):
    """The sums of one filter, each with one product more."""
    w = splat(tap)
    return (
        multiply_add(images[0], w, sums[0]),
        multiply_add(images[1], w, sums[1]),
        multiply_add(images[2], w, sums[2]),
        multiply_add(images[3], w, sums[3]),
    )


@kernel
def store_four(y, at, n, sums):
    """The sums of one filter."""
    store(y, at + n[0], sums[0])
    store(y, at + n[1], sums[1])
    store(y, at + n[2], sums[2])
    store(y, at + n[3], sums[3])


@kernel
def many_sums(y, x, weight, places):
    """Tile by tile; the taps of every output are one table, which says how far each is from the first.

    Parameters
    ----------
    y, x, weight, places
        As in `one_sum`.
    """
    K, C, R, S = weight.shape
    _, H, W, N = places
    P, Q = H - R + 1, W - S + 1
    taps = np.empty((C * R * S, 2), np.int64)
    for c in range(C):
        for r in range(R):
            for s in range(S):
                t = (c * R + r) * S + s
                taps[t] = ((c * H + r) * W + s) * N, t
    for k in range(0, K, FILTERS):
        for p in range(P):
            for q in range(Q):
                for n in range(0, N, VECTORS * LANES):
                    y_at, x_at, w_at = ((k * P + p) * Q + q) * N + n, (p * W + q) * N + n, k * len(taps)
                    filters, vectors = min(FILTERS, K - k), min(VECTORS, (N - n) // LANES)
                    gather_tile(y, y_at, P * Q * N, x, x_at, weight.reshape(-1), w_at, len(taps), taps, filters, vectors)
