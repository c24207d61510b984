"""Padding on one, two and three axes: the map continued beyond its ends.

    h = padded_source(p, H, pad_h, mode)          the input row that output row p repeats; -1: there is none, the output is 0

Modes: 0 zeros; 1 circular, as if the ends met; 2 reflect, mirrored at the centre of the last pixel, which is not repeated; 3 replicate, the
last pixel again and again.

Letters: N images, C channels; D H W input depth, rows, columns; O P Q output depth, rows, columns.

    x (N, C, [D, [H,]] W)    y (N, C, [O, [P,]] Q)    O = D + pad_d + padding after the axis, ...

Outputs come first; every element of them is written.

Source: Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 9.5 (zero padding); names of modes as in PyTorch.
"""

from minicnn.kernels.textbook.compile import kernel, padded_source


@kernel
def pad1d_forward(y, x, pad_w, mode):
    """Continue every plane beyond its ends.

        y[n,c,q] = x[n,c,w], or 0 where there is no such pixel
        where  w = padded_source(q, W, pad_w, mode)

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
                w = padded_source(q, W, pad_w, mode)
                if w >= 0:
                    y[n, c, q] = x[n, c, w]
                else:
                    y[n, c, q] = 0.0


@kernel
def pad1d_backward(dx, dy, pad_w, mode):
    """Gradient of `pad1d_forward`: each dy is added to the dx of the pixel that was repeated there.

        dx[n,c,w] = sum of dy[n,c,q]
        where  w = padded_source(q, W, pad_w, mode)

    Parameters
    ----------
    dx : (N, C, W) float, written
        Rounded to its dtype at every addition.
    dy : (N, C, Q) float
    """
    N, C, Q = dy.shape
    W = dx.shape[2]
    dx[...] = 0.0
    for n in range(N):
        for c in range(C):
            for q in range(Q):
                w = padded_source(q, W, pad_w, mode)
                if w >= 0:
                    dx[n, c, w] += dy[n, c, q]


@kernel
def pad2d_forward(y, x, pad_h, pad_w, mode):
    """Continue every plane beyond its ends.

        y[n,c,p,q] = x[n,c,h,w], or 0 where there is no such pixel
        where  h = padded_source(p, H, pad_h, mode),   w = padded_source(q, W, pad_w, mode)

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
                h = padded_source(p, H, pad_h, mode)
                for q in range(Q):
                    w = padded_source(q, W, pad_w, mode)
                    if h >= 0 and w >= 0:
                        y[n, c, p, q] = x[n, c, h, w]
                    else:
                        y[n, c, p, q] = 0.0


@kernel
def pad2d_backward(dx, dy, pad_h, pad_w, mode):
    """Gradient of `pad2d_forward`: each dy is added to the dx of the pixel that was repeated there.

        dx[n,c,h,w] = sum of dy[n,c,p,q]
        where  h = padded_source(p, H, pad_h, mode),   w = padded_source(q, W, pad_w, mode)

    Parameters
    ----------
    dx : (N, C, H, W) float, written
        Rounded to its dtype at every addition.
    dy : (N, C, P, Q) float
    """
    N, C, P, Q = dy.shape
    _, _, H, W = dx.shape
    dx[...] = 0.0
    for n in range(N):
        for c in range(C):
            for p in range(P):
                h = padded_source(p, H, pad_h, mode)
                for q in range(Q):
                    w = padded_source(q, W, pad_w, mode)
                    if h >= 0 and w >= 0:
                        dx[n, c, h, w] += dy[n, c, p, q]


@kernel
def pad3d_forward(y, x, pad_d, pad_h, pad_w, mode):
    """Continue every plane beyond its ends.

        y[n,c,o,p,q] = x[n,c,d,h,w], or 0 where there is no such pixel
        where  d = padded_source(o, D, pad_d, mode),   h = padded_source(p, H, pad_h, mode),   w = padded_source(q, W, pad_w, mode)

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
                d = padded_source(o, D, pad_d, mode)
                for p in range(P):
                    h = padded_source(p, H, pad_h, mode)
                    for q in range(Q):
                        w = padded_source(q, W, pad_w, mode)
                        if d >= 0 and h >= 0 and w >= 0:
                            y[n, c, o, p, q] = x[n, c, d, h, w]
                        else:
                            y[n, c, o, p, q] = 0.0


@kernel
def pad3d_backward(dx, dy, pad_d, pad_h, pad_w, mode):
    """Gradient of `pad3d_forward`: each dy is added to the dx of the pixel that was repeated there.

        dx[n,c,d,h,w] = sum of dy[n,c,o,p,q]
        where  d = padded_source(o, D, pad_d, mode),   h = padded_source(p, H, pad_h, mode),   w = padded_source(q, W, pad_w, mode)

    Parameters
    ----------
    dx : (N, C, D, H, W) float, written
        Rounded to its dtype at every addition.
    dy : (N, C, O, P, Q) float
    """
    N, C, O, P, Q = dy.shape
    _, _, D, H, W = dx.shape
    dx[...] = 0.0
    for n in range(N):
        for c in range(C):
            for o in range(O):
                d = padded_source(o, D, pad_d, mode)
                for p in range(P):
                    h = padded_source(p, H, pad_h, mode)
                    for q in range(Q):
                        w = padded_source(q, W, pad_w, mode)
                        if d >= 0 and h >= 0 and w >= 0:
                            dx[n, c, d, h, w] += dy[n, c, o, p, q]
