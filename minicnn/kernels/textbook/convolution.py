"""Convolution on one, two and three axes: the value, and the gradient with respect to input, weight and bias.

Every function is the sum in its docstring, loop by loop.  All of them share one index map, here for rows
(`minicnn.kernels.index.input_position` and its inverse `output_position`):

    h = p*stride_h + r*dilation_h - pad_h         outside 0 <= h < H the tap counts as zero

Letters: N images, C input channels, K filters, G groups; D H W input depth, rows, columns; O P Q output depth, rows, columns;
T R S filter depth, rows, columns.  Small letters are the indices.

    x (N, C, [D, [H,]] W)    weight (K, C/G, [T, [R,]] S)    bias (K,)    y (N, K, [O, [P,]] Q)

Settings, in the order depth, rows, columns: strides, padding *before* the axis, dilation, all in pixels (the padding after an axis is
whatever the size of `y` implies); then `groups` (filter k reads the C/G channels of group k // (K/G) only) and `flip`.
flip=False is cross-correlation, which networks call convolution; flip=True reads the filter from its other end: the convolution
of mathematics.  A layer without bias passes zeros.  Outputs come first, every element of them is written, and their old content is
never read.

Sources: Goodfellow, Bengio, Courville, "Deep Learning", 2016, eq. 9.6 (flip=False), 9.5 (flip=True), and for gradients
eq. 9.11 (weight) and 9.13 (input).  Dumoulin, Visin, "A guide to convolution arithmetic for deep learning", 2016.
"""

import numpy as np

from minicnn.kernels.textbook.compile import input_position, kernel, output_position, weight_tap


@kernel
def conv1d_forward(y, x, weight, bias, stride_w, pad_w, dilation_w, groups, flip):
    """Slide every filter along every signal.

        y[n,k,q] = bias[k] + sum over c,s of x[n,c,w] * weight[k,c,s]
        where  w = q*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    y : (N, K, Q) float, written
    x : (N, C, W) float
    weight : (K, C/G, S) float
    bias : (K,) float
    """
    N, K, Q = y.shape
    _, C, W = x.shape
    S = weight.shape[2]
    channels, filters = C // groups, K // groups
    for n in range(N):
        for k in range(K):
            group = k // filters
            for q in range(Q):
                total = np.float64(bias[k])
                for c in range(channels):
                    for s in range(S):
                        w = input_position(q, s, stride_w, dilation_w, pad_w)
                        if 0 <= w < W:
                            total += x[n, group * channels + c, w] * weight[k, c, weight_tap(s, S, flip)]
                y[n, k, q] = total


@kernel
def conv1d_backward_input(dx, dy, weight, stride_w, pad_w, dilation_w, groups, flip):
    """Gradient of `conv1d_forward` with respect to x: every input pixel asks which outputs read it.

        dx[n,c,w] = sum over k,s of dy[n,k,q] * weight[k,c,s]      where  w = q*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    dx : (N, C, W) float, written
    dy : (N, K, Q) float
    weight : (K, C/G, S) float
    """
    N, C, W = dx.shape
    _, K, Q = dy.shape
    S = weight.shape[2]
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
                            total += dy[n, k, q] * weight[k, c % channels, weight_tap(s, S, flip)]
                dx[n, c, w] = total


@kernel
def conv1d_backward_weight(dweight, dy, x, stride_w, pad_w, dilation_w, groups, flip):
    """Gradient of `conv1d_forward` with respect to weight.

        dweight[k,c,s] = sum over n,q of dy[n,k,q] * x[n,c,w]      where  w = q*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    dweight : (K, C/G, S) float, written
    dy : (N, K, Q) float
    x : (N, C, W) float
    """
    K, channels, S = dweight.shape
    N, _, W = x.shape
    Q = dy.shape[2]
    filters = K // groups
    for k in range(K):
        group = k // filters
        for c in range(channels):
            for s in range(S):
                total = np.float64(0.0)
                for n in range(N):
                    for q in range(Q):
                        w = input_position(q, s, stride_w, dilation_w, pad_w)
                        if 0 <= w < W:
                            total += dy[n, k, q] * x[n, group * channels + c, w]
                dweight[k, c, weight_tap(s, S, flip)] = total


@kernel
def conv1d_backward_bias(dbias, dy):
    """Gradient with respect to bias: dbias[k] = sum over n,q of dy[n,k,q].

    Parameters
    ----------
    dbias : (K,) float, written
    dy : (N, K, Q) float
    """
    N, K, Q = dy.shape
    for k in range(K):
        total = np.float64(0.0)
        for n in range(N):
            for q in range(Q):
                total += dy[n, k, q]
        dbias[k] = total


