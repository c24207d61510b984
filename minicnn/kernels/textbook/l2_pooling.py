"""L2 pooling on one, two and three axes: the square root of the sum of squares in each window.

    h = p*stride_h + r - pad_h         outside 0 <= h < H the tap counts as zero

Letters: N images, C channels; D H W input depth, rows, columns; O P Q output depth, rows, columns; t r s taps of the window.

    x (N, C, [D, [H,]] W)    y (N, C, [O, [P,]] Q)

Settings, in the order depth, rows, columns, all in pixels: window, stride, padding *before* the axis.
Squares are taken in float64, so that small numbers do not vanish.  Where a window holds nothing but zeros the root has no slope; the
gradient there is taken as 0.
Outputs come first; every element of them is written.

Sources: Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 9.3.  Kavukcuoglu, Ranzato, Fergus, LeCun, "Learning invariant
features through topographic filter maps", 2009.
"""

import numpy as np

from minicnn.kernels.textbook.compile import input_position, kernel, output_position


@kernel
def l2_pool1d_forward(y, x, window_w, stride_w, pad_w):
    """Length of each window, taken as a vector.

        y[n,c,q] = sqrt(sum over s of x[n,c,w]**2)
        where  w = q*stride_w + s - pad_w

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
                total = np.float64(0.0)
                for s in range(window_w):
                    w = input_position(q, s, stride_w, 1, pad_w)
                    if 0 <= w < W:
                        value = np.float64(x[n, c, w])
                        total += value * value
                y[n, c, q] = np.sqrt(total)


@kernel
def l2_pool1d_backward(dx, dy, x, y, window_w, stride_w, pad_w):
    """Gradient of `l2_pool1d_forward`: every input pixel asks which windows hold it.

        dx[n,c,w] = x[n,c,w] * sum over s with y[n,c,q] > 0 of dy[n,c,q] / y[n,c,q]
        where  w = q*stride_w + s - pad_w

    Parameters
    ----------
    dx : (N, C, W) float, written
    dy : (N, C, Q) float
    x : (N, C, W) float
    y : (N, C, Q) float
    """
    N, C, W = dx.shape
    Q = dy.shape[2]
    for n in range(N):
        for c in range(C):
            for w in range(W):
                total = np.float64(0.0)
                for s in range(window_w):
                    q = output_position(w, s, Q, stride_w, 1, pad_w)
                    if q >= 0 and y[n, c, q] != 0.0:
                        total += np.float64(dy[n, c, q]) / y[n, c, q]
                dx[n, c, w] = total * x[n, c, w]


@kernel
def l2_pool2d_forward(y, x, window_h, window_w, stride_h, stride_w, pad_h, pad_w):
    """Length of each window, taken as a vector.

        y[n,c,p,q] = sqrt(sum over r,s of x[n,c,h,w]**2)
        where  h = p*stride_h + r - pad_h,   w = q*stride_w + s - pad_w

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
                    total = np.float64(0.0)
                    for r in range(window_h):
                        h = input_position(p, r, stride_h, 1, pad_h)
                        for s in range(window_w):
                            w = input_position(q, s, stride_w, 1, pad_w)
                            if 0 <= h < H and 0 <= w < W:
                                value = np.float64(x[n, c, h, w])
                                total += value * value
                    y[n, c, p, q] = np.sqrt(total)


@kernel
def l2_pool2d_backward(dx, dy, x, y, window_h, window_w, stride_h, stride_w, pad_h, pad_w):
    """Gradient of `l2_pool2d_forward`: every input pixel asks which windows hold it.

        dx[n,c,h,w] = x[n,c,h,w] * sum over r,s with y[n,c,p,q] > 0 of dy[n,c,p,q] / y[n,c,p,q]
        where  h = p*stride_h + r - pad_h,   w = q*stride_w + s - pad_w

    Parameters
    ----------
    dx : (N, C, H, W) float, written
    dy : (N, C, P, Q) float
    x : (N, C, H, W) float
    y : (N, C, P, Q) float
    """
    N, C, H, W = dx.shape
    _, _, P, Q = dy.shape
    for n in range(N):
        for c in range(C):
            for h in range(H):
                for w in range(W):
                    total = np.float64(0.0)
                    for r in range(window_h):
                        p = output_position(h, r, P, stride_h, 1, pad_h)
                        for s in range(window_w):
                            q = output_position(w, s, Q, stride_w, 1, pad_w)
                            if p >= 0 and q >= 0 and y[n, c, p, q] != 0.0:
                                total += np.float64(dy[n, c, p, q]) / y[n, c, p, q]
                    dx[n, c, h, w] = total * x[n, c, h, w]


@kernel
def l2_pool3d_forward(y, x, window_d, window_h, window_w, stride_d, stride_h, stride_w, pad_d, pad_h, pad_w):
    """Length of each window, taken as a vector.

        y[n,c,o,p,q] = sqrt(sum over t,r,s of x[n,c,d,h,w]**2)
        where  d = o*stride_d + t - pad_d,   h = p*stride_h + r - pad_h,   w = q*stride_w + s - pad_w

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
                        total = np.float64(0.0)
                        for t in range(window_d):
                            d = input_position(o, t, stride_d, 1, pad_d)
                            for r in range(window_h):
                                h = input_position(p, r, stride_h, 1, pad_h)
                                for s in range(window_w):
                                    w = input_position(q, s, stride_w, 1, pad_w)
                                    if 0 <= d < D and 0 <= h < H and 0 <= w < W:
                                        value = np.float64(x[n, c, d, h, w])
                                        total += value * value
                        y[n, c, o, p, q] = np.sqrt(total)


@kernel
def l2_pool3d_backward(dx, dy, x, y, window_d, window_h, window_w, stride_d, stride_h, stride_w, pad_d, pad_h, pad_w):
    """Gradient of `l2_pool3d_forward`: every input pixel asks which windows hold it.

        dx[n,c,d,h,w] = x[n,c,d,h,w] * sum over t,r,s with y[n,c,o,p,q] > 0 of dy[n,c,o,p,q] / y[n,c,o,p,q]
        where  d = o*stride_d + t - pad_d,   h = p*stride_h + r - pad_h,   w = q*stride_w + s - pad_w

    Parameters
    ----------
    dx : (N, C, D, H, W) float, written
    dy : (N, C, O, P, Q) float
    x : (N, C, D, H, W) float
    y : (N, C, O, P, Q) float
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
                            o = output_position(d, t, O, stride_d, 1, pad_d)
                            for r in range(window_h):
                                p = output_position(h, r, P, stride_h, 1, pad_h)
                                for s in range(window_w):
                                    q = output_position(w, s, Q, stride_w, 1, pad_w)
                                    if o >= 0 and p >= 0 and q >= 0 and y[n, c, o, p, q] != 0.0:
                                        total += np.float64(dy[n, c, o, p, q]) / y[n, c, o, p, q]
                        dx[n, c, d, h, w] = total * x[n, c, d, h, w]
