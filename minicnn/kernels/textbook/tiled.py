"""Tiled convolution on one, two and three axes: a few filters per output channel, which take turns while they slide.

    h = p*stride_h + r*dilation_h - pad_h,   u = p mod U         outside 0 <= h < H the tap counts as zero

Output position (p, q) is computed with the filter at (p mod U, q mod V) of its tile: neighbours have different filters, and the
filters repeat.  Tile size 1 is ordinary convolution; a tile as large as the output is unshared convolution.

Letters: N images, C input channels, K filters, G groups; D H W input depth, rows, columns; O P Q output depth, rows, columns;
T R S filter depth, rows, columns; A U V tile depth, rows, columns.

    x (N, C, [D, [H,]] W)    weight (K, [A, [U,]] V, C/G, [T, [R,]] S)    bias (K, [A, [U,]] V)    y (N, K, [O, [P,]] Q)

Settings, in the order depth, rows, columns, all in pixels: strides, padding *before* the axis, dilation; then `groups`.  The tile need not
divide the output, and may exceed it: filters that no output uses get gradient 0.  A layer without bias passes zeros.
Outputs come first; every element of them is written.

Sources: Goodfellow, Bengio, Courville, "Deep Learning", 2016, eq. 9.10.  Gregor, LeCun, "Emergence of complex-like cells in a temporal
product network with local receptive fields", 2010.  Le, Ngiam, Chen, Chia, Koh, Ng, "Tiled convolutional neural networks", 2010.
"""

import numpy as np

from minicnn.kernels.textbook.compile import input_position, kernel, output_position, tile_position


@kernel
def tiled_conv1d_forward(y, x, weight, bias, stride_w, pad_w, dilation_w, groups):
    """Slide over every image, with filters that take turns.

        y[n,k,q] = bias[k,v] + sum over c,s of x[n,c,w] * weight[k,v,c,s]
        where  w = q*stride_w + s*dilation_w - pad_w
        and    v = q mod V

    Parameters
    ----------
    y : (N, K, Q) float, written
    x : (N, C, W) float
    weight : (K, V, C/G, S) float
    bias : (K, V) float
    """
    N, K, Q = y.shape
    _, C, W = x.shape
    _, V, _, S = weight.shape
    channels, filters = C // groups, K // groups
    for n in range(N):
        for k in range(K):
            group = k // filters
            for q in range(Q):
                v = tile_position(q, V)
                total = np.float64(bias[k, v])
                for c in range(channels):
                    for s in range(S):
                        w = input_position(q, s, stride_w, dilation_w, pad_w)
                        if 0 <= w < W:
                            total += x[n, group * channels + c, w] * weight[k, v, c, s]
                y[n, k, q] = total


@kernel
def tiled_conv1d_backward_input(dx, dy, weight, stride_w, pad_w, dilation_w, groups):
    """Gradient of `tiled_conv1d_forward` with respect to x: every input pixel asks which outputs read it.

        dx[n,c,w] = sum over k,s of dy[n,k,q] * weight[k,v,c,s]
        where  w = q*stride_w + s*dilation_w - pad_w
        and    v = q mod V

    Parameters
    ----------
    dx : (N, C, W) float, written
    dy : (N, K, Q) float
    weight : (K, V, C/G, S) float
    """
    N, C, W = dx.shape
    _, K, Q = dy.shape
    _, V, _, S = weight.shape
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
                            v = tile_position(q, V)
                            total += dy[n, k, q] * weight[k, v, c % channels, s]
                dx[n, c, w] = total


