"""Softmax over the channels of a map, position by position, and its logarithm.

Letters: N images, C channels, L positions (all spatial axes flattened; 1 for flat features).  Outputs come first; every element of them
is written.

Source: Goodfellow, Bengio, Courville, "Deep Learning", 2016, eq. 6.29.
"""

import numpy as np

from minicnn.kernels.textbook.compile import kernel


@kernel
def channel_softmax_forward(y, x):
    """y[n,c,l] = exp(x[n,c,l] - m[n,l]) / sum over j of exp(x[n,j,l] - m[n,l])      where  m[n,l] = max over j of x[n,j,l]

    Subtracting the maximum does not change the result, and keeps every exponential at most 1.

    Parameters
    ----------
    y : (N, C, L) float, written
    x : (N, C, L) float
    """
    N, C, L = x.shape
    for n in range(N):
        for l in range(L):
            largest = np.float64(x[n, 0, l])
            for c in range(C):
                largest = max(largest, np.float64(x[n, c, l]))
            total = np.float64(0.0)
            for c in range(C):
                total += np.exp(x[n, c, l] - largest)
            for c in range(C):
                y[n, c, l] = np.exp(x[n, c, l] - largest) / total


@kernel
def channel_softmax_backward(dx, dy, y):
    """dx[n,c,l] = y[n,c,l] * (dy[n,c,l] - sum over j of dy[n,j,l] * y[n,j,l])

    Parameters
    ----------
    dx : (N, C, L) float, written
    dy, y : (N, C, L) float
    """
    N, C, L = y.shape
    for n in range(N):
        for l in range(L):
            total = np.float64(0.0)
            for c in range(C):
                total += np.float64(dy[n, c, l]) * y[n, c, l]
            for c in range(C):
                dx[n, c, l] = y[n, c, l] * (dy[n, c, l] - total)


@kernel
def channel_log_softmax_forward(y, x):
    """y[n,c,l] = x[n,c,l] - m[n,l] - log(sum over j of exp(x[n,j,l] - m[n,l]))      where  m[n,l] = max over j of x[n,j,l]

    Parameters
    ----------
    y : (N, C, L) float, written
    x : (N, C, L) float
    """
    N, C, L = x.shape
    for n in range(N):
        for l in range(L):
            largest = np.float64(x[n, 0, l])
            for c in range(C):
                largest = max(largest, np.float64(x[n, c, l]))
            total = np.float64(0.0)
            for c in range(C):
                total += np.exp(x[n, c, l] - largest)
            for c in range(C):
                y[n, c, l] = x[n, c, l] - largest - np.log(total)


@kernel
def channel_log_softmax_backward(dx, dy, y):
    """dx[n,c,l] = dy[n,c,l] - exp(y[n,c,l]) * sum over j of dy[n,j,l]

    Parameters
    ----------
    dx : (N, C, L) float, written
    dy, y : (N, C, L) float
    """
    N, C, L = y.shape
    for n in range(N):
        for l in range(L):
            total = np.float64(0.0)
            for c in range(C):
                total += dy[n, c, l]
            for c in range(C):
                dx[n, c, l] = dy[n, c, l] - np.exp(np.float64(y[n, c, l])) * total
