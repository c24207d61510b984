"""Dropout: in training, a fraction of all elements is set to zero and the rest is scaled up, so that the expected value
stays the same.

The mask is not stored: it is a pure function of (key, image, element), see `minicnn.kernels.random_bits`, so that the backward pass
computes the same mask again, and cutting a batch into shards changes nothing (`first_image` is the shard's place in the batch).

    x (N, F): N images, F elements each (all other axes flattened)

Source: Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout: a simple way to prevent neural networks from overfitting",
2014; scaled at training time instead of at test time, as its section 10 describes.
"""

import numpy as np

from minicnn.kernels.textbook.compile import drop_threshold, kernel, uniform_bits


@kernel
def dropout_forward(y, x, key, first_image, rate):
    """y[n,f] = x[n,f] / (1 - rate) where bits(key, first_image + n, f) >= rate * 2**32, else 0

    Parameters
    ----------
    y : (N, F) float, written
    x : (N, F) float
    key : int, 0 <= key < 2**32
    first_image : int
        Position of image 0 of this array in the whole batch.
    rate : float, 0 <= rate < 1
        Fraction that is dropped.
    """
    N, F = x.shape
    threshold = drop_threshold(rate)
    scale = np.float64(1.0) / (1.0 - rate)
    for n in range(N):
        for f in range(F):
            keep = uniform_bits(key, first_image + n, f) >= threshold
            y[n, f] = x[n, f] * scale if keep else 0.0


@kernel
def dropout_backward(dx, dy, key, first_image, rate):
    """dx[n,f] = dy[n,f] / (1 - rate) where the forward pass kept the element, else 0

    Parameters
    ----------
    dx : (N, F) float, written
    dy : (N, F) float
    key, first_image : int
    rate : float
        As in the forward pass.
    """
    N, F = dx.shape
    threshold = drop_threshold(rate)
    scale = np.float64(1.0) / (1.0 - rate)
    for n in range(N):
        for f in range(F):
            keep = uniform_bits(key, first_image + n, f) >= threshold
            dx[n, f] = dy[n, f] * scale if keep else 0.0
