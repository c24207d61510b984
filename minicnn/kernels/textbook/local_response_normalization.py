"""Local response normalization: strong channels quieten their neighbours at the same position.

    y[n,c,l] = x[n,c,l] / d[n,c,l]**beta
    d[n,c,l] = k + alpha * sum over j of x[n,j,l]**2      where  max(0, c - size//2) <= j <= min(C-1, c + (size-1)//2)

Letters: N images, C channels, L positions (all spatial axes flattened).
The neighbourhood holds `size` channels, fewer at the first and last ones: size//2 before and (size-1)//2 after.  For the odd sizes that
are usual that is (size-1)/2 on both sides; for an even size the extra one lies before.  alpha is not divided by size, as PyTorch and Caffe
do.

Source: Krizhevsky, Sutskever, Hinton, "ImageNet classification with deep convolutional neural networks", 2012, section 3.3.
"""

import numpy as np

from minicnn.kernels.textbook.compile import kernel


@kernel
def denominator(x, n, c, l, size, k, alpha):
    """The denominator d[n,c,l], before it is raised to beta."""
    C = x.shape[1]
    total = np.float64(0.0)
    for j in range(max(0, c - size // 2), min(C - 1, c + (size - 1) // 2) + 1):
        total += x[n, j, l] * x[n, j, l]
    return k + alpha * total


@kernel
def local_response_norm_forward(y, x, size, k, alpha, beta):
    """y[n,c,l] = x[n,c,l] / d[n,c,l]**beta

    Parameters
    ----------
    y : (N, C, L) float, written
    x : (N, C, L) float
    size : int
        Channels in a neighbourhood.
    k, alpha, beta : float
    """
    N, C, L = x.shape
    for n in range(N):
        for c in range(C):
            for l in range(L):
                y[n, c, l] = x[n, c, l] / denominator(x, n, c, l, size, k, alpha) ** beta


@kernel
def local_response_norm_backward(dx, dy, x, size, k, alpha, beta):
    """Gradient: an element counts for itself, and in the denominator of every channel whose neighbourhood it is in.

        dx[n,i,l] = dy[n,i,l] / d[n,i,l]**beta
                    - 2*alpha*beta * x[n,i,l] * sum over c of dy[n,c,l] * x[n,c,l] / d[n,c,l]**(beta + 1)
        where  max(0, i - (size-1)//2) <= c <= min(C-1, i + size//2)

    Parameters
    ----------
    dx : (N, C, L) float, written
    dy, x : (N, C, L) float
    size : int
    k, alpha, beta : float
        As in the forward pass.
    """
    N, C, L = x.shape
    for n in range(N):
        for i in range(C):
            for l in range(L):
                total = np.float64(0.0)
                for c in range(max(0, i - (size - 1) // 2), min(C - 1, i + size // 2) + 1):
                    total += dy[n, c, l] * x[n, c, l] / denominator(x, n, c, l, size, k, alpha) ** (beta + 1.0)
                own = dy[n, i, l] / denominator(x, n, i, l, size, k, alpha) ** beta
                dx[n, i, l] = own - total * 2.0 * alpha * beta * x[n, i, l]
