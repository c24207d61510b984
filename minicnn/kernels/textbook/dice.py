"""Soft Dice loss: how little of what is predicted and what is true overlaps, class by class.

Letters: N images, K classes, L positions (all spatial axes flattened).

    y (N, K, L) scores      target (N, L) int64, the class of every position

    dice[n,k] = (2 * sum over l of p[n,k,l] * t[n,k,l] + smooth) / (sum over l of p[n,k,l] + sum over l of t[n,k,l] + smooth)
    loss_per_image[n] = 1 - mean over k of dice[n,k]

where p is the softmax of y over k, and t[n,k,l] is 1 if k is target[n,l], else 0.  A single channel, K = 1, is the score of class 1
against a class 0 whose score is 0: p is the sigmoid of y, and only class 1 is counted.  `smooth` gives a class that is neither
predicted nor there a Dice of 1 in place of 0 / 0.  A mean over a batch divides by N.

Source: Milletari, Navab, Ahmadi, "V-Net: fully convolutional neural networks for volumetric medical image segmentation", 2016, section 3,
with plain sums below the line in place of squares, as in Drozdzal and others, "The importance of skip connections in biomedical image
segmentation", 2016, eq. 1.
"""

import numpy as np

from minicnn.kernels.textbook.compile import kernel


@kernel
def membership(k, K, label):
    """Whether a position is of the class that channel k stands for."""
    return 1.0 if label == (1 if K == 1 else k) else 0.0


@kernel
def dice_forward(loss_per_image, y, target, smooth):
    """loss_per_image[n] = 1 - mean over k of dice[n,k]

    Parameters
    ----------
    loss_per_image : (N,) float, written
    y : (N, K, L) float
    target : (N, L) int64
    smooth : float, above 0
    """
    N, K, L = y.shape
    for n in range(N):
        overlaps = np.float64(0.0)
        for k in range(K):
            both = np.float64(0.0)
            either = np.float64(0.0)
            for l in range(L):
                largest = np.float64(0.0 if K == 1 else y[n, 0, l])
                for j in range(K):
                    largest = np.float64(max(largest, y[n, j, l]))
                total = np.float64(np.exp(-largest) if K == 1 else 0.0)
                for j in range(K):
                    total += np.exp(y[n, j, l] - largest)
                probability = np.float64(np.exp(y[n, k, l] - largest) / total)
                both += probability * membership(k, K, target[n, l])
                either += probability + membership(k, K, target[n, l])
            overlaps += (2.0 * both + smooth) / (either + smooth)
        loss_per_image[n] = 1.0 - overlaps / K


@kernel
def dice_backward(dy, dloss_per_image, y, target, smooth):
    """dy[n,k,l] = p[n,k,l] * (a[n,k,l] - sum over j of a[n,j,l] * p[n,j,l])

        where  a[n,k,l] = dloss_per_image[n] / K * (dice[n,k] - 2 * t[n,k,l]) / (sum over l of p[n,k,l] + sum over l of t[n,k,l] + smooth)

    a is the gradient with respect to p.  On the way dy holds p, and then a * p.

    Parameters
    ----------
    dy : (N, K, L) float, written
    dloss_per_image : (N,) float
    y : (N, K, L) float
    target : (N, L) int64
    smooth : float, above 0
    """
    N, K, L = y.shape
    dy[...] = 0.0
    for n in range(N):
        for l in range(L):
            largest = np.float64(0.0 if K == 1 else y[n, 0, l])
            for k in range(K):
                largest = np.float64(max(largest, y[n, k, l]))
            total = np.float64(np.exp(-largest) if K == 1 else 0.0)
            for k in range(K):
                total += np.exp(y[n, k, l] - largest)
            for k in range(K):
                dy[n, k, l] = np.exp(y[n, k, l] - largest) / total
        for k in range(K):
            both = np.float64(0.0)
            either = np.float64(0.0)
            for l in range(L):
                both += dy[n, k, l] * membership(k, K, target[n, l])
                either += dy[n, k, l] + membership(k, K, target[n, l])
            overlap = np.float64((2.0 * both + smooth) / (either + smooth))
            for l in range(L):
                slope = (overlap - 2.0 * membership(k, K, target[n, l])) / (either + smooth)
                dy[n, k, l] = dloss_per_image[n] / K * slope * dy[n, k, l]
        for l in range(L):
            largest = np.float64(0.0 if K == 1 else y[n, 0, l])
            for k in range(K):
                largest = np.float64(max(largest, y[n, k, l]))
            total = np.float64(np.exp(-largest) if K == 1 else 0.0)
            slopes = np.float64(0.0)
            for k in range(K):
                total += np.exp(y[n, k, l] - largest)
                slopes += dy[n, k, l]
            for k in range(K):
                dy[n, k, l] -= np.exp(y[n, k, l] - largest) / total * slopes
