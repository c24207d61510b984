"""One convolution written five times, each a step closer to what the machine can do.

    y[n,k,p,q] = sum over c,r,s of x[n,c,p+r,q+s] * weight[k,c,r,s]       stride 1, no padding

After the last of them comes `cpu/convolution/tiles.py`.  `minicnn bench ladder` climbs the whole way and shows what every step gains.

Letters: N images, C channels, K filters, H W and P Q rows and columns in and out, R S rows and columns of a filter.  All arrays float32.
"""

import numpy as np

from minicnn.kernels.cpu.lanes.vector import LANES, load, multiply_add, splat, store
from minicnn.kernels.machine_code.compile import kernel

ZERO = np.float32(0)


def textbook(y, x, weight):
    """The sum as printed in textbooks: for every output, walk over the filter.

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
"""The same function, compiled.  Each addition waits for the previous one: the processor does one multiplication where it could do 64."""


@kernel
def reordered(y, x, weight):
    """The taps outside, the columns inside: no output waits for another, and neighbours are adjacent in memory.

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
