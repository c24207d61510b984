"""Softmax cross-entropy at every position: one class for each pixel of an image, or shares of several.

Letters: N images, K classes, L positions (all spatial axes flattened; 1 for a network that gives one row of scores an image).

    y (N, K, L) scores      target (N, L) int64, a class each, or (N, K, L) float, the share of each class      class_weights (K,) float

With t[n,k,l] the share of class k in the truth, the loss of an image is a sum over its positions:

    loss_per_image[n] = sum over k,l of class_weights[k] * t[n,k,l] * -log p[n,k,l],      p = softmax of y over k
    dy[n,k,l] = dloss_per_image[n] * (p[n,k,l] * sum over j of class_weights[j] * t[n,j,l]  -  class_weights[k] * t[n,k,l])

A share of 0 counts as nothing, even where p is 0.  Softmax and logarithm are taken together, so that -log p is a plain difference.
A mean over a batch divides by the sum of class_weights[label] of the positions that are not ignored; with shares, by their number N * L.

Source: Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 6.2.2.3; label smoothing: Szegedy and others, "Rethinking the
Inception architecture for computer vision", 2016, section 7.  Weights, smoothing and ignored positions count as in PyTorch's cross_entropy.
"""

import numpy as np

from minicnn.kernels.textbook.compile import kernel


@kernel
def label_share(k, K, label, label_smoothing, ignore_index):
    """How much of the truth class k has: all of it if it is the label, of which all K classes get an equal part of `label_smoothing`."""
    own = 1.0 - label_smoothing if k == label else 0.0
    return 0.0 if label == ignore_index else own + label_smoothing / K


@kernel
def smoothed_share(share, K, label_smoothing):
    """A share of which all K classes get an equal part of `label_smoothing`."""
    return (1.0 - label_smoothing) * share + label_smoothing / K


@kernel
def cross_entropy_forward(loss_per_image, y, target, class_weights, label_smoothing, ignore_index):
    """Labels: t[n,k,l] = (1 - label_smoothing if k is target[n,l] else 0) + label_smoothing / K, and 0 where target[n,l] is ignore_index.

    Parameters
    ----------
    loss_per_image : (N,) float, written
    y : (N, K, L) float
    target : (N, L) int64
    class_weights : (K,) float
    label_smoothing : float, at least 0, below 1
    ignore_index : int
    """
    N, K, L = y.shape
    for n in range(N):
        loss = np.float64(0.0)
        for l in range(L):
            largest = np.float64(y[n, 0, l])
            for k in range(K):
                largest = np.float64(max(largest, y[n, k, l]))
            total = np.float64(0.0)
            for k in range(K):
                total += np.exp(y[n, k, l] - largest)
            log_total = np.float64(np.log(total))
            for k in range(K):
                share = class_weights[k] * label_share(k, K, target[n, l], label_smoothing, ignore_index)
                loss += share * (largest - y[n, k, l] + log_total) if share > 0.0 else 0.0
        loss_per_image[n] = loss


@kernel
def cross_entropy_backward(dy, dloss_per_image, y, target, class_weights, label_smoothing, ignore_index):
    """Labels: dy[n,k,l] = dloss_per_image[n] * (p[n,k,l] * sum over j of the weighted shares - that of k)

    Parameters
    ----------
    dy : (N, K, L) float, written
    dloss_per_image : (N,) float
    y : (N, K, L) float
    target : (N, L) int64
    class_weights : (K,) float
    label_smoothing : float, at least 0, below 1
    ignore_index : int
    """
    N, K, L = y.shape
    for n in range(N):
        for l in range(L):
            largest = np.float64(y[n, 0, l])
            for k in range(K):
                largest = np.float64(max(largest, y[n, k, l]))
            total = np.float64(0.0)
            shares = np.float64(0.0)
            for k in range(K):
                total += np.exp(y[n, k, l] - largest)
                shares += class_weights[k] * label_share(k, K, target[n, l], label_smoothing, ignore_index)
            for k in range(K):
                share = class_weights[k] * label_share(k, K, target[n, l], label_smoothing, ignore_index)
                dy[n, k, l] = dloss_per_image[n] * (np.exp(y[n, k, l] - largest) / total * shares - share)


@kernel
def soft_cross_entropy_forward(loss_per_image, y, target, class_weights, label_smoothing):
    """Shares: t[n,k,l] = (1 - label_smoothing) * target[n,k,l] + label_smoothing / K

    Parameters
    ----------
    loss_per_image : (N,) float, written
    y : (N, K, L) float
    target : (N, K, L) float
        At least 0; the shares of a position usually sum to 1.
    class_weights : (K,) float
    label_smoothing : float, at least 0, below 1
    """
    N, K, L = y.shape
    for n in range(N):
        loss = np.float64(0.0)
        for l in range(L):
            largest = np.float64(y[n, 0, l])
            for k in range(K):
                largest = np.float64(max(largest, y[n, k, l]))
            total = np.float64(0.0)
            for k in range(K):
                total += np.exp(y[n, k, l] - largest)
            log_total = np.float64(np.log(total))
            for k in range(K):
                share = class_weights[k] * smoothed_share(target[n, k, l], K, label_smoothing)
                loss += share * (largest - y[n, k, l] + log_total) if share != 0.0 else 0.0
        loss_per_image[n] = loss


@kernel
def soft_cross_entropy_backward(dy, dloss_per_image, y, target, class_weights, label_smoothing):
    """Shares: dy[n,k,l] = dloss_per_image[n] * (p[n,k,l] * sum over j of the weighted shares - that of k)

    Parameters
    ----------
    dy : (N, K, L) float, written
    dloss_per_image : (N,) float
    y : (N, K, L) float
    target : (N, K, L) float
    class_weights : (K,) float
    label_smoothing : float, at least 0, below 1
    """
    N, K, L = y.shape
    for n in range(N):
        for l in range(L):
            largest = np.float64(y[n, 0, l])
            for k in range(K):
                largest = np.float64(max(largest, y[n, k, l]))
            total = np.float64(0.0)
            shares = np.float64(0.0)
            for k in range(K):
                total += np.exp(y[n, k, l] - largest)
                shares += class_weights[k] * smoothed_share(target[n, k, l], K, label_smoothing)
            for k in range(K):
                share = class_weights[k] * smoothed_share(target[n, k, l], K, label_smoothing)
                dy[n, k, l] = dloss_per_image[n] * (np.exp(y[n, k, l] - largest) / total * shares - share)
