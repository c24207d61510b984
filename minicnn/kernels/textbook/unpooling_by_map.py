"""Max unpooling by the map that was pooled: every value goes back to where that map's window has its largest number.

The winners are those of `max_pool{n}d_forward` with the same settings, found again: the first in scan order of equal numbers, NaN wins.

Letters: N images, C channels; D H W depth, rows, columns of the map that was pooled and of the output; O P Q of the values that go back;
t r s taps of the window.

    x1 (N, C, [O, [P,]] Q) values    x2 (N, C, [D, [H,]] W) the map that was pooled    y (N, C, [D, [H,]] W)

Settings as for max pooling.  Outputs come first; every element of them is written.
Windows that overlap may have the same winner: of their values the last in scan order stays.

Sources: Badrinarayanan, Kendall, Cipolla, "SegNet", 2017, section 3 and figure 3.  Zeiler, Fergus, "Visualizing and understanding
convolutional networks", 2014, section 2.1.
"""

import numpy as np

from minicnn.kernels.textbook.compile import input_position, kernel


@kernel
def unpool_winners1d_forward(y, x1, x2, window_w, stride_w, pad_w, dilation_w):
    """Put every value where the largest number of its window lies; zero everywhere else.

        y[n,c,w] = x1[n,c,q] where the winner of x2 in window q lies at w, else 0

    Parameters
    ----------
    y : (N, C, W) float, written
    x1 : (N, C, Q) float
    x2 : (N, C, W) float
    """
    N, C, Q = x1.shape
    W = x2.shape[2]
    y[...] = 0.0
    for n in range(N):
        for c in range(C):
            for q in range(Q):
                best, winner = -np.inf, -1
                for s in range(window_w):
                    w = input_position(q, s, stride_w, dilation_w, pad_w)
                    if 0 <= w < W:
                        value = x2[n, c, w]
                        if winner < 0 or value > best or (np.isnan(value) and not np.isnan(best)):
                            best, winner = value, w
                if winner >= 0:
                    y[n, c, winner] = x1[n, c, q]


@kernel
def unpool_winners1d_backward(dx1, dy, x2, window_w, stride_w, pad_w, dilation_w):
    """Gradient of `unpool_winners1d_forward`: each value gets the gradient of the place that it went to.

        dx1[n,c,q] = dy[n,c,w] where the winner of x2 in window q lies at w

    Parameters
    ----------
    dx1 : (N, C, Q) float, written
    dy, x2 : (N, C, W) float
    """
    N, C, Q = dx1.shape
    W = x2.shape[2]
    for n in range(N):
        for c in range(C):
            for q in range(Q):
                best, winner = -np.inf, -1
                for s in range(window_w):
                    w = input_position(q, s, stride_w, dilation_w, pad_w)
                    if 0 <= w < W:
                        value = x2[n, c, w]
                        if winner < 0 or value > best or (np.isnan(value) and not np.isnan(best)):
                            best, winner = value, w
                if winner >= 0:
                    dx1[n, c, q] = dy[n, c, winner]
                else:
                    dx1[n, c, q] = 0.0


