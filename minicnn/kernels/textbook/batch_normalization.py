"""Batch normalization: each channel is shifted and scaled to mean 0 and variance 1, then to a mean and a scale that are learnt.

    y[n,c,l] = gamma[c] * z[n,c,l] + beta[c]      where  z[n,c,l] = (x[n,c,l] - mean[c]) / sqrt(variance[c] + epsilon)

In training, mean and variance are those of the batch; in inference they are given (the running averages of training).

Letters: N images, C channels, L positions (all spatial axes flattened; 1 after a flatten layer).

    x, y, dx, dy (N, C, L)    gamma, beta, mean, variance (C,)

Variance is the mean square deviation, divided by N*L and not by N*L - 1.  Outputs come first; every element of them is written.
Source: Ioffe, Szegedy, "Batch normalization: accelerating deep network training by reducing internal covariate shift", 2015, algorithms 1
and 2; the gradient is that of its section 3, collected into one line.
"""

import numpy as np

from minicnn.kernels.textbook.compile import kernel


@kernel
def batch_norm_training_forward(y, mean, variance, x, gamma, beta, epsilon):
    """Normalize by the statistics of this batch, which are outputs as well.

        mean[c] = (sum over n,l of x[n,c,l]) / (N*L),   variance[c] = (sum over n,l of (x[n,c,l] - mean[c])**2) / (N*L)
        y[n,c,l] = gamma[c] * (x[n,c,l] - mean[c]) / sqrt(variance[c] + epsilon) + beta[c]

    Parameters
    ----------
    y : (N, C, L) float, written
    mean, variance : (C,) float, written
    x : (N, C, L) float
    gamma, beta : (C,) float
    epsilon : float
        Keeps the root away from zero when a channel is constant.
    """
    N, C, L = x.shape
    for c in range(C):
        total = np.float64(0.0)
        for n in range(N):
            for l in range(L):
                total += x[n, c, l]
        mean_c = total / (N * L)
        total = np.float64(0.0)
        for n in range(N):
            for l in range(L):
                total += (x[n, c, l] - mean_c) ** 2
        variance_c = total / (N * L)
        for n in range(N):
            for l in range(L):
                y[n, c, l] = gamma[c] * ((x[n, c, l] - mean_c) / np.sqrt(variance_c + epsilon)) + beta[c]
        mean[c] = mean_c
        variance[c] = variance_c


@kernel
def batch_norm_training_backward(dx, dgamma, dbeta, dy, x, mean, variance, gamma, epsilon):
    """Gradient of `batch_norm_training_forward`: mean and variance depend on x as well, which gives the last two terms of dx.

        dbeta[c] = sum over n,l of dy[n,c,l],   dgamma[c] = sum over n,l of dy[n,c,l] * z[n,c,l]
        dx[n,c,l] = gamma[c] / sqrt(variance[c] + epsilon) * (dy[n,c,l] - dbeta[c] / (N*L) - z[n,c,l] * dgamma[c] / (N*L))
        where  z[n,c,l] = (x[n,c,l] - mean[c]) / sqrt(variance[c] + epsilon)

    Parameters
    ----------
    dx : (N, C, L) float, written
    dgamma, dbeta : (C,) float, written
    dy, x : (N, C, L) float
    mean, variance : (C,) float
        As the forward pass wrote them.
    gamma : (C,) float
    epsilon : float
    """
    N, C, L = x.shape
    for c in range(C):
        mean_c = np.float64(mean[c])
        deviation = np.sqrt(np.float64(variance[c]) + epsilon)
        dbeta_c, dgamma_c = np.float64(0.0), np.float64(0.0)
        for n in range(N):
            for l in range(L):
                dbeta_c += dy[n, c, l]
                dgamma_c += dy[n, c, l] * ((x[n, c, l] - mean_c) / deviation)
        for n in range(N):
            for l in range(L):
                z = (x[n, c, l] - mean_c) / deviation
                dx[n, c, l] = gamma[c] / deviation * (dy[n, c, l] - dbeta_c / (N * L) - z * dgamma_c / (N * L))
        dbeta[c] = dbeta_c
        dgamma[c] = dgamma_c


@kernel
def batch_norm_inference_forward(y, x, mean, variance, gamma, beta, epsilon):
    """Normalize by given statistics: one multiplication and one addition per channel.

        y[n,c,l] = gamma[c] * (x[n,c,l] - mean[c]) / sqrt(variance[c] + epsilon) + beta[c]

    Parameters
    ----------
    y : (N, C, L) float, written
    x : (N, C, L) float
    mean, variance, gamma, beta : (C,) float
    epsilon : float
    """
    N, C, L = x.shape
    for c in range(C):
        deviation = np.sqrt(np.float64(variance[c]) + epsilon)
        for n in range(N):
            for l in range(L):
                y[n, c, l] = gamma[c] * ((x[n, c, l] - np.float64(mean[c])) / deviation) + beta[c]


@kernel
def batch_norm_inference_backward(dx, dgamma, dbeta, dy, x, mean, variance, gamma, epsilon):
    """Gradient of `batch_norm_inference_forward`: mean and variance are constants.

        dbeta[c] = sum over n,l of dy[n,c,l],   dgamma[c] = sum over n,l of dy[n,c,l] * z[n,c,l]
        dx[n,c,l] = gamma[c] / sqrt(variance[c] + epsilon) * dy[n,c,l]
        where  z[n,c,l] = (x[n,c,l] - mean[c]) / sqrt(variance[c] + epsilon)

    Parameters
    ----------
    dx : (N, C, L) float, written
    dgamma, dbeta : (C,) float, written
    dy, x : (N, C, L) float
    mean, variance, gamma : (C,) float
    epsilon : float
    """
    N, C, L = x.shape
    for c in range(C):
        mean_c = np.float64(mean[c])
        deviation = np.sqrt(np.float64(variance[c]) + epsilon)
        dbeta_c, dgamma_c = np.float64(0.0), np.float64(0.0)
        for n in range(N):
            for l in range(L):
                dbeta_c += dy[n, c, l]
                dgamma_c += dy[n, c, l] * ((x[n, c, l] - mean_c) / deviation)
                dx[n, c, l] = gamma[c] / deviation * dy[n, c, l]
        dbeta[c] = dbeta_c
        dgamma[c] = dgamma_c
