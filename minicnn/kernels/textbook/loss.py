"""Softmax cross-entropy: how surprised the network is by the right answer, in nats.

Letters: N images, K classes.

    logits (N, K)    labels (N,) int64, 0 <= labels < K    probabilities (N, K)    loss_per_image (N,)

Softmax and logarithm are taken together: log(softmax) of a large negative logit is a plain difference, where one after the other
would give log(0).
Source: Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 6.2.2.3, eq. 6.30.
"""

import numpy as np

from minicnn.kernels.textbook.compile import kernel


@kernel
def softmax_cross_entropy_forward(loss_per_image, probabilities, logits, labels):
    """Loss of every image, and the probabilities that the gradient needs.

        loss_per_image[n] = m[n] + log(z[n]) - logits[n,labels[n]],    probabilities[n,k] = exp(logits[n,k] - m[n]) / z[n]
        where  m[n] = max over k of logits[n,k],   z[n] = sum over k of exp(logits[n,k] - m[n])

    Parameters
    ----------
    loss_per_image : (N,) float, written
    probabilities : (N, K) float, written
    logits : (N, K) float
    labels : (N,) int64
    """
    N, K = logits.shape
    for n in range(N):
        largest = np.float64(logits[n, 0])
        for k in range(K):
            largest = max(largest, np.float64(logits[n, k]))
        total = np.float64(0.0)
        for k in range(K):
            total += np.exp(logits[n, k] - largest)
        for k in range(K):
            probabilities[n, k] = np.exp(logits[n, k] - largest) / total
        loss_per_image[n] = largest - logits[n, labels[n]] + np.log(total)


@kernel
def softmax_cross_entropy_backward(dlogits, dloss_per_image, probabilities, labels):
    """dlogits[n,k] = dloss_per_image[n] * (probabilities[n,k] - (1 if k is labels[n] else 0))

    The loss of a batch is the mean over its images: then every dloss_per_image[n] is 1/N.

    Parameters
    ----------
    dlogits : (N, K) float, written
    dloss_per_image : (N,) float
    probabilities : (N, K) float
    labels : (N,) int64
    """
    N, K = dlogits.shape
    for n in range(N):
        for k in range(K):
            truth = 1.0 if k == labels[n] else 0.0
            dlogits[n, k] = dloss_per_image[n] * (np.float64(probabilities[n, k]) - truth)
