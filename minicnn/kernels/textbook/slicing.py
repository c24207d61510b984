"""Some pixels of a map: every so many along each axis, from a first one on, as x[:, :, first::stride] in NumPy.

A crop takes the middle (stride 1); the shortcut of a residual network takes every stride-th pixel, and has channels of zeros behind those
of its input.

Letters: N images, C input channels, K output channels; D H W input depth, rows, columns; O P Q output depth, rows, columns.

    x (N, C, [D, [H,]] W)    y (N, K, [O, [P,]] Q), K >= C

Settings, in the order depth, rows, columns: the first pixel, and the pixels from one to the next.  Outputs come first; every element of
them is written.
Sources: Ronneberger, Fischer, Brox, "U-Net: convolutional networks for biomedical image segmentation", 2015, section 2 (crop).  He, Zhang,
Ren, Sun, "Deep residual learning for image recognition", 2016, section 4.1, shortcut (A).
"""

from minicnn.kernels.textbook.compile import kernel, output_position


@kernel
def slice1d_forward(y, x, first_w, stride_w):
    """Every so many pixels, and zeros in channels that x does not have.

        y[n,k,q] = x[n,k,w] where k < C, else 0
        where  w = first_w + q*stride_w

    Parameters
    ----------
    y : (N, K, Q) float, written
    x : (N, C, W) float
    """
    N, K, Q = y.shape
    C = x.shape[1]
    for n in range(N):
        for k in range(K):
            for q in range(Q):
                if k < C:
                    y[n, k, q] = x[n, k, first_w + q * stride_w]
                else:
                    y[n, k, q] = 0.0


@kernel
def slice1d_backward(dx, dy, first_w, stride_w):
    """Gradient of `slice1d_forward`: pixels that were not taken get 0.

        dx[n,c,w] = dy[n,c,q] where there is such a q, else 0
        where  w = first_w + q*stride_w

    Parameters
    ----------
    dx : (N, C, W) float, written
    dy : (N, K, Q) float
    """
    N, C, W = dx.shape
    Q = dy.shape[2]
    for n in range(N):
        for c in range(C):
            for w in range(W):
                q = output_position(w, 0, Q, stride_w, 1, -first_w)
                if q >= 0:
                    dx[n, c, w] = dy[n, c, q]
                else:
                    dx[n, c, w] = 0.0


@kernel
def slice2d_forward(y, x, first_h, first_w, stride_h, stride_w):
    """Every so many pixels, and zeros in channels that x does not have.

        y[n,k,p,q] = x[n,k,h,w] where k < C, else 0
        where  h = first_h + p*stride_h,   w = first_w + q*stride_w

    Parameters
    ----------
    y : (N, K, P, Q) float, written
    x : (N, C, H, W) float
    """
    N, K, P, Q = y.shape
    C = x.shape[1]
    for n in range(N):
        for k in range(K):
            for p in range(P):
                for q in range(Q):
                    if k < C:
                        y[n, k, p, q] = x[n, k, first_h + p * stride_h, first_w + q * stride_w]
                    else:
                        y[n, k, p, q] = 0.0


@kernel
def slice2d_backward(dx, dy, first_h, first_w, stride_h, stride_w):
    """Gradient of `slice2d_forward`: pixels that were not taken get 0.

        dx[n,c,h,w] = dy[n,c,p,q] where there are such p,q, else 0
        where  h = first_h + p*stride_h,   w = first_w + q*stride_w

    Parameters
    ----------
    dx : (N, C, H, W) float, written
    dy : (N, K, P, Q) float
    """
    N, C, H, W = dx.shape
    _, _, P, Q = dy.shape
    for n in range(N):
        for c in range(C):
            for h in range(H):
                p = output_position(h, 0, P, stride_h, 1, -first_h)
                for w in range(W):
                    q = output_position(w, 0, Q, stride_w, 1, -first_w)
                    if p >= 0 and q >= 0:
                        dx[n, c, h, w] = dy[n, c, p, q]
                    else:
                        dx[n, c, h, w] = 0.0


@kernel
def slice3d_forward(y, x, first_d, first_h, first_w, stride_d, stride_h, stride_w):
    """Every so many pixels, and zeros in channels that x does not have.

        y[n,k,o,p,q] = x[n,k,d,h,w] where k < C, else 0
        where  d = first_d + o*stride_d,   h = first_h + p*stride_h,   w = first_w + q*stride_w

    Parameters
    ----------
    y : (N, K, O, P, Q) float, written
    x : (N, C, D, H, W) float
    """
    N, K, O, P, Q = y.shape
    C = x.shape[1]
    for n in range(N):
        for k in range(K):
            for o in range(O):
                for p in range(P):
                    for q in range(Q):
                        if k < C:
                            y[n, k, o, p, q] = x[n, k, first_d + o * stride_d, first_h + p * stride_h, first_w + q * stride_w]
                        else:
                            y[n, k, o, p, q] = 0.0


@kernel
def slice3d_backward(dx, dy, first_d, first_h, first_w, stride_d, stride_h, stride_w):
    """Gradient of `slice3d_forward`: pixels that were not taken get 0.

        dx[n,c,d,h,w] = dy[n,c,o,p,q] where there are such o,p,q, else 0
        where  d = first_d + o*stride_d,   h = first_h + p*stride_h,   w = first_w + q*stride_w

    Parameters
    ----------
    dx : (N, C, D, H, W) float, written
    dy : (N, K, O, P, Q) float
    """
    N, C, D, H, W = dx.shape
    _, _, O, P, Q = dy.shape
    for n in range(N):
        for c in range(C):
            for d in range(D):
                o = output_position(d, 0, O, stride_d, 1, -first_d)
                for h in range(H):
                    p = output_position(h, 0, P, stride_h, 1, -first_h)
                    for w in range(W):
                        q = output_position(w, 0, Q, stride_w, 1, -first_w)
                        if o >= 0 and p >= 0 and q >= 0:
                            dx[n, c, d, h, w] = dy[n, c, o, p, q]
                        else:
                            dx[n, c, d, h, w] = 0.0