@kernel
def tiled_conv1d_backward_weight(dweight, dy, x, stride_w, pad_w, dilation_w, groups):
    """Gradient of `tiled_conv1d_forward` with respect to weight: each filter adds up over the outputs that used it.

        dweight[k,v,c,s] = sum over n and all q with that v of dy[n,k,q] * x[n,c,w]
        where  w = q*stride_w + s*dilation_w - pad_w
        and    v = q mod V

    Parameters
    ----------
    dweight : (K, V, C/G, S) float, written
    dy : (N, K, Q) float
    x : (N, C, W) float
    """
    K, V, channels, S = dweight.shape
    N, _, W = x.shape
    Q = dy.shape[2]
    filters = K // groups
    for k in range(K):
        group = k // filters
        for v in range(V):
            for c in range(channels):
                for s in range(S):
                    total = np.float64(0.0)
                    for n in range(N):
                        for q in range(v, Q, V):
                            w = input_position(q, s, stride_w, dilation_w, pad_w)
                            if 0 <= w < W:
                                total += dy[n, k, q] * x[n, group * channels + c, w]
                    dweight[k, v, c, s] = total


@kernel
def tiled_conv1d_backward_bias(dbias, dy):
    """Gradient with respect to bias: dbias[k,v] = sum over n and all q with that v of dy[n,k,q].

    Parameters
    ----------
    dbias : (K, V) float, written
    dy : (N, K, Q) float
    """
    N, K, Q = dy.shape
    V = dbias.shape[1]
    for k in range(K):
        for v in range(V):
            total = np.float64(0.0)
            for n in range(N):
                for q in range(v, Q, V):
                    total += dy[n, k, q]
            dbias[k, v] = total


@kernel
def tiled_conv2d_forward(y, x, weight, bias, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, groups):
    """Slide over every image, with filters that take turns.

        y[n,k,p,q] = bias[k,u,v] + sum over c,r,s of x[n,c,h,w] * weight[k,u,v,c,r,s]
        where  h = p*stride_h + r*dilation_h - pad_h,   w = q*stride_w + s*dilation_w - pad_w
        and    u = p mod U,   v = q mod V

    Parameters
    ----------
    y : (N, K, P, Q) float, written
    x : (N, C, H, W) float
    weight : (K, U, V, C/G, R, S) float
    bias : (K, U, V) float
    """
    N, K, P, Q = y.shape
    _, C, H, W = x.shape
    _, U, V, _, R, S = weight.shape
    channels, filters = C // groups, K // groups
    for n in range(N):
        for k in range(K):
            group = k // filters
            for p in range(P):
                u = tile_position(p, U)
                for q in range(Q):
                    v = tile_position(q, V)
                    total = np.float64(bias[k, u, v])
                    for c in range(channels):
                        for r in range(R):
                            h = input_position(p, r, stride_h, dilation_h, pad_h)
                            for s in range(S):
                                w = input_position(q, s, stride_w, dilation_w, pad_w)
                                if 0 <= h < H and 0 <= w < W:
                                    total += x[n, group * channels + c, h, w] * weight[k, u, v, c, r, s]
                    y[n, k, p, q] = total


@kernel
def tiled_conv2d_backward_input(dx, dy, weight, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, groups):
    """Gradient of `tiled_conv2d_forward` with respect to x: every input pixel asks which outputs read it.

        dx[n,c,h,w] = sum over k,r,s of dy[n,k,p,q] * weight[k,u,v,c,r,s]
        where  h = p*stride_h + r*dilation_h - pad_h,   w = q*stride_w + s*dilation_w - pad_w
        and    u = p mod U,   v = q mod V

    Parameters
    ----------
    dx : (N, C, H, W) float, written
    dy : (N, K, P, Q) float
    weight : (K, U, V, C/G, R, S) float
    """
    N, C, H, W = dx.shape
    _, K, P, Q = dy.shape
    _, U, V, _, R, S = weight.shape
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
                                    u, v = tile_position(p, U), tile_position(q, V)
                                    total += dy[n, k, p, q] * weight[k, u, v, c % channels, r, s]
                    dx[n, c, h, w] = total


