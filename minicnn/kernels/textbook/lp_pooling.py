"""Lp pooling on one, two and three axes: the p-norm of each window.  p = 2 is L2 pooling, a large p comes close to max pooling of sizes.

    h = p*stride_h + r*dilation_h - pad_h         outside 0 <= h < H the tap counts as zero

Letters: N images, C channels; D H W input depth, rows, columns; O P Q output depth, rows, columns; t r s taps of the window.  The p of the
norm is called `power` here, at least 1.

    x (N, C, [D, [H,]] W)    y (N, C, [O, [P,]] Q)

Settings, in the order depth, rows, columns, all in pixels: window, stride, padding *before* the axis, dilation; then `power`.
Where a window holds nothing but zeros the root has no slope; the gradient there is taken as 0.
Outputs come first; every element of them is written.

Source: Gulcehre, Cho, Pascanu, Bengio, "Learned-Norm Pooling for Deep Feedforward and Recurrent Neural Networks", 2014, section 3.
"""

import numpy as np

from minicnn.kernels.textbook.compile import input_position, kernel, output_position


@kernel
def lp_pool1d_forward(y, x, window_w, stride_w, pad_w, dilation_w, power):
    """The p-norm of each window.

        y[n,c,q] = (sum over s of abs(x[n,c,w])**power)**(1/power)
        where  w = q*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    y : (N, C, Q) float, written
    x : (N, C, W) float
    power : float, at least 1
    """
    N, C, Q = y.shape
    W = x.shape[2]
    for n in range(N):
        for c in range(C):
            for q in range(Q):
                total = np.float64(0.0)
                for s in range(window_w):
                    w = input_position(q, s, stride_w, dilation_w, pad_w)
                    if 0 <= w < W:
                        total += np.float64(abs(x[n, c, w])) ** power
                y[n, c, q] = total ** (1.0 / power)


@kernel
def lp_pool1d_backward(dx, dy, x, y, window_w, stride_w, pad_w, dilation_w, power):
    """Gradient of `lp_pool1d_forward`: every input pixel asks which windows hold it.

        dx[n,c,w] = sign(x[n,c,w]) * sum over s with y[n,c,q] > 0 of dy[n,c,q] * (abs(x[n,c,w]) / y[n,c,q])**(power - 1)
        where  w = q*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    dx : (N, C, W) float, written
    dy : (N, C, Q) float
    x : (N, C, W) float
    y : (N, C, Q) float
    power : float, at least 1
    """
    N, C, W = dx.shape
    Q = dy.shape[2]
    for n in range(N):
        for c in range(C):
            for w in range(W):
                total = np.float64(0.0)
                size = np.float64(abs(x[n, c, w]))
                for s in range(window_w):
                    q = output_position(w, s, Q, stride_w, dilation_w, pad_w)
                    if q >= 0 and y[n, c, q] != 0.0:
                        total += dy[n, c, q] * (size / y[n, c, q]) ** (power - 1.0)
                dx[n, c, w] = total if x[n, c, w] > 0.0 else (-total if x[n, c, w] < 0.0 else 0.0 * total)


@kernel
def lp_pool2d_forward(y, x, window_h, window_w, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, power):
    """The p-norm of each window.

        y[n,c,p,q] = (sum over r,s of abs(x[n,c,h,w])**power)**(1/power)
        where  h = p*stride_h + r*dilation_h - pad_h,   w = q*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    y : (N, C, P, Q) float, written
    x : (N, C, H, W) float
    power : float, at least 1
    """
    N, C, P, Q = y.shape
    _, _, H, W = x.shape
    for n in range(N):
        for c in range(C):
            for p in range(P):
                for q in range(Q):
                    total = np.float64(0.0)
                    for r in range(window_h):
                        h = input_position(p, r, stride_h, dilation_h, pad_h)
                        for s in range(window_w):
                            w = input_position(q, s, stride_w, dilation_w, pad_w)
                            if 0 <= h < H and 0 <= w < W:
                                total += np.float64(abs(x[n, c, h, w])) ** power
                    y[n, c, p, q] = total ** (1.0 / power)


