"""Radial basis functions: how far the input is from the centre of each class.

The distance comes with a minus, so that the nearest class has the largest output.  The centres are fixed: there is no gradient of them.

Letters: N images, F features, K classes.

    x (N, F)    weight (K, F), the centres    y (N, K)

Outputs come first; every element of them is written.
Source: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", 1998, eq. 7.
"""

import numpy as np

from minicnn.kernels.textbook.compile import kernel


@kernel
def rbf_forward(y, x, weight):
    """y[n,k] = -(sum over f of (x[n,f] - weight[k,f])**2)

    Parameters
    ----------
    y : (N, K) float, written
    x : (N, F) float
    weight : (K, F) float
    """
    N, K = y.shape
    F = x.shape[1]
    for n in range(N):
        for k in range(K):
            total = np.float64(0.0)
            for f in range(F):
                total += (x[n, f] - weight[k, f]) * (x[n, f] - weight[k, f])
            y[n, k] = -total


@kernel
def rbf_backward(dx, dy, x, weight):
    """dx[n,f] = 2 * sum over k of dy[n,k] * (weight[k,f] - x[n,f])

    Parameters
    ----------
    dx : (N, F) float, written
    dy : (N, K) float
    x : (N, F) float
    weight : (K, F) float
    """
    N, F = dx.shape
    K = dy.shape[1]
    for n in range(N):
        for f in range(F):
            total = np.float64(0.0)
            for k in range(K):
                total += dy[n, k] * (weight[k, f] - x[n, f])
            dx[n, f] = 2.0 * total
