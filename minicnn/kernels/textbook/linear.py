"""The fully connected layer: every output is a weighted sum of all inputs of its image.

Letters: N images, F features (all axes of an image flattened), K outputs.

    x (N, F)    weight (K, F)    bias (K,)    y (N, K)

Outputs come first; every element of them is written.
Source: Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 6.1, and 6.5.6 for the gradients.
"""

import numpy as np

from minicnn.kernels.textbook.compile import kernel


@kernel
def linear_forward(y, x, weight, bias):
    """y[n,k] = bias[k] + sum over f of x[n,f] * weight[k,f]

    Parameters
    ----------
    y : (N, K) float, written
    x : (N, F) float
    weight : (K, F) float
    bias : (K,) float
        Zeros when the layer has none.
    """
    N, K = y.shape
    F = x.shape[1]
    for n in range(N):
        for k in range(K):
            total = np.float64(bias[k])
            for f in range(F):
                total += x[n, f] * weight[k, f]
            y[n, k] = total


@kernel
def linear_backward_input(dx, dy, weight):
    """dx[n,f] = sum over k of dy[n,k] * weight[k,f]

    Parameters
    ----------
    dx : (N, F) float, written
    dy : (N, K) float
    weight : (K, F) float
    """
    N, F = dx.shape
    K = dy.shape[1]
    for n in range(N):
        for f in range(F):
            total = np.float64(0.0)
            for k in range(K):
                total += dy[n, k] * weight[k, f]
            dx[n, f] = total


@kernel
def linear_backward_weight(dweight, dy, x):
    """dweight[k,f] = sum over n of dy[n,k] * x[n,f]

    Parameters
    ----------
    dweight : (K, F) float, written
    dy : (N, K) float
    x : (N, F) float
    """
    K, F = dweight.shape
    N = x.shape[0]
    for k in range(K):
        for f in range(F):
            total = np.float64(0.0)
            for n in range(N):
                total += dy[n, k] * x[n, f]
            dweight[k, f] = total


@kernel
def linear_backward_bias(dbias, dy):
    """dbias[k] = sum over n of dy[n,k]

    Parameters
    ----------
    dbias : (K,) float, written
    dy : (N, K) float
    """
    N, K = dy.shape
    for k in range(K):
        total = np.float64(0.0)
        for n in range(N):
            total += dy[n, k]
        dbias[k] = total
