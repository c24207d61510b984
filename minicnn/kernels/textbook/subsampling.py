"""Subsampling with a trainable factor, on one, two and three axes: the sum of a window, times a coefficient of its map, plus a bias.

The gradient of the bias is that of a convolution, `conv2d_backward_bias`.

Letters: N images, C maps; D H W input depth, rows, columns; O P Q output depth, rows, columns; t r s positions in the window.

    x (N, C, [D, [H,]] W)    weight (C,)    bias (C,)    y (N, C, [O, [P,]] Q)

Settings, in the order depth, rows, columns: sizes of the window, and strides.  There is no padding: every window lies inside the map.
Outputs come first; every element of them is written.
Source: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", 1998, section II.B, layers S2 and S4.
"""

import numpy as np

from minicnn.kernels.textbook.compile import kernel, output_position


@kernel
def subsample1d_forward(y, x, weight, bias, window_w, stride_w):
    """The sum of each window, times the factor of its map.

        y[n,c,q] = weight[c] * (sum over s of x[n,c,w]) + bias[c]
        where  w = q*stride_w + s

    Parameters
    ----------
    y : (N, C, Q) float, written
    x : (N, C, W) float
    weight, bias : (C,) float
    """
    N, C, Q = y.shape
    for n in range(N):
        for c in range(C):
            for q in range(Q):
                total = np.float64(0.0)
                for s in range(window_w):
                    total += x[n, c, q * stride_w + s]
                y[n, c, q] = weight[c] * total + bias[c]


@kernel
def subsample1d_backward_input(dx, dy, weight, window_w, stride_w):
    """Gradient of `subsample1d_forward` with respect to x: every pixel asks which windows hold it.

        dx[n,c,w] = weight[c] * sum over s of dy[n,c,q]
        where  w = q*stride_w + s

    Parameters
    ----------
    dx : (N, C, W) float, written
    dy : (N, C, Q) float
    weight : (C,) float
    """
    N, C, W = dx.shape
    Q = dy.shape[2]
    for n in range(N):
        for c in range(C):
            for w in range(W):
                total = np.float64(0.0)
                for s in range(window_w):
                    q = output_position(w, s, Q, stride_w, 1, 0)
                    if q >= 0:
                        total += dy[n, c, q]
                dx[n, c, w] = weight[c] * total


@kernel
def subsample1d_backward_weight(dweight, dy, x, window_w, stride_w):
    """Gradient of `subsample1d_forward` with respect to weight.

        dweight[c] = sum over n,q,s of dy[n,c,q] * x[n,c,w]
        where  w = q*stride_w + s

    Parameters
    ----------
    dweight : (C,) float, written
    dy : (N, C, Q) float
    x : (N, C, W) float
    """
    N, C, Q = dy.shape
    for c in range(C):
        total = np.float64(0.0)
        for n in range(N):
            for q in range(Q):
                for s in range(window_w):
                    total += dy[n, c, q] * x[n, c, q * stride_w + s]
        dweight[c] = total


@kernel
def subsample2d_forward(y, x, weight, bias, window_h, window_w, stride_h, stride_w):
    """The sum of each window, times the factor of its map.

        y[n,c,p,q] = weight[c] * (sum over r,s of x[n,c,h,w]) + bias[c]
        where  h = p*stride_h + r,   w = q*stride_w + s

    Parameters
    ----------
    y : (N, C, P, Q) float, written
    x : (N, C, H, W) float
    weight, bias : (C,) float
    """
    N, C, P, Q = y.shape
    for n in range(N):
        for c in range(C):
            for p in range(P):
                for q in range(Q):
                    total = np.float64(0.0)
                    for r in range(window_h):
                        for s in range(window_w):
                            total += x[n, c, p * stride_h + r, q * stride_w + s]
                    y[n, c, p, q] = weight[c] * total + bias[c]


@kernel
def subsample2d_backward_input(dx, dy, weight, window_h, window_w, stride_h, stride_w):
    """Gradient of `subsample2d_forward` with respect to x: every pixel asks which windows hold it.

        dx[n,c,h,w] = weight[c] * sum over r,s of dy[n,c,p,q]
        where  h = p*stride_h + r,   w = q*stride_w + s

    Parameters
    ----------
    dx : (N, C, H, W) float, written
    dy : (N, C, P, Q) float
    weight : (C,) float
    """
    N, C, H, W = dx.shape
    _, _, P, Q = dy.shape
    for n in range(N):
        for c in range(C):
            for h in range(H):
                for w in range(W):
                    total = np.float64(0.0)
                    for r in range(window_h):
                        p = output_position(h, r, P, stride_h, 1, 0)
                        for s in range(window_w):
                            q = output_position(w, s, Q, stride_w, 1, 0)
                            if p >= 0 and q >= 0:
                                total += dy[n, c, p, q]
                    dx[n, c, h, w] = weight[c] * total


