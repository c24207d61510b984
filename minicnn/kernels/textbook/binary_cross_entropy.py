"""Binary cross-entropy of scores: every output answers yes or no by itself.

Letters: N images, K outputs, L positions (all spatial axes flattened; 1 for flat outputs).

With p = 1 / (1 + exp(-y)), the loss of an image is a sum over its elements:

    loss_per_image[n] = sum over k,l of pos_weight[k] * target[n,k,l] * -log p[n,k,l]  +  (1 - target[n,k,l]) * -log(1 - p[n,k,l])

Sigmoid and logarithm are taken together: -log p = max(-y, 0) + log(1 + exp(-|y|)), where nothing overflows and no digit is lost.
A mean over a batch divides by N * K * L.

Source: Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 6.2.2.2.  pos_weight counts as in PyTorch's BCEWithLogitsLoss.
"""

import numpy as np

from minicnn.kernels.textbook.compile import kernel


@kernel
def binary_cross_entropy_forward(loss_per_image, y, target, pos_weight):
    """loss_per_image[n] = sum over k,l of pos_weight[k] * target[n,k,l] * -log p[n,k,l] + (1 - target[n,k,l]) * -log(1 - p[n,k,l])

    Parameters
    ----------
    loss_per_image : (N,) float, written
    y : (N, K, L) float
    target : (N, K, L) float or int64, between 0 and 1
    pos_weight : (K,) float
    """
    N, K, L = y.shape
    for n in range(N):
        loss = np.float64(0.0)
        for k in range(K):
            for l in range(L):
                score, truth = np.float64(y[n, k, l]), np.float64(target[n, k, l])
                rest = np.log1p(np.exp(-np.abs(score)))
                loss += pos_weight[k] * truth * (max(-score, 0.0) + rest) + (1.0 - truth) * (max(score, 0.0) + rest)
        loss_per_image[n] = loss


@kernel
def binary_cross_entropy_backward(dy, dloss_per_image, y, target, pos_weight):
    """dy[n,k,l] = dloss_per_image[n] * ((1 - target[n,k,l]) * p[n,k,l] - pos_weight[k] * target[n,k,l] * (1 - p[n,k,l]))

    Parameters
    ----------
    dy : (N, K, L) float, written
    dloss_per_image : (N,) float
    y : (N, K, L) float
    target : (N, K, L) float or int64, between 0 and 1
    pos_weight : (K,) float
    """
    N, K, L = y.shape
    for n in range(N):
        for k in range(K):
            for l in range(L):
                score, truth = np.float64(y[n, k, l]), np.float64(target[n, k, l])
                small = np.exp(-np.abs(score))  # never above 1, so that it cannot overflow
                yes = (small if score < 0.0 else 1.0) / (1.0 + small)
                no = (1.0 if score < 0.0 else small) / (1.0 + small)
                dy[n, k, l] = dloss_per_image[n] * ((1.0 - truth) * yes - pos_weight[k] * truth * no)
