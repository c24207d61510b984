"""A convolution of your own: the index map is an argument, a function that the loops call at every tap.

    channel, d, h, w, j = index_map(k, o, p, q, c, t, r, s)

says that tap (c, t, r, s) of output (k, o, p, q) reads the input at (channel, d, h, w) and multiplies it by weight number j.  A position
outside the input, or a negative j, means that there is no such tap.  Every convolution of this library is one such map; here are the
three sums that follow from any of them.  Maps of one and two axes are maps of three whose other axes have one pixel.

Letters: N images, C input channels, K filters; D H W input depth, rows, columns; O P Q output depth, rows, columns.

    x (N, C, D, H, W)    weight (any,)    bias (K,)    y (N, K, O, P, Q)    taps (channels, T, R, S)

The map leads from an output to its weights.  The gradient of a weight asks the other way round, which weights were used where, and takes
the map turned around: a table of all uses, weight by weight (`minicnn.kernels.index_table.by_weight`).

`index_map` is compiled with `njit`, or is a plain function where these loops run as plain Python.  A layer without bias passes zeros.
Outputs come first; every element of them is written.

Source: the formula is eq. 9.10 of Goodfellow, Bengio, Courville, "Deep Learning", 2016, for any indices; the gradients are
its derivatives.
"""

import numpy as np

from minicnn.kernels.textbook.compile import kernel


@kernel
def is_read(channel, d, h, w, j, x_shape, weights):
    """Whether there is such a tap: a position inside the input (N, C, D, H, W), and one of so many weights."""
    _, C, D, H, W = x_shape
    return 0 <= j < weights and 0 <= channel < C and 0 <= d < D and 0 <= h < H and 0 <= w < W


@kernel
def variant_forward(y, x, weight, bias, index_map, taps):
    """Every output is the sum over its taps.

        y[n,k,o,p,q] = bias[k] + sum over c,t,r,s of x[n,channel,d,h,w] * weight[j]

    Parameters
    ----------
    y : (N, K, O, P, Q) float, written
    x : (N, C, D, H, W) float
    weight : (any,) float
    bias : (K,) float
    index_map : function of (k, o, p, q, c, t, r, s)
    taps : tuple of four int
        How far c, t, r and s count.
    """
    N, K, O, P, Q = y.shape
    channels, T, R, S = taps
    for n in range(N):
        for k in range(K):
            for o in range(O):
                for p in range(P):
                    for q in range(Q):
                        total = np.float64(bias[k])
                        for c in range(channels):
                            for t in range(T):
                                for r in range(R):
                                    for s in range(S):
                                        channel, d, h, w, j = index_map(k, o, p, q, c, t, r, s)
                                        if is_read(channel, d, h, w, j, x.shape, len(weight)):
                                            total += x[n, channel, d, h, w] * weight[j]
                        y[n, k, o, p, q] = total


@kernel
def variant_backward_input(dx, dy, weight, index_map, taps):
    """Gradient of `variant_forward` with respect to x: every output passes its gradient back to what it read.

        dx[n,channel,d,h,w] = sum over k,o,p,q,c,t,r,s that read there of dy[n,k,o,p,q] * weight[j]

    Parameters
    ----------
    dx : (N, C, D, H, W) float, written
    dy : (N, K, O, P, Q) float
    weight : (any,) float
    index_map, taps
        As in `variant_forward`.
    """
    N, K, O, P, Q = dy.shape
    channels, T, R, S = taps
    dx[...] = 0.0
    for n in range(N):
        for k in range(K):
            for o in range(O):
                for p in range(P):
                    for q in range(Q):
                        for c in range(channels):
                            for t in range(T):
                                for r in range(R):
                                    for s in range(S):
                                        channel, d, h, w, j = index_map(k, o, p, q, c, t, r, s)
                                        if is_read(channel, d, h, w, j, dx.shape, len(weight)):
                                            dx[n, channel, d, h, w] += dy[n, k, o, p, q] * weight[j]


@kernel
def variant_backward_weight(dweight, dy, x, outputs, inputs, first):
    """Gradient of `variant_forward` with respect to weight: what every weight was multiplied by, times the gradient of that output.

        dweight[j] = sum over n,u of dy[n,outputs[u]] * x[n,inputs[u]]      where  first[j] <= u < first[j+1]

    Parameters
    ----------
    dweight : (any,) float, written
    dy : (N, K*O*P*Q) float
        All axes but the images flattened, in scan order; those of x likewise.
    x : (N, C*D*H*W) float
    outputs, inputs : (uses,) int
        Which output a use belongs to and which input it reads, flat; the uses of weight 0, then those of weight 1, and so on, each in the
        order in which `variant_forward` comes to them.
    first : (any + 1,) int
        The uses of weight j begin at first[j] and end before first[j+1].
    """
    N = dy.shape[0]
    for j in range(len(dweight)):
        total = np.float64(0.0)
        for n in range(N):
            for u in range(first[j], first[j + 1]):
                total += dy[n, outputs[u]] * x[n, inputs[u]]
        dweight[j] = total