@kernel
def unpool_winners2d_forward(y, x1, x2, window_h, window_w, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w):
    """Put every value where the largest number of its window lies; zero everywhere else.

        y[n,c,h,w] = x1[n,c,p,q] where the winner of x2 in window p,q lies at h,w, else 0

    Parameters
    ----------
    y : (N, C, H, W) float, written
    x1 : (N, C, P, Q) float
    x2 : (N, C, H, W) float
    """
    N, C, P, Q = x1.shape
    _, _, H, W = x2.shape
    y[...] = 0.0
    for n in range(N):
        for c in range(C):
            for p in range(P):
                for q in range(Q):
                    best, winner = -np.inf, -1
                    for r in range(window_h):
                        h = input_position(p, r, stride_h, dilation_h, pad_h)
                        for s in range(window_w):
                            w = input_position(q, s, stride_w, dilation_w, pad_w)
                            if 0 <= h < H and 0 <= w < W:
                                value = x2[n, c, h, w]
                                if winner < 0 or value > best or (np.isnan(value) and not np.isnan(best)):
                                    best, winner = value, h * W + w
                    if winner >= 0:
                        y[n, c, winner // W, winner % W] = x1[n, c, p, q]


@kernel
def unpool_winners2d_backward(dx1, dy, x2, window_h, window_w, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w):
    """Gradient of `unpool_winners2d_forward`: each value gets the gradient of the place that it went to.

        dx1[n,c,p,q] = dy[n,c,h,w] where the winner of x2 in window p,q lies at h,w

    Parameters
    ----------
    dx1 : (N, C, P, Q) float, written
    dy, x2 : (N, C, H, W) float
    """
    N, C, P, Q = dx1.shape
    _, _, H, W = x2.shape
    for n in range(N):
        for c in range(C):
            for p in range(P):
                for q in range(Q):
                    best, winner = -np.inf, -1
                    for r in range(window_h):
                        h = input_position(p, r, stride_h, dilation_h, pad_h)
                        for s in range(window_w):
                            w = input_position(q, s, stride_w, dilation_w, pad_w)
                            if 0 <= h < H and 0 <= w < W:
                                value = x2[n, c, h, w]
                                if winner < 0 or value > best or (np.isnan(value) and not np.isnan(best)):
                                    best, winner = value, h * W + w
                    if winner >= 0:
                        dx1[n, c, p, q] = dy[n, c, winner // W, winner % W]
                    else:
                        dx1[n, c, p, q] = 0.0


@kernel
def unpool_winners3d_forward(
    y, x1, x2, window_d, window_h, window_w, stride_d, stride_h, stride_w, pad_d, pad_h, pad_w, dilation_d, dilation_h, dilation_w
):
    """Put every value where the largest number of its window lies; zero everywhere else.

        y[n,c,d,h,w] = x1[n,c,o,p,q] where the winner of x2 in window o,p,q lies at d,h,w, else 0

    Parameters
    ----------
    y : (N, C, D, H, W) float, written
    x1 : (N, C, O, P, Q) float
    x2 : (N, C, D, H, W) float
    """
    N, C, O, P, Q = x1.shape
    _, _, D, H, W = x2.shape
    y[...] = 0.0
    for n in range(N):
        for c in range(C):
            for o in range(O):
                for p in range(P):
                    for q in range(Q):
                        best, winner = -np.inf, -1
                        for t in range(window_d):
                            d = input_position(o, t, stride_d, dilation_d, pad_d)
                            for r in range(window_h):
                                h = input_position(p, r, stride_h, dilation_h, pad_h)
                                for s in range(window_w):
                                    w = input_position(q, s, stride_w, dilation_w, pad_w)
                                    if 0 <= d < D and 0 <= h < H and 0 <= w < W:
                                        value = x2[n, c, d, h, w]
                                        if winner < 0 or value > best or (np.isnan(value) and not np.isnan(best)):
                                            best, winner = value, (d * H + h) * W + w
                        if winner >= 0:
                            y[n, c, winner // (H * W), winner // W % H, winner % W] = x1[n, c, o, p, q]


@kernel
def unpool_winners3d_backward(
    dx1, dy, x2, window_d, window_h, window_w, stride_d, stride_h, stride_w, pad_d, pad_h, pad_w, dilation_d, dilation_h, dilation_w
):
    """Gradient of `unpool_winners3d_forward`: each value gets the gradient of the place that it went to.

        dx1[n,c,o,p,q] = dy[n,c,d,h,w] where the winner of x2 in window o,p,q lies at d,h,w

    Parameters
    ----------
    dx1 : (N, C, O, P, Q) float, written
    dy, x2 : (N, C, D, H, W) float
    """
    N, C, O, P, Q = dx1.shape
    _, _, D, H, W = x2.shape
    for n in range(N):
        for c in range(C):
            for o in range(O):
                for p in range(P):
                    for q in range(Q):
                        best, winner = -np.inf, -1
                        for t in range(window_d):
                            d = input_position(o, t, stride_d, dilation_d, pad_d)
                            for r in range(window_h):
                                h = input_position(p, r, stride_h, dilation_h, pad_h)
                                for s in range(window_w):
                                    w = input_position(q, s, stride_w, dilation_w, pad_w)
                                    if 0 <= d < D and 0 <= h < H and 0 <= w < W:
                                        value = x2[n, c, d, h, w]
                                        if winner < 0 or value > best or (np.isnan(value) and not np.isnan(best)):
                                            best, winner = value, (d * H + h) * W + w
                        if winner >= 0:
                            dx1[n, c, o, p, q] = dy[n, c, winner // (H * W), winner // W % H, winner % W]
                        else:
                            dx1[n, c, o, p, q] = 0.0


@kernel
def unpool_winners_backward_map(dx2):
    """dx2 = 0: where a map's winners lie does not change as its numbers change a little.

    Parameters
    ----------
    dx2 : float, any shape, written
    """
    for i in range(dx2.size):
        dx2.flat[i] = 0.0
