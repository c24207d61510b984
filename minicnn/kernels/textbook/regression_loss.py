"""Losses of numbers: how far outputs are from what they should be.

Letters: N images, F outputs (all axes but images flattened).

With the difference d = y - target, the loss of an image is a sum over its elements: of d^2, of |d|, or of Huber's function, which is
a parabola near 0 and a line farther away.  A mean over a batch divides by N * F.
"""

import numpy as np

from minicnn.kernels.textbook.compile import kernel


@kernel
def mean_squared_error_forward(loss_per_image, y, target):
    """loss_per_image[n] = sum over f of (y[n,f] - target[n,f])^2

    Parameters
    ----------
    loss_per_image : (N,) float, written
    y, target : (N, F) float

    Notes
    -----
    Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 5.1.4.
    """
    N, F = y.shape
    for n in range(N):
        loss = np.float64(0.0)
        for f in range(F):
            difference = np.float64(y[n, f]) - target[n, f]
            loss += difference * difference
        loss_per_image[n] = loss


@kernel
def mean_squared_error_backward(dy, dloss_per_image, y, target):
    """dy[n,f] = dloss_per_image[n] * 2 * (y[n,f] - target[n,f])

    Parameters
    ----------
    dy : (N, F) float, written
    dloss_per_image : (N,) float
    y, target : (N, F) float
    """
    N, F = y.shape
    for n in range(N):
        for f in range(F):
            dy[n, f] = dloss_per_image[n] * 2.0 * (np.float64(y[n, f]) - target[n, f])


@kernel
def mean_absolute_error_forward(loss_per_image, y, target):
    """loss_per_image[n] = sum over f of |y[n,f] - target[n,f]|

    Parameters
    ----------
    loss_per_image : (N,) float, written
    y, target : (N, F) float

    Notes
    -----
    Hastie, Tibshirani, Friedman, "The elements of statistical learning", 2009, section 10.6.
    """
    N, F = y.shape
    for n in range(N):
        loss = np.float64(0.0)
        for f in range(F):
            loss += np.abs(np.float64(y[n, f]) - target[n, f])
        loss_per_image[n] = loss


@kernel
def mean_absolute_error_backward(dy, dloss_per_image, y, target):
    """dy[n,f] = dloss_per_image[n] * sign of y[n,f] - target[n,f]: at the kink itself the gradient is 0.

    Parameters
    ----------
    dy : (N, F) float, written
    dloss_per_image : (N,) float
    y, target : (N, F) float
    """
    N, F = y.shape
    for n in range(N):
        for f in range(F):
            difference = np.float64(y[n, f]) - target[n, f]
            slope = 1.0 if difference > 0.0 else (-1.0 if difference < 0.0 else difference)  # 0 stays 0, and NaN stays NaN
            dy[n, f] = dloss_per_image[n] * slope


@kernel
def huber_forward(loss_per_image, y, target, delta):
    """loss_per_image[n] = sum over f of d^2 / 2 where |d| <= delta, else delta * (|d| - delta / 2),    d = y[n,f] - target[n,f]

    Parameters
    ----------
    loss_per_image : (N,) float, written
    y, target : (N, F) float
    delta : float, above 0

    Notes
    -----
    Huber, "Robust estimation of a location parameter", 1964, section 4.
    """
    N, F = y.shape
    for n in range(N):
        loss = np.float64(0.0)
        for f in range(F):
            far = np.abs(np.float64(y[n, f]) - target[n, f])
            loss += 0.5 * far * far if far <= delta else delta * (far - 0.5 * delta)
        loss_per_image[n] = loss


@kernel
def huber_backward(dy, dloss_per_image, y, target, delta):
    """dy[n,f] = dloss_per_image[n] * (d, cut to the range from -delta to delta),    d = y[n,f] - target[n,f]

    Parameters
    ----------
    dy : (N, F) float, written
    dloss_per_image : (N,) float
    y, target : (N, F) float
    delta : float, above 0
    """
    N, F = y.shape
    for n in range(N):
        for f in range(F):
            difference = np.float64(y[n, f]) - target[n, f]
            slope = delta if difference > delta else (-delta if difference < -delta else difference)
            dy[n, f] = dloss_per_image[n] * slope
