"""Transposed convolution on one, two and three axes: convolution read backwards, from its output to its input.

The index map is that of convolution with the roles of input and output exchanged: an input pixel h is spread over the output pixels

    p = h*stride_h + r*dilation_h - pad_h         outside 0 <= p < P the tap is lost

Letters: N images, C input channels, K filters, G groups; D H W input depth, rows, columns; O P Q output depth, rows, columns;
T R S filter depth, rows, columns.

    x (N, C, [D, [H,]] W)    weight (C, K/G, [T, [R,]] S)    bias (K,)    y (N, K, [O, [P,]] Q)

Settings, in the order depth, rows, columns, all in pixels: strides, padding (pixels cut off before the axis), dilation; then `groups`.
What is cut off or added after an axis (padding there, `output_padding`) is implied by the size of `y`.
A layer without bias passes zeros.  Outputs come first; every element of them is written.

Sources: Goodfellow, Bengio, Courville, "Deep Learning", 2016, eq. 9.13.  Zeiler, Krishnan, Taylor, Fergus, "Deconvolutional networks",
2010.  Dumoulin, Visin, "A guide to convolution arithmetic for deep learning", 2016, chapter 4.
"""

import numpy as np

from minicnn.kernels.textbook.compile import input_position, kernel, output_position
from minicnn.kernels.textbook.convolution import conv1d_backward_bias, conv2d_backward_bias, conv3d_backward_bias

# A bias is added to every output pixel, whatever made the pixel: its gradient is that of any convolution.
conv_transpose1d_backward_bias = conv1d_backward_bias
conv_transpose2d_backward_bias = conv2d_backward_bias
conv_transpose3d_backward_bias = conv3d_backward_bias


@kernel
def conv_transpose1d_forward(y, x, weight, bias, stride_w, pad_w, dilation_w, groups):
    """Put a copy of the filter, weighted by x, at every input position, and add up.

        y[n,k,q] = bias[k] + sum over c,s of x[n,c,w] * weight[c,k,s]
        where  q = w*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    y : (N, K, Q) float, written
    x : (N, C, W) float
    weight : (C, K/G, S) float
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
                for c in range(group * channels, (group + 1) * channels):
                    for s in range(S):
                        w = output_position(q, s, W, stride_w, dilation_w, pad_w)
                        if w >= 0:
                            total += x[n, c, w] * weight[c, k % filters, s]
                y[n, k, q] = total


@kernel
def conv_transpose1d_backward_input(dx, dy, weight, stride_w, pad_w, dilation_w, groups):
    """Gradient of `conv_transpose1d_forward` with respect to x: an ordinary convolution of dy.

        dx[n,c,w] = sum over k,s of dy[n,k,q] * weight[c,k,s]
        where  q = w*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    dx : (N, C, W) float, written
    dy : (N, K, Q) float
    weight : (C, K/G, S) float
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
                for k in range(filters):
                    for s in range(S):
                        q = input_position(w, s, stride_w, dilation_w, pad_w)
                        if 0 <= q < Q:
                            total += dy[n, group * filters + k, q] * weight[c, k, s]
                dx[n, c, w] = total


@kernel
def conv_transpose1d_backward_weight(dweight, dy, x, stride_w, pad_w, dilation_w, groups):
    """Gradient of `conv_transpose1d_forward` with respect to weight.

        dweight[c,k,s] = sum over n,w of x[n,c,w] * dy[n,k,q]
        where  q = w*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    dweight : (C, K/G, S) float, written
    dy : (N, K, Q) float
    x : (N, C, W) float
    """
    C, filters, S = dweight.shape
    N, _, W = x.shape
    Q = dy.shape[2]
    channels = C // groups
    for c in range(C):
        group = c // channels
        for k in range(filters):
            for s in range(S):
                total = np.float64(0.0)
                for n in range(N):
                    for w in range(W):
                        q = input_position(w, s, stride_w, dilation_w, pad_w)
                        if 0 <= q < Q:
                            total += x[n, c, w] * dy[n, group * filters + k, q]
                dweight[c, k, s] = total


@kernel
def conv_transpose2d_forward(y, x, weight, bias, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, groups):
    """Put a copy of the filter, weighted by x, at every input pixel, and add up.

        y[n,k,p,q] = bias[k] + sum over c,r,s of x[n,c,h,w] * weight[c,k,r,s]
        where  p = h*stride_h + r*dilation_h - pad_h,   q = w*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    y : (N, K, P, Q) float, written
    x : (N, C, H, W) float
    weight : (C, K/G, R, S) float
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
                    for c in range(group * channels, (group + 1) * channels):
                        for r in range(R):
                            h = output_position(p, r, H, stride_h, dilation_h, pad_h)
                            for s in range(S):
                                w = output_position(q, s, W, stride_w, dilation_w, pad_w)
                                if h >= 0 and w >= 0:
                                    total += x[n, c, h, w] * weight[c, k % filters, r, s]
                    y[n, k, p, q] = total


@kernel
def conv_transpose2d_backward_input(dx, dy, weight, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, groups):
    """Gradient of `conv_transpose2d_forward` with respect to x: an ordinary convolution of dy.

        dx[n,c,h,w] = sum over k,r,s of dy[n,k,p,q] * weight[c,k,r,s]
        where  p = h*stride_h + r*dilation_h - pad_h,   q = w*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    dx : (N, C, H, W) float, written
    dy : (N, K, P, Q) float
    weight : (C, K/G, R, S) float
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
                    for k in range(filters):
                        for r in range(R):
                            p = input_position(h, r, stride_h, dilation_h, pad_h)
                            for s in range(S):
                                q = input_position(w, s, stride_w, dilation_w, pad_w)
                                if 0 <= p < P and 0 <= q < Q:
                                    total += dy[n, group * filters + k, p, q] * weight[c, k, r, s]
                    dx[n, c, h, w] = total


