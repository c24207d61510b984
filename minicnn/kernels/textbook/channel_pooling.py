"""Pooling across channels: `size` consecutive channels become one, position by position.  With the maximum this is maxout.

Letters: N images, C channels, M = C / size pooled channels, L positions (all spatial axes flattened).

    x (N, C, L)    y (N, M, L)    indices (N, M, L) int64, the winning channel 0 <= c < C

Pooled over filters that have learnt rotated versions of one pattern, the response does not depend on the rotation.
Ties and NaN are those of max pooling: the first channel, NaN wins.  Outputs come first; every element of them is written.

Sources: Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 9.3 and figure 9.9.  Goodfellow, Warde-Farley, Mirza, Courville,
Bengio, "Maxout networks", 2013.
"""

import numpy as np

from minicnn.kernels.textbook.compile import kernel


@kernel
def channel_max_pool_forward(y, indices, x, size):
    """y[n,m,l] = max over c of x[n,c,l],  indices[n,m,l] = that c      where  m*size <= c < (m+1)*size

    Parameters
    ----------
    y : (N, M, L) float, written
    indices : (N, M, L) int64, written
    x : (N, C, L) float
    size : int
        Channels that are pooled into one.
    """
    N, M, L = y.shape
    for n in range(N):
        for m in range(M):
            for l in range(L):
                best, winner = -np.inf, -1
                for c in range(m * size, (m + 1) * size):
                    value = x[n, c, l]
                    if winner < 0 or value > best or (np.isnan(value) and not np.isnan(best)):
                        best, winner = value, c
                y[n, m, l] = best
                indices[n, m, l] = winner


@kernel
def channel_max_pool_backward(dx, dy, indices, size):
    """dx[n,c,l] = dy[n,m,l] if c is indices[n,m,l], else 0      where  m = c // size

    Parameters
    ----------
    dx : (N, C, L) float, written
    dy : (N, M, L) float
    indices : (N, M, L) int64
    size : int
    """
    N, C, L = dx.shape
    for n in range(N):
        for c in range(C):
            m = c // size
            for l in range(L):
                dx[n, c, l] = dy[n, m, l] if c == indices[n, m, l] else 0.0


@kernel
def channel_avg_pool_forward(y, x, size):
    """y[n,m,l] = (sum over c of x[n,c,l]) / size      where  m*size <= c < (m+1)*size

    Parameters
    ----------
    y : (N, M, L) float, written
    x : (N, C, L) float
    size : int
        Channels that are pooled into one.
    """
    N, M, L = y.shape
    for n in range(N):
        for m in range(M):
            for l in range(L):
                total = np.float64(0.0)
                for c in range(m * size, (m + 1) * size):
                    total += x[n, c, l]
                y[n, m, l] = total / size


@kernel
def channel_avg_pool_backward(dx, dy, size):
    """dx[n,c,l] = dy[n,m,l] / size      where  m = c // size

    Parameters
    ----------
    dx : (N, C, L) float, written
    dy : (N, M, L) float
    size : int
    """
    N, C, L = dx.shape
    for n in range(N):
        for c in range(C):
            for l in range(L):
                dx[n, c, l] = np.float64(dy[n, c // size, l]) / size


@kernel
def channel_l2_pool_forward(y, x, size):
    """y[n,m,l] = sqrt(sum over c of x[n,c,l]**2)      where  m*size <= c < (m+1)*size

    Parameters
    ----------
    y : (N, M, L) float, written
    x : (N, C, L) float
    size : int
        Channels that are pooled into one.
    """
    N, M, L = y.shape
    for n in range(N):
        for m in range(M):
            for l in range(L):
                total = np.float64(0.0)
                for c in range(m * size, (m + 1) * size):
                    value = np.float64(x[n, c, l])
                    total += value * value
                y[n, m, l] = np.sqrt(total)


@kernel
def channel_l2_pool_backward(dx, dy, x, y, size):
    """dx[n,c,l] = dy[n,m,l] * x[n,c,l] / y[n,m,l], and 0 where y is 0      where  m = c // size

    Parameters
    ----------
    dx : (N, C, L) float, written
    dy : (N, M, L) float
    x : (N, C, L) float
    y : (N, M, L) float
    size : int
    """
    N, C, L = dx.shape
    for n in range(N):
        for c in range(C):
            m = c // size
            for l in range(L):
                dx[n, c, l] = np.float64(dy[n, m, l]) / y[n, m, l] * x[n, c, l] if y[n, m, l] != 0.0 else 0.0
