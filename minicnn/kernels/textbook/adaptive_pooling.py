"""Adaptive pooling on one, two and three axes: the output size is given, and the input is divided into that many regions.

    region p holds rows  floor(p*H/P) <= h < ceil((p+1)*H/P)         (`minicnn.kernels.index.adaptive_range`)

Neighbouring regions share a row where P does not divide H; with P > H regions repeat rows.

Letters: N images, C channels; D H W input depth, rows, columns; O P Q output depth, rows, columns.

    x (N, C, [D, [H,]] W)    y (N, C, [O, [P,]] Q)    indices (N, C, [O, [P,]] Q) int64

Ties, NaN and `indices` are those of max pooling: the first in scan order, NaN wins, the winner's flat position in its input plane.
Outputs come first; every element of them is written.

Sources: Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 9.3 (inputs of varying size).  He, Zhang, Ren, Sun, "Spatial
pyramid pooling in deep convolutional networks for visual recognition", 2014.  The regions are those that PyTorch uses.
"""

import numpy as np

from minicnn.kernels.textbook.compile import adaptive_range, kernel
from minicnn.kernels.textbook.pooling import max_pool1d_backward, max_pool2d_backward, max_pool3d_backward

# The gradient goes to the winner, whatever the shape of the region that it won in.
adaptive_max_pool1d_backward = max_pool1d_backward
adaptive_max_pool2d_backward = max_pool2d_backward
adaptive_max_pool3d_backward = max_pool3d_backward


@kernel
def adaptive_max_pool1d_forward(y, indices, x):
    """Largest value of each region.

        y[n,c,q] = max over w of x[n,c,w],  indices[n,c,q] = that w
        where  floor(q*W/Q) <= w < ceil((q+1)*W/Q)

    Parameters
    ----------
    y : (N, C, Q) float, written
    indices : (N, C, Q) int64, written
    x : (N, C, W) float
    """
    N, C, Q = y.shape
    W = x.shape[2]
    for n in range(N):
        for c in range(C):
            for q in range(Q):
                first_w, stop_w = adaptive_range(q, W, Q)
                best, winner = -np.inf, -1
                for w in range(first_w, stop_w):
                    value = x[n, c, w]
                    if winner < 0 or value > best or (np.isnan(value) and not np.isnan(best)):
                        best, winner = value, w
                y[n, c, q] = best
                indices[n, c, q] = winner


@kernel
def adaptive_max_pool2d_forward(y, indices, x):
    """Largest value of each region.

        y[n,c,p,q] = max over h,w of x[n,c,h,w],  indices[n,c,p,q] = h*W + w of the winner
        where  floor(p*H/P) <= h < ceil((p+1)*H/P),   floor(q*W/Q) <= w < ceil((q+1)*W/Q)

    Parameters
    ----------
    y : (N, C, P, Q) float, written
    indices : (N, C, P, Q) int64, written
    x : (N, C, H, W) float
    """
    N, C, P, Q = y.shape
    _, _, H, W = x.shape
    for n in range(N):
        for c in range(C):
            for p in range(P):
                first_h, stop_h = adaptive_range(p, H, P)
                for q in range(Q):
                    first_w, stop_w = adaptive_range(q, W, Q)
                    best, winner = -np.inf, -1
                    for h in range(first_h, stop_h):
                        for w in range(first_w, stop_w):
                            value = x[n, c, h, w]
                            if winner < 0 or value > best or (np.isnan(value) and not np.isnan(best)):
                                best, winner = value, h * W + w
                    y[n, c, p, q] = best
                    indices[n, c, p, q] = winner


@kernel
def adaptive_max_pool3d_forward(y, indices, x):
    """Largest value of each region.

        y[n,c,o,p,q] = max over d,h,w of x[n,c,d,h,w],  indices[n,c,o,p,q] = (d*H + h)*W + w of the winner
        where  floor(o*D/O) <= d < ceil((o+1)*D/O),   floor(p*H/P) <= h < ceil((p+1)*H/P),   floor(q*W/Q) <= w < ceil((q+1)*W/Q)

    Parameters
    ----------
    y : (N, C, O, P, Q) float, written
    indices : (N, C, O, P, Q) int64, written
    x : (N, C, D, H, W) float
    """
    N, C, O, P, Q = y.shape
    _, _, D, H, W = x.shape
    for n in range(N):
        for c in range(C):
            for o in range(O):
                first_d, stop_d = adaptive_range(o, D, O)
                for p in range(P):
                    first_h, stop_h = adaptive_range(p, H, P)
                    for q in range(Q):
                        first_w, stop_w = adaptive_range(q, W, Q)
                        best, winner = -np.inf, -1
                        for d in range(first_d, stop_d):
                            for h in range(first_h, stop_h):
                                for w in range(first_w, stop_w):
                                    value = x[n, c, d, h, w]
                                    if winner < 0 or value > best or (np.isnan(value) and not np.isnan(best)):
                                        best, winner = value, (d * H + h) * W + w
                        y[n, c, o, p, q] = best
                        indices[n, c, o, p, q] = winner