@kernel
def conv_transpose2d_backward_weight(dweight, dy, x, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, groups):
    """Gradient of `conv_transpose2d_forward` with respect to weight.

        dweight[c,k,r,s] = sum over n,h,w of x[n,c,h,w] * dy[n,k,p,q]
        where  p = h*stride_h + r*dilation_h - pad_h,   q = w*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    dweight : (C, K/G, R, S) float, written
    dy : (N, K, P, Q) float
    x : (N, C, H, W) float
    """
    C, filters, R, S = dweight.shape
    N, _, H, W = x.shape
    _, _, P, Q = dy.shape
    channels = C // groups
    for c in range(C):
        group = c // channels
        for k in range(filters):
            for r in range(R):
                for s in range(S):
                    total = np.float64(0.0)
                    for n in range(N):
                        for h in range(H):
                            p = input_position(h, r, stride_h, dilation_h, pad_h)
                            for w in range(W):
                                q = input_position(w, s, stride_w, dilation_w, pad_w)
                                if 0 <= p < P and 0 <= q < Q:
                                    total += x[n, c, h, w] * dy[n, group * filters + k, p, q]
                    dweight[c, k, r, s] = total


@kernel
def conv_transpose3d_forward(
    y, x, weight, bias, stride_d, stride_h, stride_w, pad_d, pad_h, pad_w, dilation_d, dilation_h, dilation_w, groups
):
    """Put a copy of the filter, weighted by x, at every input voxel, and add up.

        y[n,k,o,p,q] = bias[k] + sum over c,t,r,s of x[n,c,d,h,w] * weight[c,k,t,r,s]
        where  o = d*stride_d + t*dilation_d - pad_d,   p = h*stride_h + r*dilation_h - pad_h,   q = w*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    y : (N, K, O, P, Q) float, written
    x : (N, C, D, H, W) float
    weight : (C, K/G, T, R, S) float
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
                        for c in range(group * channels, (group + 1) * channels):
                            for t in range(T):
                                d = output_position(o, t, D, stride_d, dilation_d, pad_d)
                                for r in range(R):
                                    h = output_position(p, r, H, stride_h, dilation_h, pad_h)
                                    for s in range(S):
                                        w = output_position(q, s, W, stride_w, dilation_w, pad_w)
                                        if d >= 0 and h >= 0 and w >= 0:
                                            total += x[n, c, d, h, w] * weight[c, k % filters, t, r, s]
                        y[n, k, o, p, q] = total


@kernel
def conv_transpose3d_backward_input(
    dx, dy, weight, stride_d, stride_h, stride_w, pad_d, pad_h, pad_w, dilation_d, dilation_h, dilation_w, groups
):
    """Gradient of `conv_transpose3d_forward` with respect to x: an ordinary convolution of dy.

        dx[n,c,d,h,w] = sum over k,t,r,s of dy[n,k,o,p,q] * weight[c,k,t,r,s]
        where  o = d*stride_d + t*dilation_d - pad_d,   p = h*stride_h + r*dilation_h - pad_h,   q = w*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    dx : (N, C, D, H, W) float, written
    dy : (N, K, O, P, Q) float
    weight : (C, K/G, T, R, S) float
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
                        for k in range(filters):
                            for t in range(T):
                                o = input_position(d, t, stride_d, dilation_d, pad_d)
                                for r in range(R):
                                    p = input_position(h, r, stride_h, dilation_h, pad_h)
                                    for s in range(S):
                                        q = input_position(w, s, stride_w, dilation_w, pad_w)
                                        if 0 <= o < O and 0 <= p < P and 0 <= q < Q:
                                            total += dy[n, group * filters + k, o, p, q] * weight[c, k, t, r, s]
                        dx[n, c, d, h, w] = total


@kernel
def conv_transpose3d_backward_weight(
    dweight, dy, x, stride_d, stride_h, stride_w, pad_d, pad_h, pad_w, dilation_d, dilation_h, dilation_w, groups
):
    """Gradient of `conv_transpose3d_forward` with respect to weight.

        dweight[c,k,t,r,s] = sum over n,d,h,w of x[n,c,d,h,w] * dy[n,k,o,p,q]
        where  o = d*stride_d + t*dilation_d - pad_d,   p = h*stride_h + r*dilation_h - pad_h,   q = w*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    dweight : (C, K/G, T, R, S) float, written
    dy : (N, K, O, P, Q) float
    x : (N, C, D, H, W) float
    """
    C, filters, T, R, S = dweight.shape
    N, _, D, H, W = x.shape
    _, _, O, P, Q = dy.shape
    channels = C // groups
    for c in range(C):
        group = c // channels
        for k in range(filters):
            for t in range(T):
                for r in range(R):
                    for s in range(S):
                        total = np.float64(0.0)
                        for n in range(N):
                            for d in range(D):
                                o = input_position(d, t, stride_d, dilation_d, pad_d)
                                for h in range(H):
                                    p = input_position(h, r, stride_h, dilation_h, pad_h)
                                    for w in range(W):
                                        q = input_position(w, s, stride_w, dilation_w, pad_w)
                                        if 0 <= o < O and 0 <= p < P and 0 <= q < Q:
                                            total += x[n, c, d, h, w] * dy[n, group * filters + k, o, p, q]
                        dweight[c, k, t, r, s] = total
