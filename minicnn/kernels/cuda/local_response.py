"""The gradient of local response normalization in two loops, so that no denominator is found again for each of its neighbours.

The loop that defines it asks for `size` denominators of `size` numbers at every place: 146 numbers for one of the result, where 3 must
move, and `size` powers.  Here each place is visited twice.
"""

from __future__ import annotations

import numpy as np

from minicnn.kernels.cuda.derived import append_loop
from minicnn.kernels.cuda.launches import Handle, Launches, strided
from minicnn.kernels.cuda.sharing import strides_of
from minicnn.kernels.textbook.local_response_normalization import denominator


def response_terms(own, others, dy, x, size, k, alpha, beta):  # type: ignore[no-untyped-def]
    """own[n,c,l] = dy[n,c,l] / d[n,c,l]**beta,   others[n,c,l] = dy[n,c,l] * x[n,c,l] / d[n,c,l]**(beta + 1)"""
    N, C, L = x.shape
    for n in range(N):
        for c in range(C):
            for l in range(L):
                d = denominator(x, n, c, l, size, k, alpha)
                through = dy[n, c, l] / d**beta
                own[n, c, l] = through
                others[n, c, l] = through * x[n, c, l] / d


def response_sums(dx, others, x, size, alpha, beta):  # type: ignore[no-untyped-def]
    """dx[n,i,l] -= 2*alpha*beta * x[n,i,l] * sum over c of others[n,c,l], over the channels whose neighbourhood i is in."""
    N, C, L = x.shape
    for n in range(N):
        for i in range(C):
            for l in range(L):
                total = np.float64(0.0)
                for c in range(max(0, i - (size - 1) // 2), min(C - 1, i + size // 2) + 1):
                    total += others[n, c, l]
                dx[n, i, l] -= total * 2.0 * alpha * beta * x[n, i, l]


def append_local_response_norm_backward(
    launches: Launches, dx: Handle, dy: Handle, x: Handle, size: int, k: float, alpha: float, beta: float
) -> None:
    """Gradient of local response normalization.

    dx, dy, x : (N, C, L) float32, images innermost; dx may be dy
    """
    shape, strides = tuple(x.shape), strides_of(x)
    others = strided(launches.scratch(shape[1] * strides[1]), shape, strides)
    constants = {"size": size, "k": k, "alpha": alpha, "beta": beta}
    append_loop(launches, response_terms, {"own": dx, "others": others, "dy": dy, "x": x, **constants}, single=True)
    del constants["k"]
    append_loop(launches, response_sums, {"dx": dx, "others": others, "x": x, **constants}, single=True)
