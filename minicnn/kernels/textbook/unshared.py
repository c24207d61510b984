"""Unshared convolution on one, two and three axes: local connections as in a convolution, but every output position has its own filter.

    h = p*stride_h + r*dilation_h - pad_h         outside 0 <= h < H the tap counts as zero

Letters: N images, C input channels, K filters, G groups; D H W input depth, rows, columns; O P Q output depth, rows, columns;
T R S filter depth, rows, columns.

    x (N, C, [D, [H,]] W)    weight (K, [O, [P,]] Q, C/G, [T, [R,]] S)    bias (K, [O, [P,]] Q)    y (N, K, [O, [P,]] Q)

Settings, in the order depth, rows, columns, all in pixels: strides, padding *before* the axis, dilation; then `groups`.
A layer without bias passes zeros.  Outputs come first; every element of them is written.

Sources: Goodfellow, Bengio, Courville, "Deep Learning", 2016, eq. 9.9.  LeCun, "Generalization and network design strategies", 1989.
"""

import numpy as np

from minicnn.kernels.textbook.compile import input_position, kernel, output_position


@kernel
def unshared_conv1d_forward(y, x, weight, bias, stride_w, pad_w, dilation_w, groups):
    """Visit every output position with a filter of its own.

        y[n,k,q] = bias[k,q] + sum over c,s of x[n,c,w] * weight[k,q,c,s]
        where  w = q*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    y : (N, K, Q) float, written
    x : (N, C, W) float
    weight : (K, Q, C/G, S) float
    bias : (K, Q) float
    """
    N, K, Q = y.shape
    _, C, W = x.shape
    S = weight.shape[3]
    channels, filters = C // groups, K // groups
    for n in range(N):
        for k in range(K):
            group = k // filters
            for q in range(Q):
                total = np.float64(bias[k, q])
                for c in range(channels):
                    for s in range(S):
                        w = input_position(q, s, stride_w, dilation_w, pad_w)
                        if 0 <= w < W:
                            total += x[n, group * channels + c, w] * weight[k, q, c, s]
                y[n, k, q] = total


@kernel
def unshared_conv1d_backward_input(dx, dy, weight, stride_w, pad_w, dilation_w, groups):
    """Gradient of `unshared_conv1d_forward` with respect to x: every input pixel asks which outputs read it.

        dx[n,c,w] = sum over k,s of dy[n,k,q] * weight[k,q,c,s]
        where  w = q*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    dx : (N, C, W) float, written
    dy : (N, K, Q) float
    weight : (K, Q, C/G, S) float
    """
    N, C, W = dx.shape
    _, K, Q = dy.shape
    S = weight.shape[3]
    channels, filters = C // groups, K // groups
    for n in range(N):
        for c in range(C):
            group = c // channels
            for w in range(W):
                total = np.float64(0.0)
                for k in range(group * filters, (group + 1) * filters):
                    for s in range(S):
                        q = output_position(w, s, Q, stride_w, dilation_w, pad_w)
                        if q >= 0:
                            total += dy[n, k, q] * weight[k, q, c % channels, s]
                dx[n, c, w] = total


@kernel
def unshared_conv1d_backward_weight(dweight, dy, x, stride_w, pad_w, dilation_w, groups):
    """Gradient of `unshared_conv1d_forward` with respect to weight: each filter has served one position only.

        dweight[k,q,c,s] = sum over n of dy[n,k,q] * x[n,c,w]
        where  w = q*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    dweight : (K, Q, C/G, S) float, written
    dy : (N, K, Q) float
    x : (N, C, W) float
    """
    K, Q, channels, S = dweight.shape
    N, _, W = x.shape
    filters = K // groups
    for k in range(K):
        group = k // filters
        for q in range(Q):
            for c in range(channels):
                for s in range(S):
                    w = input_position(q, s, stride_w, dilation_w, pad_w)
                    total = np.float64(0.0)
                    if 0 <= w < W:
                        for n in range(N):
                            total += dy[n, k, q] * x[n, group * channels + c, w]
                    dweight[k, q, c, s] = total


@kernel
def unshared_conv1d_backward_bias(dbias, dy):
    """Gradient with respect to bias: dbias[k,q] = sum over n of dy[n,k,q].

    Parameters
    ----------
    dbias : (K, Q) float, written
    dy : (N, K, Q) float
    """
    N, K, Q = dy.shape
    for k in range(K):
        for q in range(Q):
            total = np.float64(0.0)
            for n in range(N):
                total += dy[n, k, q]
            dbias[k, q] = total


