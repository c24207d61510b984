"""Group normalization: mean and variance of the channels of a group, over all positions of one image.

Letters: N images, C channels, G groups, M = C / G channels of a group, L positions (all spatial axes flattened; 1 for flat features).

    x (N, C, L)    y (N, C, L)    normalized (N, C, L), what y is before weight and bias    weight (C,)    bias (C,)

Outputs come first; every element of them is written.

Source: Wu, He, "Group normalization", 2018, eqs. 1 to 7.
"""

import numpy as np

from minicnn.kernels.textbook.compile import kernel


@kernel
def group_norm_forward(y, normalized, x, weight, bias, groups, eps):
    """normalized[n,c,l] = (x[n,c,l] - mean[n,g]) / sqrt(variance[n,g] + eps),   y[n,c,l] = weight[c] * normalized[n,c,l] + bias[c]
    where  g*M <= c < (g+1)*M,   mean and variance over those c and all l

    Parameters
    ----------
    y, normalized : (N, C, L) float, written
    x : (N, C, L) float
    weight, bias : (C,) float
    groups : int
    eps : float
    """
    N, C, L = x.shape
    M = C // groups
    for n in range(N):
        for g in range(groups):
            total = np.float64(0.0)
            for c in range(g * M, (g + 1) * M):
                for l in range(L):
                    total += x[n, c, l]
            mean = total / (M * L)
            squares = np.float64(0.0)
            for c in range(g * M, (g + 1) * M):
                for l in range(L):
                    squares += (x[n, c, l] - mean) * (x[n, c, l] - mean)
            scale = 1.0 / np.sqrt(squares / (M * L) + eps)
            for c in range(g * M, (g + 1) * M):
                for l in range(L):
                    value = (x[n, c, l] - mean) * scale
                    normalized[n, c, l] = value
                    y[n, c, l] = weight[c] * value + bias[c]


@kernel
def group_norm_backward_input(dx, dy, x, weight, groups, eps):
    """dx[n,c,l] = (d[n,c,l] - mean of d - v[n,c,l] * mean of d*v) / sqrt(variance[n,g] + eps)
    where  d = weight*dy,   v is x normalized,   means over the channels of the group and all l

    Parameters
    ----------
    dx : (N, C, L) float, written
    dy, x : (N, C, L) float
    weight : (C,) float
    groups : int
    eps : float
    """
    N, C, L = x.shape
    M = C // groups
    for n in range(N):
        for g in range(groups):
            total = np.float64(0.0)
            for c in range(g * M, (g + 1) * M):
                for l in range(L):
                    total += x[n, c, l]
            mean = total / (M * L)
            squares, upstream, along = np.float64(0.0), np.float64(0.0), np.float64(0.0)
            for c in range(g * M, (g + 1) * M):
                for l in range(L):
                    away, d = x[n, c, l] - mean, np.float64(weight[c]) * dy[n, c, l]
                    squares += away * away
                    upstream += d
                    along += d * away
            variance = squares / (M * L) + eps
            scale = 1.0 / np.sqrt(variance)
            for c in range(g * M, (g + 1) * M):
                for l in range(L):
                    d = np.float64(weight[c]) * dy[n, c, l]
                    dx[n, c, l] = scale * (d - (upstream + (x[n, c, l] - mean) * along / variance) / (M * L))


@kernel
def group_norm_backward_weight(dweight, dy, normalized):
    """dweight[c] = sum over n,l of dy[n,c,l] * normalized[n,c,l]

    Parameters
    ----------
    dweight : (C,) float, written
    dy, normalized : (N, C, L) float
    """
    N, C, L = dy.shape
    for c in range(C):
        total = np.float64(0.0)
        for n in range(N):
            for l in range(L):
                total += dy[n, c, l] * normalized[n, c, l]
        dweight[c] = total


@kernel
def group_norm_backward_bias(dbias, dy):
    """dbias[c] = sum over n,l of dy[n,c,l]

    Parameters
    ----------
    dbias : (C,) float, written
    dy : (N, C, L) float
    """
    N, C, L = dy.shape
    for c in range(C):
        total = np.float64(0.0)
        for n in range(N):
            for l in range(L):
                total += dy[n, c, l]
        dbias[c] = total
