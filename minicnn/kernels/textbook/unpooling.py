"""Max unpooling on one, two and three axes: values go back to where the maximum was found, and the rest is zero.

Letters: N images, C channels; D H W input (pooled) depth, rows, columns; O P Q output depth, rows, columns.

    x (N, C, [D, [H,]] W)    indices (N, C, [D, [H,]] W) int64    y (N, C, [O, [P,]] Q)

`indices` come from `max_pool{n}d_forward`: flat positions in the plane that was pooled, which is now the output, (o*P + p)*Q + q.
Outputs come first; every element of them is written.
Windows that overlap may have found the same maximum; then they hold the same value, it is written once, and the gradient goes to
each of them (as in PyTorch).

Sources: Prince, "Understanding Deep Learning", 2023, section 10.4.2.  Zeiler, Fergus, "Visualizing and understanding convolutional
networks", 2014, section 2.1.
"""

from minicnn.kernels.textbook.compile import kernel


@kernel
def max_unpool1d_forward(y, x, indices):
    """Put every value where the maximum came from; zero everywhere else.

        y[n,c,q] = x[n,c,w] where indices[n,c,w] = q, else 0

    Parameters
    ----------
    y : (N, C, Q) float, written
        Of two values that go to the same place, the later in scan order is kept.
    x : (N, C, W) float
    indices : (N, C, W) int64
        -1 (a window that lay entirely in the padding): the value is dropped.
    """
    N, C, W = x.shape
    y[...] = 0.0
    for n in range(N):
        for c in range(C):
            for w in range(W):
                place = indices[n, c, w]
                if place >= 0:
                    y[n, c, place] = x[n, c, w]


@kernel
def max_unpool1d_backward(dx, dy, indices):
    """Gradient of `max_unpool1d_forward`: each input gets the gradient of the place that its value went to.

        dx[n,c,w] = dy[n,c,q] where q = indices[n,c,w], and 0 where that is -1

    Parameters
    ----------
    dx : (N, C, W) float, written
    dy : (N, C, Q) float
    indices : (N, C, W) int64
    """
    N, C, W = dx.shape
    for n in range(N):
        for c in range(C):
            for w in range(W):
                place = indices[n, c, w]
                dx[n, c, w] = dy[n, c, place] if place >= 0 else 0.0


@kernel
def max_unpool2d_forward(y, x, indices):
    """Put every value where the maximum came from; zero everywhere else.

        y[n,c,p,q] = x[n,c,h,w] where indices[n,c,h,w] = p*Q + q, else 0

    Parameters
    ----------
    y : (N, C, P, Q) float, written
        Of two values that go to the same place, the later in scan order is kept.
    x : (N, C, H, W) float
    indices : (N, C, H, W) int64
        -1 (a window that lay entirely in the padding): the value is dropped.
    """
    N, C, H, W = x.shape
    Q = y.shape[3]
    y[...] = 0.0
    for n in range(N):
        for c in range(C):
            for h in range(H):
                for w in range(W):
                    place = indices[n, c, h, w]
                    if place >= 0:
                        y[n, c, place // Q, place % Q] = x[n, c, h, w]


@kernel
def max_unpool2d_backward(dx, dy, indices):
    """Gradient of `max_unpool2d_forward`: each input gets the gradient of the place that its value went to.

        dx[n,c,h,w] = dy[n,c,p,q] where p*Q + q = indices[n,c,h,w], and 0 where that is -1

    Parameters
    ----------
    dx : (N, C, H, W) float, written
    dy : (N, C, P, Q) float
    indices : (N, C, H, W) int64
    """
    N, C, H, W = dx.shape
    Q = dy.shape[3]
    for n in range(N):
        for c in range(C):
            for h in range(H):
                for w in range(W):
                    place = indices[n, c, h, w]
                    dx[n, c, h, w] = dy[n, c, place // Q, place % Q] if place >= 0 else 0.0


@kernel
def max_unpool3d_forward(y, x, indices):
    """Put every value where the maximum came from; zero everywhere else.

        y[n,c,o,p,q] = x[n,c,d,h,w] where indices[n,c,d,h,w] = (o*P + p)*Q + q, else 0

    Parameters
    ----------
    y : (N, C, O, P, Q) float, written
        Of two values that go to the same place, the later in scan order is kept.
    x : (N, C, D, H, W) float
    indices : (N, C, D, H, W) int64
        -1 (a window that lay entirely in the padding): the value is dropped.
    """
    N, C, D, H, W = x.shape
    _, _, _, P, Q = y.shape
    y[...] = 0.0
    for n in range(N):
        for c in range(C):
            for d in range(D):
                for h in range(H):
                    for w in range(W):
                        place = indices[n, c, d, h, w]
                        if place >= 0:
                            y[n, c, place // (P * Q), place // Q % P, place % Q] = x[n, c, d, h, w]


@kernel
def max_unpool3d_backward(dx, dy, indices):
    """Gradient of `max_unpool3d_forward`: each input gets the gradient of the place that its value went to.

        dx[n,c,d,h,w] = dy[n,c,o,p,q] where (o*P + p)*Q + q = indices[n,c,d,h,w], and 0 where that is -1

    Parameters
    ----------
    dx : (N, C, D, H, W) float, written
    dy : (N, C, O, P, Q) float
    indices : (N, C, D, H, W) int64
    """
    N, C, D, H, W = dx.shape
    _, _, _, P, Q = dy.shape
    for n in range(N):
        for c in range(C):
            for d in range(D):
                for h in range(H):
                    for w in range(W):
                        place = indices[n, c, d, h, w]
                        dx[n, c, d, h, w] = dy[n, c, place // (P * Q), place // Q % P, place % Q] if place >= 0 else 0.0