@kernel
def unshared_conv2d_forward(y, x, weight, bias, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, groups):
    """Visit every output position with a filter of its own.

        y[n,k,p,q] = bias[k,p,q] + sum over c,r,s of x[n,c,h,w] * weight[k,p,q,c,r,s]
        where  h = p*stride_h + r*dilation_h - pad_h,   w = q*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    y : (N, K, P, Q) float, written
    x : (N, C, H, W) float
    weight : (K, P, Q, C/G, R, S) float
    bias : (K, P, Q) float
    """
    N, K, P, Q = y.shape
    _, C, H, W = x.shape
    _, _, _, _, R, S = weight.shape
    channels, filters = C // groups, K // groups
    for n in range(N):
        for k in range(K):
            group = k // filters
            for p in range(P):
                for q in range(Q):
                    total = np.float64(bias[k, p, q])
                    for c in range(channels):
                        for r in range(R):
                            h = input_position(p, r, stride_h, dilation_h, pad_h)
                            for s in range(S):
                                w = input_position(q, s, stride_w, dilation_w, pad_w)
                                if 0 <= h < H and 0 <= w < W:
                                    total += x[n, group * channels + c, h, w] * weight[k, p, q, c, r, s]
                    y[n, k, p, q] = total


@kernel
def unshared_conv2d_backward_input(dx, dy, weight, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, groups):
    """Gradient of `unshared_conv2d_forward` with respect to x: every input pixel asks which outputs read it.

        dx[n,c,h,w] = sum over k,r,s of dy[n,k,p,q] * weight[k,p,q,c,r,s]
        where  h = p*stride_h + r*dilation_h - pad_h,   w = q*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    dx : (N, C, H, W) float, written
    dy : (N, K, P, Q) float
    weight : (K, P, Q, C/G, R, S) float
    """
    N, C, H, W = dx.shape
    _, K, P, Q = dy.shape
    _, _, _, _, R, S = weight.shape
    channels, filters = C // groups, K // groups
    for n in range(N):
        for c in range(C):
            group = c // channels
            for h in range(H):
                for w in range(W):
                    total = np.float64(0.0)
                    for k in range(group * filters, (group + 1) * filters):
                        for r in range(R):
                            p = output_position(h, r, P, stride_h, dilation_h, pad_h)
                            for s in range(S):
                                q = output_position(w, s, Q, stride_w, dilation_w, pad_w)
                                if p >= 0 and q >= 0:
                                    total += dy[n, k, p, q] * weight[k, p, q, c % channels, r, s]
                    dx[n, c, h, w] = total


@kernel
def unshared_conv2d_backward_weight(dweight, dy, x, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, groups):
    """Gradient of `unshared_conv2d_forward` with respect to weight: each filter has served one position only.

        dweight[k,p,q,c,r,s] = sum over n of dy[n,k,p,q] * x[n,c,h,w]
        where  h = p*stride_h + r*dilation_h - pad_h,   w = q*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    dweight : (K, P, Q, C/G, R, S) float, written
    dy : (N, K, P, Q) float
    x : (N, C, H, W) float
    """
    K, P, Q, channels, R, S = dweight.shape
    N, _, H, W = x.shape
    filters = K // groups
    for k in range(K):
        group = k // filters
        for p in range(P):
            for q in range(Q):
                for c in range(channels):
                    for r in range(R):
                        h = input_position(p, r, stride_h, dilation_h, pad_h)
                        for s in range(S):
                            w = input_position(q, s, stride_w, dilation_w, pad_w)
                            total = np.float64(0.0)
                            if 0 <= h < H and 0 <= w < W:
                                for n in range(N):
                                    total += dy[n, k, p, q] * x[n, group * channels + c, h, w]
                            dweight[k, p, q, c, r, s] = total


@kernel
def unshared_conv2d_backward_bias(dbias, dy):
    """Gradient with respect to bias: dbias[k,p,q] = sum over n of dy[n,k,p,q].

    Parameters
    ----------
    dbias : (K, P, Q) float, written
    dy : (N, K, P, Q) float
    """
    N, K, P, Q = dy.shape
    for k in range(K):
        for p in range(P):
            for q in range(Q):
                total = np.float64(0.0)
                for n in range(N):
                    total += dy[n, k, p, q]
                dbias[k, p, q] = total