@kernel
def tiled_conv2d_backward_weight(dweight, dy, x, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, groups):
    """Gradient of `tiled_conv2d_forward` with respect to weight: each filter adds up over the outputs that used it.

        dweight[k,u,v,c,r,s] = sum over n and all p,q with that u,v of dy[n,k,p,q] * x[n,c,h,w]
        where  h = p*stride_h + r*dilation_h - pad_h,   w = q*stride_w + s*dilation_w - pad_w
        and    u = p mod U,   v = q mod V

    Parameters
    ----------
    dweight : (K, U, V, C/G, R, S) float, written
    dy : (N, K, P, Q) float
    x : (N, C, H, W) float
    """
    K, U, V, channels, R, S = dweight.shape
    N, _, H, W = x.shape
    _, _, P, Q = dy.shape
    filters = K // groups
    for k in range(K):
        group = k // filters
        for u in range(U):
            for v in range(V):
                for c in range(channels):
                    for r in range(R):
                        for s in range(S):
                            total = np.float64(0.0)
                            for n in range(N):
                                for p in range(u, P, U):
                                    h = input_position(p, r, stride_h, dilation_h, pad_h)
                                    for q in range(v, Q, V):
                                        w = input_position(q, s, stride_w, dilation_w, pad_w)
                                        if 0 <= h < H and 0 <= w < W:
                                            total += dy[n, k, p, q] * x[n, group * channels + c, h, w]
                            dweight[k, u, v, c, r, s] = total


@kernel
def tiled_conv2d_backward_bias(dbias, dy):
    """Gradient with respect to bias: dbias[k,u,v] = sum over n and all p,q with that u,v of dy[n,k,p,q].

    Parameters
    ----------
    dbias : (K, U, V) float, written
    dy : (N, K, P, Q) float
    """
    N, K, P, Q = dy.shape
    _, U, V = dbias.shape
    for k in range(K):
        for u in range(U):
            for v in range(V):
                total = np.float64(0.0)
                for n in range(N):
                    for p in range(u, P, U):
                        for q in range(v, Q, V):
                            total += dy[n, k, p, q]
                dbias[k, u, v] = total


@kernel
def tiled_conv3d_forward(y, x, weight, bias, stride_d, stride_h, stride_w, pad_d, pad_h, pad_w, dilation_d, dilation_h, dilation_w, groups):
    """Slide over every image, with filters that take turns.

        y[n,k,o,p,q] = bias[k,a,u,v] + sum over c,t,r,s of x[n,c,d,h,w] * weight[k,a,u,v,c,t,r,s]
        where  d = o*stride_d + t*dilation_d - pad_d,   h = p*stride_h + r*dilation_h - pad_h,   w = q*stride_w + s*dilation_w - pad_w
        and    a = o mod A,   u = p mod U,   v = q mod V

    Parameters
    ----------
    y : (N, K, O, P, Q) float, written
    x : (N, C, D, H, W) float
    weight : (K, A, U, V, C/G, T, R, S) float
    bias : (K, A, U, V) float
    """
    N, K, O, P, Q = y.shape
    _, C, D, H, W = x.shape
    _, A, U, V, _, T, R, S = weight.shape
    channels, filters = C // groups, K // groups
    for n in range(N):
        for k in range(K):
            group = k // filters
            for o in range(O):
                a = tile_position(o, A)
                for p in range(P):
                    u = tile_position(p, U)
                    for q in range(Q):
                        v = tile_position(q, V)
                        total = np.float64(bias[k, a, u, v])
                        for c in range(channels):
                            for t in range(T):
                                d = input_position(o, t, stride_d, dilation_d, pad_d)
                                for r in range(R):
                                    h = input_position(p, r, stride_h, dilation_h, pad_h)
                                    for s in range(S):
                                        w = input_position(q, s, stride_w, dilation_w, pad_w)
                                        if 0 <= d < D and 0 <= h < H and 0 <= w < W:
                                            total += x[n, group * channels + c, d, h, w] * weight[k, a, u, v, c, t, r, s]
                        y[n, k, o, p, q] = total


