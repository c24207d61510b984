"""Binary cross-entropy of scores: every output answers yes or no by itself.

Letters: N images, K channels, F outputs (all axes but images flattened), of which F / K in a row are of one channel.

With p = 1 / (1 + exp(-y)), and k = f * K // F the channel of output f, the loss of an image is a sum over its elements:

    loss_per_image[n] = sum over f of pos_weight[k] * target[n,f] * -log p[n,f]  +  (1 - target[n,f]) * -log(1 - p[n,f])

Sigmoid and logarithm are taken together: -log p = max(-y, 0) + log(1 + exp(-|y|)), where nothing overflows and no digit is lost.
A mean over a batch divides by N * F.

Source: Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 6.2.2.2.  pos_weight counts as in PyTorch's BCEWithLogitsLoss.
"""

import numpy as np

from minicnn.kernels.textbook.compile import kernel


@kernel
def binary_cross_entropy_forward(loss_per_image, y, target, pos_weight):
    """loss_per_image[n] = sum over f of pos_weight[k] * target[n,f] * -log p[n,f] + (1 - target[n,f]) * -log(1 - p[n,f])

    Parameters
    ----------
    loss_per_image : (N,) float, written
    y : (N, F) float
    target : (N, F) float or int64, between 0 and 1
    pos_weight : (K,) float
    """
    N, F = y.shape
    K = pos_weight.shape[0]
    for n in range(N):
        loss = np.float64(0.0)
        for f in range(F):
            score, truth = np.float64(y[n, f]), np.float64(target[n, f])
            rest = np.log1p(np.exp(-np.abs(score)))
            loss += pos_weight[f * K // F] * truth * (max(-score, 0.0) + rest) + (1.0 - truth) * (max(score, 0.0) + rest)
        loss_per_image[n] = loss


@kernel
def binary_cross_entropy_backward(dy, dloss_per_image, y, target, pos_weight):
    """dy[n,f] = dloss_per_image[n] * ((1 - target[n,f]) * p[n,f] - pos_weight[k] * target[n,f] * (1 - p[n,f]))

    Parameters
    ----------
    dy : (N, F) float, written
    dloss_per_image : (N,) float
    y : (N, F) float
    target : (N, F) float or int64, between 0 and 1
    pos_weight : (K,) float
    """
    N, F = y.shape
    K = pos_weight.shape[0]
    for n in range(N):
        for f in range(F):
            score, truth = np.float64(y[n, f]), np.float64(target[n, f])
            small = np.exp(-np.abs(score))  # never above 1, so that it cannot overflow
            yes = (small if score < 0.0 else 1.0) / (1.0 + small)
            no = (1.0 if score < 0.0 else small) / (1.0 + small)
            dy[n, f] = dloss_per_image[n] * ((1.0 - truth) * yes - pos_weight[f * K // F] * truth * no)