@kernel
def lp_pool2d_backward(dx, dy, x, y, window_h, window_w, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, power):
    """Gradient of `lp_pool2d_forward`: every input pixel asks which windows hold it.

        dx[n,c,h,w] = sign(x[n,c,h,w]) * sum over r,s with y[n,c,p,q] > 0 of dy[n,c,p,q] * (abs(x[n,c,h,w]) / y[n,c,p,q])**(power - 1)
        where  h = p*stride_h + r*dilation_h - pad_h,   w = q*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    dx : (N, C, H, W) float, written
    dy : (N, C, P, Q) float
    x : (N, C, H, W) float
    y : (N, C, P, Q) float
    power : float, at least 1
    """
    N, C, H, W = dx.shape
    _, _, P, Q = dy.shape
    for n in range(N):
        for c in range(C):
            for h in range(H):
                for w in range(W):
                    total = np.float64(0.0)
                    size = np.float64(abs(x[n, c, h, w]))
                    for r in range(window_h):
                        p = output_position(h, r, P, stride_h, dilation_h, pad_h)
                        for s in range(window_w):
                            q = output_position(w, s, Q, stride_w, dilation_w, pad_w)
                            if p >= 0 and q >= 0 and y[n, c, p, q] != 0.0:
                                total += dy[n, c, p, q] * (size / y[n, c, p, q]) ** (power - 1.0)
                    dx[n, c, h, w] = total if x[n, c, h, w] > 0.0 else (-total if x[n, c, h, w] < 0.0 else 0.0 * total)


@kernel
def lp_pool3d_forward(
    y,
    x,
    window_d,
    window_h,
    window_w,
    stride_d,
    stride_h,
    stride_w,
    pad_d,
    pad_h,
    pad_w,
    dilation_d,
    dilation_h,
    dilation_w,
    power,
):
    """The p-norm of each window.

        y[n,c,o,p,q] = (sum over t,r,s of abs(x[n,c,d,h,w])**power)**(1/power)
        where  d = o*stride_d + t*dilation_d - pad_d,   h = p*stride_h + r*dilation_h - pad_h,   w = q*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    y : (N, C, O, P, Q) float, written
    x : (N, C, D, H, W) float
    power : float, at least 1
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
                            d = input_position(o, t, stride_d, dilation_d, pad_d)
                            for r in range(window_h):
                                h = input_position(p, r, stride_h, dilation_h, pad_h)
                                for s in range(window_w):
                                    w = input_position(q, s, stride_w, dilation_w, pad_w)
                                    if 0 <= d < D and 0 <= h < H and 0 <= w < W:
                                        total += np.float64(abs(x[n, c, d, h, w])) ** power
                        y[n, c, o, p, q] = total ** (1.0 / power)


@kernel
def lp_pool3d_backward(
    dx,
    dy,
    x,
    y,
    window_d,
    window_h,
    window_w,
    stride_d,
    stride_h,
    stride_w,
    pad_d,
    pad_h,
    pad_w,
    dilation_d,
    dilation_h,
    dilation_w,
    power,
):
    """Gradient of `lp_pool3d_forward`: every input pixel asks which windows hold it.

        dx[n,c,d,h,w] = sign(x[n,c,d,h,w]) * sum over t,r,s with y[n,c,o,p,q] > 0 of dy[n,c,o,p,q] * (abs(x[n,c,d,h,w]) / y[n,c,o,p,q])**(power - 1)
        where  d = o*stride_d + t*dilation_d - pad_d,   h = p*stride_h + r*dilation_h - pad_h,   w = q*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    dx : (N, C, D, H, W) float, written
    dy : (N, C, O, P, Q) float
    x : (N, C, D, H, W) float
    y : (N, C, O, P, Q) float
    power : float, at least 1
    """
    N, C, D, H, W = dx.shape
    _, _, O, P, Q = dy.shape
    for n in range(N):
        for c in range(C):
            for d in range(D):
                for h in range(H):
                    for w in range(W):
                        total = np.float64(0.0)
                        size = np.float64(abs(x[n, c, d, h, w]))
                        for t in range(window_d):
                            o = output_position(d, t, O, stride_d, dilation_d, pad_d)
                            for r in range(window_h):
                                p = output_position(h, r, P, stride_h, dilation_h, pad_h)
                                for s in range(window_w):
                                    q = output_position(w, s, Q, stride_w, dilation_w, pad_w)
                                    if o >= 0 and p >= 0 and q >= 0 and y[n, c, o, p, q] != 0.0:
                                        total += dy[n, c, o, p, q] * (size / y[n, c, o, p, q]) ** (power - 1.0)
                        dx[n, c, d, h, w] = total if x[n, c, d, h, w] > 0.0 else (-total if x[n, c, d, h, w] < 0.0 else 0.0 * total)