@kernel
def adaptive_avg_pool1d_forward(y, x):
    """Mean of each region.

        y[n,c,q] = mean over w of x[n,c,w]
        where  floor(q*W/Q) <= w < ceil((q+1)*W/Q)

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
                first_w, stop_w = adaptive_range(q, W, Q)
                count = stop_w - first_w
                total = np.float64(0.0)
                for w in range(first_w, stop_w):
                    total += x[n, c, w]
                y[n, c, q] = total / count


@kernel
def adaptive_avg_pool1d_backward(dx, dy):
    """Gradient of `adaptive_avg_pool1d_forward`: every input pixel asks which regions hold it.

        dx[n,c,w] = sum over q of dy[n,c,q] / count[q]
        where  floor(q*W/Q) <= w < ceil((q+1)*W/Q)

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
                first_q, stop_q = adaptive_range(w, Q, W)
                total = np.float64(0.0)
                for q in range(first_q, stop_q):
                    first_w, stop_w = adaptive_range(q, W, Q)
                    total += np.float64(dy[n, c, q]) / (stop_w - first_w)
                dx[n, c, w] = total


@kernel
def adaptive_avg_pool2d_forward(y, x):
    """Mean of each region.

        y[n,c,p,q] = mean over h,w of x[n,c,h,w]
        where  floor(p*H/P) <= h < ceil((p+1)*H/P),   floor(q*W/Q) <= w < ceil((q+1)*W/Q)

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
                first_h, stop_h = adaptive_range(p, H, P)
                for q in range(Q):
                    first_w, stop_w = adaptive_range(q, W, Q)
                    count = (stop_h - first_h) * (stop_w - first_w)
                    total = np.float64(0.0)
                    for h in range(first_h, stop_h):
                        for w in range(first_w, stop_w):
                            total += x[n, c, h, w]
                    y[n, c, p, q] = total / count


@kernel
def adaptive_avg_pool2d_backward(dx, dy):
    """Gradient of `adaptive_avg_pool2d_forward`: every input pixel asks which regions hold it.

        dx[n,c,h,w] = sum over p,q of dy[n,c,p,q] / count[p,q]
        where  floor(p*H/P) <= h < ceil((p+1)*H/P),   floor(q*W/Q) <= w < ceil((q+1)*W/Q)

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
                first_p, stop_p = adaptive_range(h, P, H)
                for w in range(W):
                    first_q, stop_q = adaptive_range(w, Q, W)
                    total = np.float64(0.0)
                    for p in range(first_p, stop_p):
                        first_h, stop_h = adaptive_range(p, H, P)
                        for q in range(first_q, stop_q):
                            first_w, stop_w = adaptive_range(q, W, Q)
                            total += np.float64(dy[n, c, p, q]) / ((stop_h - first_h) * (stop_w - first_w))
                    dx[n, c, h, w] = total


@kernel
def adaptive_avg_pool3d_forward(y, x):
    """Mean of each region.

        y[n,c,o,p,q] = mean over d,h,w of x[n,c,d,h,w]
        where  floor(o*D/O) <= d < ceil((o+1)*D/O),   floor(p*H/P) <= h < ceil((p+1)*H/P),   floor(q*W/Q) <= w < ceil((q+1)*W/Q)

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
                first_d, stop_d = adaptive_range(o, D, O)
                for p in range(P):
                    first_h, stop_h = adaptive_range(p, H, P)
                    for q in range(Q):
                        first_w, stop_w = adaptive_range(q, W, Q)
                        count = (stop_d - first_d) * (stop_h - first_h) * (stop_w - first_w)
                        total = np.float64(0.0)
                        for d in range(first_d, stop_d):
                            for h in range(first_h, stop_h):
                                for w in range(first_w, stop_w):
                                    total += x[n, c, d, h, w]
                        y[n, c, o, p, q] = total / count


@kernel
def adaptive_avg_pool3d_backward(dx, dy):
    """Gradient of `adaptive_avg_pool3d_forward`: every input pixel asks which regions hold it.

        dx[n,c,d,h,w] = sum over o,p,q of dy[n,c,o,p,q] / count[o,p,q]
        where  floor(o*D/O) <= d < ceil((o+1)*D/O),   floor(p*H/P) <= h < ceil((p+1)*H/P),   floor(q*W/Q) <= w < ceil((q+1)*W/Q)

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
                first_o, stop_o = adaptive_range(d, O, D)
                for h in range(H):
                    first_p, stop_p = adaptive_range(h, P, H)
                    for w in range(W):
                        first_q, stop_q = adaptive_range(w, Q, W)
                        total = np.float64(0.0)
                        for o in range(first_o, stop_o):
                            first_d, stop_d = adaptive_range(o, D, O)
                            for p in range(first_p, stop_p):
                                first_h, stop_h = adaptive_range(p, H, P)
                                for q in range(first_q, stop_q):
                                    first_w, stop_w = adaptive_range(q, W, Q)
                                    total += np.float64(dy[n, c, o, p, q]) / ((stop_d - first_d) * (stop_h - first_h) * (stop_w - first_w))
                        dx[n, c, d, h, w] = total
