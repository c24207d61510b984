"""Nearest-neighbour upsampling on one, two and three axes: every pixel is repeated.

Letters: N images, C channels; D H W input depth, rows, columns; O P Q output depth, rows, columns.

    x (N, C, [D, [H,]] W)    y (N, C, [O, [P,]] Q)

The sizes of x and y say how much larger y is, or smaller; the ratio need not be whole.  Outputs come first; every element of them is written.

Source: Prince, "Understanding Deep Learning", 2023, section 10.4.2.
"""

import numpy as np

from minicnn.kernels.textbook.compile import kernel


@kernel
def ceil_ratio(total, parts):
    """total / parts, rounded up."""
    return (total + parts - 1) // parts


@kernel
def upsample_nearest1d_forward(y, x):
    """Repeat every pixel until the output is full, each as often as the others, or nearly so.

        y[n,c,q] = x[n,c,w]
        where  w = q * W // Q

    Parameters
    ----------
    y : (N, C, Q) float, written
    x : (N, C, W) float
    """
    N, C, Q = y.shape
    W = x.shape[2]
    for n in range(N):
        for c in range(C):
            for q in range(Q):
                y[n, c, q] = x[n, c, q * W // Q]


@kernel
def upsample_nearest1d_backward(dx, dy):
    """Gradient of `upsample_nearest1d_forward`: the sum over all copies of a pixel.

        dx[n,c,w] = sum over q of dy[n,c,q]
        where  w = q * W // Q

    Parameters
    ----------
    dx : (N, C, W) float, written
    dy : (N, C, Q) float
    """
    N, C, W = dx.shape
    Q = dy.shape[2]
    for n in range(N):
        for c in range(C):
            for w in range(W):
                total = np.float64(0.0)
                for q in range(ceil_ratio(w * Q, W), ceil_ratio((w + 1) * Q, W)):
                    total += dy[n, c, q]
                dx[n, c, w] = total


@kernel
def upsample_nearest2d_forward(y, x):
    """Repeat every pixel until the output is full, each as often as the others, or nearly so.

        y[n,c,p,q] = x[n,c,h,w]
        where  h = p * H // P,   w = q * W // Q

    Parameters
    ----------
    y : (N, C, P, Q) float, written
    x : (N, C, H, W) float
    """
    N, C, P, Q = y.shape
    _, _, H, W = x.shape
    for n in range(N):
        for c in range(C):
            for p in range(P):
                for q in range(Q):
                    y[n, c, p, q] = x[n, c, p * H // P, q * W // Q]


@kernel
def upsample_nearest2d_backward(dx, dy):
    """Gradient of `upsample_nearest2d_forward`: the sum over all copies of a pixel.

        dx[n,c,h,w] = sum over p,q of dy[n,c,p,q]
        where  h = p * H // P,   w = q * W // Q

    Parameters
    ----------
    dx : (N, C, H, W) float, written
    dy : (N, C, P, Q) float
    """
    N, C, H, W = dx.shape
    _, _, P, Q = dy.shape
    for n in range(N):
        for c in range(C):
            for h in range(H):
                for w in range(W):
                    total = np.float64(0.0)
                    for p in range(ceil_ratio(h * P, H), ceil_ratio((h + 1) * P, H)):
                        for q in range(ceil_ratio(w * Q, W), ceil_ratio((w + 1) * Q, W)):
                            total += dy[n, c, p, q]
                    dx[n, c, h, w] = total


@kernel
def upsample_nearest3d_forward(y, x):
    """Repeat every pixel until the output is full, each as often as the others, or nearly so.

        y[n,c,o,p,q] = x[n,c,d,h,w]
        where  d = o * D // O,   h = p * H // P,   w = q * W // Q

    Parameters
    ----------
    y : (N, C, O, P, Q) float, written
    x : (N, C, D, H, W) float
    """
    N, C, O, P, Q = y.shape
    _, _, D, H, W = x.shape
    for n in range(N):
        for c in range(C):
            for o in range(O):
                for p in range(P):
                    for q in range(Q):
                        y[n, c, o, p, q] = x[n, c, o * D // O, p * H // P, q * W // Q]


@kernel
def upsample_nearest3d_backward(dx, dy):
    """Gradient of `upsample_nearest3d_forward`: the sum over all copies of a pixel.

        dx[n,c,d,h,w] = sum over o,p,q of dy[n,c,o,p,q]
        where  d = o * D // O,   h = p * H // P,   w = q * W // Q

    Parameters
    ----------
    dx : (N, C, D, H, W) float, written
    dy : (N, C, O, P, Q) float
    """
    N, C, D, H, W = dx.shape
    _, _, O, P, Q = dy.shape
    for n in range(N):
        for c in range(C):
            for d in range(D):
                for h in range(H):
                    for w in range(W):
                        total = np.float64(0.0)
                        for o in range(ceil_ratio(d * O, D), ceil_ratio((d + 1) * O, D)):
                            for p in range(ceil_ratio(h * P, H), ceil_ratio((h + 1) * P, H)):
                                for q in range(ceil_ratio(w * Q, W), ceil_ratio((w + 1) * Q, W)):
                                    total += dy[n, c, o, p, q]
                        dx[n, c, d, h, w] = total