@kernel
def conv2d_forward(y, x, weight, bias, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, groups, flip):
    """Slide every filter over every image.

        y[n,k,p,q] = bias[k] + sum over c,r,s of x[n,c,h,w] * weight[k,c,r,s]
        where  h = p*stride_h + r*dilation_h - pad_h,   w = q*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    y : (N, K, P, Q) float, written
    x : (N, C, H, W) float
    weight : (K, C/G, R, S) float
    bias : (K,) float
    """
    N, K, P, Q = y.shape
    _, C, H, W = x.shape
    _, _, R, S = weight.shape
    channels, filters = C // groups, K // groups
    for n in range(N):
        for k in range(K):
            group = k // filters
            for p in range(P):
                for q in range(Q):
                    total = np.float64(bias[k])
                    for c in range(channels):
                        for r in range(R):
                            h = input_position(p, r, stride_h, dilation_h, pad_h)
                            for s in range(S):
                                w = input_position(q, s, stride_w, dilation_w, pad_w)
                                if 0 <= h < H and 0 <= w < W:
                                    total += x[n, group * channels + c, h, w] * weight[k, c, weight_tap(r, R, flip), weight_tap(s, S, flip)]
                    y[n, k, p, q] = total


@kernel
def conv2d_backward_input(dx, dy, weight, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, groups, flip):
    """Gradient of `conv2d_forward` with respect to x: every input pixel asks which outputs read it.

        dx[n,c,h,w] = sum over k,r,s of dy[n,k,p,q] * weight[k,c,r,s]
        where  h = p*stride_h + r*dilation_h - pad_h,   w = q*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    dx : (N, C, H, W) float, written
    dy : (N, K, P, Q) float
    weight : (K, C/G, R, S) float
    """
    N, C, H, W = dx.shape
    _, K, P, Q = dy.shape
    _, _, R, S = weight.shape
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
                                    total += dy[n, k, p, q] * weight[k, c % channels, weight_tap(r, R, flip), weight_tap(s, S, flip)]
                    dx[n, c, h, w] = total


@kernel
def conv2d_backward_weight(dweight, dy, x, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, groups, flip):
    """Gradient of `conv2d_forward` with respect to weight.

        dweight[k,c,r,s] = sum over n,p,q of dy[n,k,p,q] * x[n,c,h,w]
        where  h = p*stride_h + r*dilation_h - pad_h,   w = q*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    dweight : (K, C/G, R, S) float, written
    dy : (N, K, P, Q) float
    x : (N, C, H, W) float
    """
    K, channels, R, S = dweight.shape
    N, _, H, W = x.shape
    _, _, P, Q = dy.shape
    filters = K // groups
    for k in range(K):
        group = k // filters
        for c in range(channels):
            for r in range(R):
                for s in range(S):
                    total = np.float64(0.0)
                    for n in range(N):
                        for p in range(P):
                            h = input_position(p, r, stride_h, dilation_h, pad_h)
                            for q in range(Q):
                                w = input_position(q, s, stride_w, dilation_w, pad_w)
                                if 0 <= h < H and 0 <= w < W:
                                    total += dy[n, k, p, q] * x[n, group * channels + c, h, w]
                    dweight[k, c, weight_tap(r, R, flip), weight_tap(s, S, flip)] = total


@kernel
def conv2d_backward_bias(dbias, dy):
    """Gradient with respect to bias: dbias[k] = sum over n,p,q of dy[n,k,p,q].

    Parameters
    ----------
    dbias : (K,) float, written
    dy : (N, K, P, Q) float
    """
    N, K, P, Q = dy.shape
    for k in range(K):
        total = np.float64(0.0)
        for n in range(N):
            for p in range(P):
                for q in range(Q):
                    total += dy[n, k, p, q]
        dbias[k] = total


