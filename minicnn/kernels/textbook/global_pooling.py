"""Global pooling: one number per channel, whatever the size of the input.

Letters: N images, C channels, L positions (all spatial axes flattened, in scan order).

    x (N, C, L)    y (N, C)    indices (N, C) int64

Ties and NaN are those of max pooling: the first in scan order, NaN wins.  Outputs come first; every element of them is written.
Source: Lin, Chen, Yan, "Network in network", 2014, section 3.2.
"""

import numpy as np

from minicnn.kernels.textbook.compile import kernel


@kernel
def global_max_pool_forward(y, indices, x):
    """y[n,c] = max over l of x[n,c,l],  indices[n,c] = that l

    Parameters
    ----------
    y : (N, C) float, written
    indices : (N, C) int64, written
    x : (N, C, L) float
    """
    N, C, L = x.shape
    for n in range(N):
        for c in range(C):
            best, winner = -np.inf, -1
            for l in range(L):
                value = x[n, c, l]
                if winner < 0 or value > best or (np.isnan(value) and not np.isnan(best)):
                    best, winner = value, l
            y[n, c] = best
            indices[n, c] = winner


@kernel
def global_max_pool_backward(dx, dy, indices):
    """dx[n,c,l] = dy[n,c] if l is indices[n,c], else 0

    Parameters
    ----------
    dx : (N, C, L) float, written
    dy : (N, C) float
    indices : (N, C) int64
    """
    N, C, L = dx.shape
    for n in range(N):
        for c in range(C):
            for l in range(L):
                dx[n, c, l] = dy[n, c] if l == indices[n, c] else 0.0


@kernel
def global_avg_pool_forward(y, x):
    """y[n,c] = (sum over l of x[n,c,l]) / L

    Parameters
    ----------
    y : (N, C) float, written
    x : (N, C, L) float
    """
    N, C, L = x.shape
    for n in range(N):
        for c in range(C):
            total = np.float64(0.0)
            for l in range(L):
                total += x[n, c, l]
            y[n, c] = total / L


@kernel
def global_avg_pool_backward(dx, dy):
    """dx[n,c,l] = dy[n,c] / L

    Parameters
    ----------
    dx : (N, C, L) float, written
    dy : (N, C) float
    """
    N, C, L = dx.shape
    for n in range(N):
        for c in range(C):
            for l in range(L):
                dx[n, c, l] = np.float64(dy[n, c]) / L