@kernel
def unshared_conv3d_forward(
    y, x, weight, bias, stride_d, stride_h, stride_w, pad_d, pad_h, pad_w, dilation_d, dilation_h, dilation_w, groups
):
    """Visit every output position with a filter of its own.

        y[n,k,o,p,q] = bias[k,o,p,q] + sum over c,t,r,s of x[n,c,d,h,w] * weight[k,o,p,q,c,t,r,s]
        where  d = o*stride_d + t*dilation_d - pad_d,   h = p*stride_h + r*dilation_h - pad_h,   w = q*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    y : (N, K, O, P, Q) float, written
    x : (N, C, D, H, W) float
    weight : (K, O, P, Q, C/G, T, R, S) float
    bias : (K, O, P, Q) float
    """
    N, K, O, P, Q = y.shape
    _, C, D, H, W = x.shape
    _, _, _, _, _, T, R, S = weight.shape
    channels, filters = C // groups, K // groups
    for n in range(N):
        for k in range(K):
            group = k // filters
            for o in range(O):
                for p in range(P):
                    for q in range(Q):
                        total = np.float64(bias[k, o, p, q])
                        for c in range(channels):
                            for t in range(T):
                                d = input_position(o, t, stride_d, dilation_d, pad_d)
                                for r in range(R):
                                    h = input_position(p, r, stride_h, dilation_h, pad_h)
                                    for s in range(S):
                                        w = input_position(q, s, stride_w, dilation_w, pad_w)
                                        if 0 <= d < D and 0 <= h < H and 0 <= w < W:
                                            total += x[n, group * channels + c, d, h, w] * weight[k, o, p, q, c, t, r, s]
                        y[n, k, o, p, q] = total


@kernel
def unshared_conv3d_backward_input(
    dx, dy, weight, stride_d, stride_h, stride_w, pad_d, pad_h, pad_w, dilation_d, dilation_h, dilation_w, groups
):
    """Gradient of `unshared_conv3d_forward` with respect to x: every input pixel asks which outputs read it.

        dx[n,c,d,h,w] = sum over k,t,r,s of dy[n,k,o,p,q] * weight[k,o,p,q,c,t,r,s]
        where  d = o*stride_d + t*dilation_d - pad_d,   h = p*stride_h + r*dilation_h - pad_h,   w = q*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    dx : (N, C, D, H, W) float, written
    dy : (N, K, O, P, Q) float
    weight : (K, O, P, Q, C/G, T, R, S) float
    """
    N, C, D, H, W = dx.shape
    _, K, O, P, Q = dy.shape
    _, _, _, _, _, T, R, S = weight.shape
    channels, filters = C // groups, K // groups
    for n in range(N):
        for c in range(C):
            group = c // channels
            for d in range(D):
                for h in range(H):
                    for w in range(W):
                        total = np.float64(0.0)
                        for k in range(group * filters, (group + 1) * filters):
                            for t in range(T):
                                o = output_position(d, t, O, stride_d, dilation_d, pad_d)
                                for r in range(R):
                                    p = output_position(h, r, P, stride_h, dilation_h, pad_h)
                                    for s in range(S):
                                        q = output_position(w, s, Q, stride_w, dilation_w, pad_w)
                                        if o >= 0 and p >= 0 and q >= 0:
                                            total += dy[n, k, o, p, q] * weight[k, o, p, q, c % channels, t, r, s]
                        dx[n, c, d, h, w] = total


@kernel
def unshared_conv3d_backward_weight(
    dweight, dy, x, stride_d, stride_h, stride_w, pad_d, pad_h, pad_w, dilation_d, dilation_h, dilation_w, groups
):
    """Gradient of `unshared_conv3d_forward` with respect to weight: each filter has served one position only.

        dweight[k,o,p,q,c,t,r,s] = sum over n of dy[n,k,o,p,q] * x[n,c,d,h,w]
        where  d = o*stride_d + t*dilation_d - pad_d,   h = p*stride_h + r*dilation_h - pad_h,   w = q*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    dweight : (K, O, P, Q, C/G, T, R, S) float, written
    dy : (N, K, O, P, Q) float
    x : (N, C, D, H, W) float
    """
    K, O, P, Q, channels, T, R, S = dweight.shape
    N, _, D, H, W = x.shape
    filters = K // groups
    for k in range(K):
        group = k // filters
        for o in range(O):
            for p in range(P):
                for q in range(Q):
                    for c in range(channels):
                        for t in range(T):
                            d = input_position(o, t, stride_d, dilation_d, pad_d)
                            for r in range(R):
                                h = input_position(p, r, stride_h, dilation_h, pad_h)
                                for s in range(S):
                                    w = input_position(q, s, stride_w, dilation_w, pad_w)
                                    total = np.float64(0.0)
                                    if 0 <= d < D and 0 <= h < H and 0 <= w < W:
                                        for n in range(N):
                                            total += dy[n, k, o, p, q] * x[n, group * channels + c, d, h, w]
                                    dweight[k, o, p, q, c, t, r, s] = total


@kernel
def unshared_conv3d_backward_bias(dbias, dy):
    """Gradient with respect to bias: dbias[k,o,p,q] = sum over n of dy[n,k,o,p,q].

    Parameters
    ----------
    dbias : (K, O, P, Q) float, written
    dy : (N, K, O, P, Q) float
    """
    N, K, O, P, Q = dy.shape
    for k in range(K):
        for o in range(O):
            for p in range(P):
                for q in range(Q):
                    total = np.float64(0.0)
                    for n in range(N):
                        total += dy[n, k, o, p, q]
                    dbias[k, o, p, q] = total