@kernel
def subsample2d_backward_weight(dweight, dy, x, window_h, window_w, stride_h, stride_w):
    """Gradient of `subsample2d_forward` with respect to weight.

        dweight[c] = sum over n,p,q,r,s of dy[n,c,p,q] * x[n,c,h,w]
        where  h = p*stride_h + r,   w = q*stride_w + s

    Parameters
    ----------
    dweight : (C,) float, written
    dy : (N, C, P, Q) float
    x : (N, C, H, W) float
    """
    N, C, P, Q = dy.shape
    for c in range(C):
        total = np.float64(0.0)
        for n in range(N):
            for p in range(P):
                for q in range(Q):
                    for r in range(window_h):
                        for s in range(window_w):
                            total += dy[n, c, p, q] * x[n, c, p * stride_h + r, q * stride_w + s]
        dweight[c] = total


@kernel
def subsample3d_forward(y, x, weight, bias, window_d, window_h, window_w, stride_d, stride_h, stride_w):
    """The sum of each window, times the factor of its map.

        y[n,c,o,p,q] = weight[c] * (sum over t,r,s of x[n,c,d,h,w]) + bias[c]
        where  d = o*stride_d + t,   h = p*stride_h + r,   w = q*stride_w + s

    Parameters
    ----------
    y : (N, C, O, P, Q) float, written
    x : (N, C, D, H, W) float
    weight, bias : (C,) float
    """
    N, C, O, P, Q = y.shape
    for n in range(N):
        for c in range(C):
            for o in range(O):
                for p in range(P):
                    for q in range(Q):
                        total = np.float64(0.0)
                        for t in range(window_d):
                            for r in range(window_h):
                                for s in range(window_w):
                                    total += x[n, c, o * stride_d + t, p * stride_h + r, q * stride_w + s]
                        y[n, c, o, p, q] = weight[c] * total + bias[c]


@kernel
def subsample3d_backward_input(dx, dy, weight, window_d, window_h, window_w, stride_d, stride_h, stride_w):
    """Gradient of `subsample3d_forward` with respect to x: every pixel asks which windows hold it.

        dx[n,c,d,h,w] = weight[c] * sum over t,r,s of dy[n,c,o,p,q]
        where  d = o*stride_d + t,   h = p*stride_h + r,   w = q*stride_w + s

    Parameters
    ----------
    dx : (N, C, D, H, W) float, written
    dy : (N, C, O, P, Q) float
    weight : (C,) float
    """
    N, C, D, H, W = dx.shape
    _, _, O, P, Q = dy.shape
    for n in range(N):
        for c in range(C):
            for d in range(D):
                for h in range(H):
                    for w in range(W):
                        total = np.float64(0.0)
                        for t in range(window_d):
                            o = output_position(d, t, O, stride_d, 1, 0)
                            for r in range(window_h):
                                p = output_position(h, r, P, stride_h, 1, 0)
                                for s in range(window_w):
                                    q = output_position(w, s, Q, stride_w, 1, 0)
                                    if o >= 0 and p >= 0 and q >= 0:
                                        total += dy[n, c, o, p, q]
                        dx[n, c, d, h, w] = weight[c] * total


@kernel
def subsample3d_backward_weight(dweight, dy, x, window_d, window_h, window_w, stride_d, stride_h, stride_w):
    """Gradient of `subsample3d_forward` with respect to weight.

        dweight[c] = sum over n,o,p,q,t,r,s of dy[n,c,o,p,q] * x[n,c,d,h,w]
        where  d = o*stride_d + t,   h = p*stride_h + r,   w = q*stride_w + s

    Parameters
    ----------
    dweight : (C,) float, written
    dy : (N, C, O, P, Q) float
    x : (N, C, D, H, W) float
    """
    N, C, O, P, Q = dy.shape
    for c in range(C):
        total = np.float64(0.0)
        for n in range(N):
            for o in range(O):
                for p in range(P):
                    for q in range(Q):
                        for t in range(window_d):
                            for r in range(window_h):
                                for s in range(window_w):
                                    total += dy[n, c, o, p, q] * x[n, c, o * stride_d + t, p * stride_h + r, q * stride_w + s]
        dweight[c] = total
