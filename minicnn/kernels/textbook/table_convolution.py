"""Convolution along a connection table: every filter sees only the maps that the table links it to.

Link l leads from map map_of[l] to filter filter_of[l] and has a filter of R x S weights of its own.  The gradient of the bias is that of
any convolution, `conv2d_backward_bias`.

Letters: N images, C maps, K filters, L links; H W input rows, columns; P Q output rows, columns; R S filter rows, columns.

    x (N, C, H, W)    weight (L, R, S)    bias (K,)    y (N, K, P, Q)    filter_of, map_of (L,) int

Strides, padding before the axis and dilation are in pixels; taps outside the image count as zero.  Outputs come first; every element of
them is written.
Source: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", 1998, section II.B and table I.
"""

import numpy as np

from minicnn.kernels.textbook.compile import input_position, kernel, output_position


@kernel
def table_conv2d_forward(y, x, weight, bias, filter_of, map_of, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w):
    """Sum over the links of each filter.

        y[n,k,p,q] = bias[k] + sum over l,r,s of x[n,map_of[l],h,w] * weight[l,r,s]      where  filter_of[l] = k
        and  h = p*stride_h + r*dilation_h - pad_h,   w = q*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    y : (N, K, P, Q) float, written
    x : (N, C, H, W) float
    weight : (L, R, S) float
    bias : (K,) float
    filter_of, map_of : (L,) int
    """
    N, K, P, Q = y.shape
    _, _, H, W = x.shape
    L, R, S = weight.shape
    for n in range(N):
        for k in range(K):
            for p in range(P):
                for q in range(Q):
                    total = np.float64(bias[k])
                    for l in range(L):
                        if filter_of[l] == k:
                            for r in range(R):
                                h = input_position(p, r, stride_h, dilation_h, pad_h)
                                for s in range(S):
                                    w = input_position(q, s, stride_w, dilation_w, pad_w)
                                    if 0 <= h < H and 0 <= w < W:
                                        total += x[n, map_of[l], h, w] * weight[l, r, s]
                    y[n, k, p, q] = total


@kernel
def table_conv2d_backward_input(dx, dy, weight, filter_of, map_of, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w):
    """Gradient of `table_conv2d_forward` with respect to x: every map asks which links lead from it.

        dx[n,c,h,w] = sum over l,r,s of dy[n,filter_of[l],p,q] * weight[l,r,s]      where  map_of[l] = c
        and  h = p*stride_h + r*dilation_h - pad_h,   w = q*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    dx : (N, C, H, W) float, written
    dy : (N, K, P, Q) float
    weight : (L, R, S) float
    filter_of, map_of : (L,) int
    """
    N, C, H, W = dx.shape
    _, _, P, Q = dy.shape
    L, R, S = weight.shape
    for n in range(N):
        for c in range(C):
            for h in range(H):
                for w in range(W):
                    total = np.float64(0.0)
                    for l in range(L):
                        if map_of[l] == c:
                            for r in range(R):
                                p = output_position(h, r, P, stride_h, dilation_h, pad_h)
                                for s in range(S):
                                    q = output_position(w, s, Q, stride_w, dilation_w, pad_w)
                                    if p >= 0 and q >= 0:
                                        total += dy[n, filter_of[l], p, q] * weight[l, r, s]
                    dx[n, c, h, w] = total


@kernel
def table_conv2d_backward_weight(dweight, dy, x, filter_of, map_of, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w):
    """Gradient of `table_conv2d_forward` with respect to weight.

        dweight[l,r,s] = sum over n,p,q of dy[n,filter_of[l],p,q] * x[n,map_of[l],h,w]
        where  h = p*stride_h + r*dilation_h - pad_h,   w = q*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    dweight : (L, R, S) float, written
    dy : (N, K, P, Q) float
    x : (N, C, H, W) float
    filter_of, map_of : (L,) int
    """
    L, R, S = dweight.shape
    N, _, P, Q = dy.shape
    _, _, H, W = x.shape
    for l in range(L):
        for r in range(R):
            for s in range(S):
                total = np.float64(0.0)
                for n in range(N):
                    for p in range(P):
                        h = input_position(p, r, stride_h, dilation_h, pad_h)
                        for q in range(Q):
                            w = input_position(q, s, stride_w, dilation_w, pad_w)
                            if 0 <= h < H and 0 <= w < W:
                                total += dy[n, filter_of[l], p, q] * x[n, map_of[l], h, w]
                dweight[l, r, s] = total
