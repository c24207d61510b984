"""Nearest-neighbour upsampling on one, two and three axes: every pixel is repeated.

Letters: N images, C channels; D H W input depth, rows, columns; O P Q output depth, rows, columns.

    x (N, C, [D, [H,]] W)    y (N, C, [O, [P,]] Q)    O = D*scale_d, P = H*scale_h, Q = W*scale_w

The scales are whole numbers.  Outputs come first; every element of them is written.

Source: Prince, "Understanding Deep Learning", 2023, section 10.4.2.
"""

import numpy as np

from minicnn.kernels.textbook.compile import kernel


@kernel
def upsample_nearest1d_forward(y, x, scale_w):
    """Repeat every pixel `scale` times along every axis.

        y[n,c,q] = x[n,c,w]
        where  w = q // scale_w

    Parameters
    ----------
    y : (N, C, Q) float, written
    x : (N, C, W) float
    """
    N, C, Q = y.shape
    for n in range(N):
        for c in range(C):
            for q in range(Q):
                y[n, c, q] = x[n, c, q // scale_w]


@kernel
def upsample_nearest1d_backward(dx, dy, scale_w):
    """Gradient of `upsample_nearest1d_forward`: the sum over all copies of a pixel.

        dx[n,c,w] = sum over q of dy[n,c,q]
        where  w = q // scale_w

    Parameters
    ----------
    dx : (N, C, W) float, written
    dy : (N, C, Q) float
    """
    N, C, W = dx.shape
    for n in range(N):
        for c in range(C):
            for w in range(W):
                total = np.float64(0.0)
                for q in range(w * scale_w, (w + 1) * scale_w):
                    total += dy[n, c, q]
                dx[n, c, w] = total


@kernel
def upsample_nearest2d_forward(y, x, scale_h, scale_w):
    """Repeat every pixel `scale` times along every axis.

        y[n,c,p,q] = x[n,c,h,w]
        where  h = p // scale_h,   w = q // scale_w

    Parameters
    ----------
    y : (N, C, P, Q) float, written
    x : (N, C, H, W) float
    """
    N, C, P, Q = y.shape
    for n in range(N):
        for c in range(C):
            for p in range(P):
                for q in range(Q):
                    y[n, c, p, q] = x[n, c, p // scale_h, q // scale_w]


@kernel
def upsample_nearest2d_backward(dx, dy, scale_h, scale_w):
    """Gradient of `upsample_nearest2d_forward`: the sum over all copies of a pixel.

        dx[n,c,h,w] = sum over p,q of dy[n,c,p,q]
        where  h = p // scale_h,   w = q // scale_w

    Parameters
    ----------
    dx : (N, C, H, W) float, written
    dy : (N, C, P, Q) float
    """
    N, C, H, W = dx.shape
    for n in range(N):
        for c in range(C):
            for h in range(H):
                for w in range(W):
                    total = np.float64(0.0)
                    for p in range(h * scale_h, (h + 1) * scale_h):
                        for q in range(w * scale_w, (w + 1) * scale_w):
                            total += dy[n, c, p, q]
                    dx[n, c, h, w] = total


@kernel
def upsample_nearest3d_forward(y, x, scale_d, scale_h, scale_w):
    """Repeat every pixel `scale` times along every axis.

        y[n,c,o,p,q] = x[n,c,d,h,w]
        where  d = o // scale_d,   h = p // scale_h,   w = q // scale_w

    Parameters
    ----------
    y : (N, C, O, P, Q) float, written
    x : (N, C, D, H, W) float
    """
    N, C, O, P, Q = y.shape
    for n in range(N):
        for c in range(C):
            for o in range(O):
                for p in range(P):
                    for q in range(Q):
                        y[n, c, o, p, q] = x[n, c, o // scale_d, p // scale_h, q // scale_w]


@kernel
def upsample_nearest3d_backward(dx, dy, scale_d, scale_h, scale_w):
    """Gradient of `upsample_nearest3d_forward`: the sum over all copies of a pixel.

        dx[n,c,d,h,w] = sum over o,p,q of dy[n,c,o,p,q]
        where  d = o // scale_d,   h = p // scale_h,   w = q // scale_w

    Parameters
    ----------
    dx : (N, C, D, H, W) float, written
    dy : (N, C, O, P, Q) float
    """
    N, C, D, H, W = dx.shape
    for n in range(N):
        for c in range(C):
            for d in range(D):
                for h in range(H):
                    for w in range(W):
                        total = np.float64(0.0)
                        for o in range(d * scale_d, (d + 1) * scale_d):
                            for p in range(h * scale_h, (h + 1) * scale_h):
                                for q in range(w * scale_w, (w + 1) * scale_w):
                                    total += dy[n, c, o, p, q]
                        dx[n, c, d, h, w] = total