@kernel
def conv3d_forward(y, x, weight, bias, stride_d, stride_h, stride_w, pad_d, pad_h, pad_w, dilation_d, dilation_h, dilation_w, groups, flip):
    """Move every filter through every volume.

        y[n,k,o,p,q] = bias[k] + sum over c,t,r,s of x[n,c,d,h,w] * weight[k,c,t,r,s]
        where  d = o*stride_d + t*dilation_d - pad_d,   h = p*stride_h + r*dilation_h - pad_h,   w = q*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    y : (N, K, O, P, Q) float, written
    x : (N, C, D, H, W) float
    weight : (K, C/G, T, R, S) float
    bias : (K,) float
    """
    N, K, O, P, Q = y.shape
    _, C, D, H, W = x.shape
    _, _, T, R, S = weight.shape
    channels, filters = C // groups, K // groups
    for n in range(N):
        for k in range(K):
            group = k // filters
            for o in range(O):
                for p in range(P):
                    for q in range(Q):
                        total = np.float64(bias[k])
                        for c in range(channels):
                            for t in range(T):
                                d = input_position(o, t, stride_d, dilation_d, pad_d)
                                for r in range(R):
                                    h = input_position(p, r, stride_h, dilation_h, pad_h)
                                    for s in range(S):
                                        w = input_position(q, s, stride_w, dilation_w, pad_w)
                                        if 0 <= d < D and 0 <= h < H and 0 <= w < W:
                                            tap = weight[k, c, weight_tap(t, T, flip), weight_tap(r, R, flip), weight_tap(s, S, flip)]
                                            total += x[n, group * channels + c, d, h, w] * tap
                        y[n, k, o, p, q] = total


@kernel
def conv3d_backward_input(
    dx, dy, weight, stride_d, stride_h, stride_w, pad_d, pad_h, pad_w, dilation_d, dilation_h, dilation_w, groups, flip
):
    """Gradient of `conv3d_forward` with respect to x: every input pixel asks which outputs read it.

        dx[n,c,d,h,w] = sum over k,t,r,s of dy[n,k,o,p,q] * weight[k,c,t,r,s]
        where  d = o*stride_d + t*dilation_d - pad_d,   h = p*stride_h + r*dilation_h - pad_h,   w = q*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    dx : (N, C, D, H, W) float, written
    dy : (N, K, O, P, Q) float
    weight : (K, C/G, T, R, S) float
    """
    N, C, D, H, W = dx.shape
    _, K, O, P, Q = dy.shape
    _, _, T, R, S = weight.shape
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
                                            tap = weight[
                                                k, c % channels, weight_tap(t, T, flip), weight_tap(r, R, flip), weight_tap(s, S, flip)
                                            ]
                                            total += dy[n, k, o, p, q] * tap
                        dx[n, c, d, h, w] = total


@kernel
def conv3d_backward_weight(
    dweight, dy, x, stride_d, stride_h, stride_w, pad_d, pad_h, pad_w, dilation_d, dilation_h, dilation_w, groups, flip
):
    """Gradient of `conv3d_forward` with respect to weight.

        dweight[k,c,t,r,s] = sum over n,o,p,q of dy[n,k,o,p,q] * x[n,c,d,h,w]
        where  d = o*stride_d + t*dilation_d - pad_d,   h = p*stride_h + r*dilation_h - pad_h,   w = q*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    dweight : (K, C/G, T, R, S) float, written
    dy : (N, K, O, P, Q) float
    x : (N, C, D, H, W) float
    """
    K, channels, T, R, S = dweight.shape
    N, _, D, H, W = x.shape
    _, _, O, P, Q = dy.shape
    filters = K // groups
    for k in range(K):
        group = k // filters
        for c in range(channels):
            for t in range(T):
                for r in range(R):
                    for s in range(S):
                        total = np.float64(0.0)
                        for n in range(N):
                            for o in range(O):
                                d = input_position(o, t, stride_d, dilation_d, pad_d)
                                for p in range(P):
                                    h = input_position(p, r, stride_h, dilation_h, pad_h)
                                    for q in range(Q):
                                        w = input_position(q, s, stride_w, dilation_w, pad_w)
                                        if 0 <= d < D and 0 <= h < H and 0 <= w < W:
                                            total += dy[n, k, o, p, q] * x[n, group * channels + c, d, h, w]
                        dweight[k, c, weight_tap(t, T, flip), weight_tap(r, R, flip), weight_tap(s, S, flip)] = total


@kernel
def conv3d_backward_bias(dbias, dy):
    """Gradient with respect to bias: dbias[k] = sum over n,o,p,q of dy[n,k,o,p,q].

    Parameters
    ----------
    dbias : (K,) float, written
    dy : (N, K, O, P, Q) float
    """
    N, K, O, P, Q = dy.shape
    for k in range(K):
        total = np.float64(0.0)
        for n in range(N):
            for o in range(O):
                for p in range(P):
                    for q in range(Q):
                        total += dy[n, k, o, p, q]
        dbias[k] = total