@kernel
def tiled_conv3d_backward_input(
    dx, dy, weight, stride_d, stride_h, stride_w, pad_d, pad_h, pad_w, dilation_d, dilation_h, dilation_w, groups
):
    """Gradient of `tiled_conv3d_forward` with respect to x: every input pixel asks which outputs read it.

        dx[n,c,d,h,w] = sum over k,t,r,s of dy[n,k,o,p,q] * weight[k,a,u,v,c,t,r,s]
        where  d = o*stride_d + t*dilation_d - pad_d,   h = p*stride_h + r*dilation_h - pad_h,   w = q*stride_w + s*dilation_w - pad_w
        and    a = o mod A,   u = p mod U,   v = q mod V

    Parameters
    ----------
    dx : (N, C, D, H, W) float, written
    dy : (N, K, O, P, Q) float
    weight : (K, A, U, V, C/G, T, R, S) float
    """
    N, C, D, H, W = dx.shape
    _, K, O, P, Q = dy.shape
    _, A, U, V, _, T, R, S = weight.shape
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
                                            a, u, v = tile_position(o, A), tile_position(p, U), tile_position(q, V)
                                            total += dy[n, k, o, p, q] * weight[k, a, u, v, c % channels, t, r, s]
                        dx[n, c, d, h, w] = total


@kernel
def tiled_conv3d_backward_weight(
    dweight, dy, x, stride_d, stride_h, stride_w, pad_d, pad_h, pad_w, dilation_d, dilation_h, dilation_w, groups
):
    """Gradient of `tiled_conv3d_forward` with respect to weight: each filter adds up over the outputs that used it.

        dweight[k,a,u,v,c,t,r,s] = sum over n and all o,p,q with that a,u,v of dy[n,k,o,p,q] * x[n,c,d,h,w]
        where  d = o*stride_d + t*dilation_d - pad_d,   h = p*stride_h + r*dilation_h - pad_h,   w = q*stride_w + s*dilation_w - pad_w
        and    a = o mod A,   u = p mod U,   v = q mod V

    Parameters
    ----------
    dweight : (K, A, U, V, C/G, T, R, S) float, written
    dy : (N, K, O, P, Q) float
    x : (N, C, D, H, W) float
    """
    K, A, U, V, channels, T, R, S = dweight.shape
    N, _, D, H, W = x.shape
    _, _, O, P, Q = dy.shape
    filters = K // groups
    for k in range(K):
        group = k // filters
        for a in range(A):
            for u in range(U):
                for v in range(V):
                    for c in range(channels):
                        for t in range(T):
                            for r in range(R):
                                for s in range(S):
                                    total = np.float64(0.0)
                                    for n in range(N):
                                        for o in range(a, O, A):
                                            d = input_position(o, t, stride_d, dilation_d, pad_d)
                                            for p in range(u, P, U):
                                                h = input_position(p, r, stride_h, dilation_h, pad_h)
                                                for q in range(v, Q, V):
                                                    w = input_position(q, s, stride_w, dilation_w, pad_w)
                                                    if 0 <= d < D and 0 <= h < H and 0 <= w < W:
                                                        total += dy[n, k, o, p, q] * x[n, group * channels + c, d, h, w]
                                    dweight[k, a, u, v, c, t, r, s] = total


@kernel
def tiled_conv3d_backward_bias(dbias, dy):
    """Gradient with respect to bias: dbias[k,a,u,v] = sum over n and all o,p,q with that a,u,v of dy[n,k,o,p,q].

    Parameters
    ----------
    dbias : (K, A, U, V) float, written
    dy : (N, K, O, P, Q) float
    """
    N, K, O, P, Q = dy.shape
    _, A, U, V = dbias.shape
    for k in range(K):
        for a in range(A):
            for u in range(U):
                for v in range(V):
                    total = np.float64(0.0)
                    for n in range(N):
                        for o in range(a, O, A):
                            for p in range(u, P, U):
                                for q in range(v, Q, V):
                                    total += dy[n, k, o, p, q]
                    dbias[k, a, u, v] = total
