"""Weighted pooling on one, two and three axes: a mean of each window, weighted by the distance from its centre.

    h = p*stride_h + r - pad_h         outside 0 <= h < H the tap counts as zero

Letters: N images, C channels; D H W input depth, rows, columns; O P Q output depth, rows, columns; t r s taps of the window.

    x (N, C, [D, [H,]] W)    weight ([T, [R,]] S)    y (N, C, [O, [P,]] Q)

The weights are the caller's, the same for every channel; a Gaussian of the distance, divided by its sum, gives the pooling that the
lecture describes.  Where a window extends beyond the input, its weights are not rescaled: pixels outside count as zero.
Settings, in the order depth, rows, columns, all in pixels: stride, padding *before* the axis.
Outputs come first; every element of them is written.

Source: Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 9.3.
"""

import numpy as np

from minicnn.kernels.textbook.compile import input_position, kernel, output_position


@kernel
def gaussian_pool1d_forward(y, x, weight, stride_w, pad_w):
    """Weighted mean of each window.

        y[n,c,q] = sum over s of weight[s] * x[n,c,w]
        where  w = q*stride_w + s - pad_w

    Parameters
    ----------
    y : (N, C, Q) float, written
    x : (N, C, W) float
    weight : (S,) float
    """
    N, C, Q = y.shape
    W = x.shape[2]
    S = weight.shape[0]
    for n in range(N):
        for c in range(C):
            for q in range(Q):
                total = np.float64(0.0)
                for s in range(S):
                    w = input_position(q, s, stride_w, 1, pad_w)
                    if 0 <= w < W:
                        total += weight[s] * x[n, c, w]
                y[n, c, q] = total


@kernel
def gaussian_pool1d_backward(dx, dy, weight, stride_w, pad_w):
    """Gradient of `gaussian_pool1d_forward`: every input pixel asks which windows hold it.

        dx[n,c,w] = sum over s of weight[s] * dy[n,c,q]
        where  w = q*stride_w + s - pad_w

    Parameters
    ----------
    dx : (N, C, W) float, written
    dy : (N, C, Q) float
    weight : (S,) float
    """
    N, C, W = dx.shape
    Q = dy.shape[2]
    S = weight.shape[0]
    for n in range(N):
        for c in range(C):
            for w in range(W):
                total = np.float64(0.0)
                for s in range(S):
                    q = output_position(w, s, Q, stride_w, 1, pad_w)
                    if q >= 0:
                        total += weight[s] * dy[n, c, q]
                dx[n, c, w] = total


@kernel
def gaussian_pool2d_forward(y, x, weight, stride_h, stride_w, pad_h, pad_w):
    """Weighted mean of each window.

        y[n,c,p,q] = sum over r,s of weight[r,s] * x[n,c,h,w]
        where  h = p*stride_h + r - pad_h,   w = q*stride_w + s - pad_w

    Parameters
    ----------
    y : (N, C, P, Q) float, written
    x : (N, C, H, W) float
    weight : (R, S) float
    """
    N, C, P, Q = y.shape
    _, _, H, W = x.shape
    R, S = weight.shape
    for n in range(N):
        for c in range(C):
            for p in range(P):
                for q in range(Q):
                    total = np.float64(0.0)
                    for r in range(R):
                        h = input_position(p, r, stride_h, 1, pad_h)
                        for s in range(S):
                            w = input_position(q, s, stride_w, 1, pad_w)
                            if 0 <= h < H and 0 <= w < W:
                                total += weight[r, s] * x[n, c, h, w]
                    y[n, c, p, q] = total


@kernel
def gaussian_pool2d_backward(dx, dy, weight, stride_h, stride_w, pad_h, pad_w):
    """Gradient of `gaussian_pool2d_forward`: every input pixel asks which windows hold it.

        dx[n,c,h,w] = sum over r,s of weight[r,s] * dy[n,c,p,q]
        where  h = p*stride_h + r - pad_h,   w = q*stride_w + s - pad_w

    Parameters
    ----------
    dx : (N, C, H, W) float, written
    dy : (N, C, P, Q) float
    weight : (R, S) float
    """
    N, C, H, W = dx.shape
    _, _, P, Q = dy.shape
    R, S = weight.shape
    for n in range(N):
        for c in range(C):
            for h in range(H):
                for w in range(W):
                    total = np.float64(0.0)
                    for r in range(R):
                        p = output_position(h, r, P, stride_h, 1, pad_h)
                        for s in range(S):
                            q = output_position(w, s, Q, stride_w, 1, pad_w)
                            if p >= 0 and q >= 0:
                                total += weight[r, s] * dy[n, c, p, q]
                    dx[n, c, h, w] = total


@kernel
def gaussian_pool3d_forward(y, x, weight, stride_d, stride_h, stride_w, pad_d, pad_h, pad_w):
    """Weighted mean of each window.

        y[n,c,o,p,q] = sum over t,r,s of weight[t,r,s] * x[n,c,d,h,w]
        where  d = o*stride_d + t - pad_d,   h = p*stride_h + r - pad_h,   w = q*stride_w + s - pad_w

    Parameters
    ----------
    y : (N, C, O, P, Q) float, written
    x : (N, C, D, H, W) float
    weight : (T, R, S) float
    """
    N, C, O, P, Q = y.shape
    _, _, D, H, W = x.shape
    T, R, S = weight.shape
    for n in range(N):
        for c in range(C):
            for o in range(O):
                for p in range(P):
                    for q in range(Q):
                        total = np.float64(0.0)
                        for t in range(T):
                            d = input_position(o, t, stride_d, 1, pad_d)
                            for r in range(R):
                                h = input_position(p, r, stride_h, 1, pad_h)
                                for s in range(S):
                                    w = input_position(q, s, stride_w, 1, pad_w)
                                    if 0 <= d < D and 0 <= h < H and 0 <= w < W:
                                        total += weight[t, r, s] * x[n, c, d, h, w]
                        y[n, c, o, p, q] = total


@kernel
def gaussian_pool3d_backward(dx, dy, weight, stride_d, stride_h, stride_w, pad_d, pad_h, pad_w):
    """Gradient of `gaussian_pool3d_forward`: every input pixel asks which windows hold it.

        dx[n,c,d,h,w] = sum over t,r,s of weight[t,r,s] * dy[n,c,o,p,q]
        where  d = o*stride_d + t - pad_d,   h = p*stride_h + r - pad_h,   w = q*stride_w + s - pad_w

    Parameters
    ----------
    dx : (N, C, D, H, W) float, written
    dy : (N, C, O, P, Q) float
    weight : (T, R, S) float
    """
    N, C, D, H, W = dx.shape
    _, _, O, P, Q = dy.shape
    T, R, S = weight.shape
    for n in range(N):
        for c in range(C):
            for d in range(D):
                for h in range(H):
                    for w in range(W):
                        total = np.float64(0.0)
                        for t in range(T):
                            o = output_position(d, t, O, stride_d, 1, pad_d)
                            for r in range(R):
                                p = output_position(h, r, P, stride_h, 1, pad_h)
                                for s in range(S):
                                    q = output_position(w, s, Q, stride_w, 1, pad_w)
                                    if o >= 0 and p >= 0 and q >= 0:
                                        total += weight[t, r, s] * dy[n, c, o, p, q]
                        dx[n, c, d, h, w] = total
