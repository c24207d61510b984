"""Max and average pooling on one, two and three axes: a window slides over each channel by itself.

    h = p*stride_h + r*dilation_h - pad_h         outside 0 <= h < H the tap is skipped

Letters: N images, C channels; D H W input depth, rows, columns; O P Q output depth, rows, columns; t r s taps of the window.

    x (N, C, [D, [H,]] W)    y (N, C, [O, [P,]] Q)    indices (N, C, [O, [P,]] Q) int64

Settings, in the order depth, rows, columns, all in pixels: window, stride, padding *before* the axis, (average:) padding *after* the
axis, dilation, (average:) `count_padding`.  Outputs come first; every element of them is written.

Maximum: padding is minus infinity and never wins; equal values: the first in scan order wins; a NaN in the window wins, the first of
several.  `indices` holds the winner's flat position in its unpadded plane, (d*H + h)*W + w.  A window that lies entirely in the padding
gives -inf and index -1, and its gradient goes nowhere.

Average: count_padding=True divides by the taps inside the padded input (a window that hangs over its end, as in ceil mode, is clipped
there); count_padding=False by the taps inside the input itself; a window without any gives 0.

Sources: Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 9.3.  Boureau, Ponce, LeCun, "A theoretical analysis of feature
pooling in visual recognition", 2010.  The divisor is the one PyTorch uses, so that results agree.
"""

import numpy as np

from minicnn.kernels.textbook.compile import counted_taps, input_position, kernel, output_position


@kernel
def max_pool1d_forward(y, indices, x, window_w, stride_w, pad_w, dilation_w):
    """Largest value of each window.

        y[n,c,q] = max over s of x[n,c,w],  indices[n,c,q] = that w      where  w = q*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    y : (N, C, Q) float, written
    indices : (N, C, Q) int64, written
    x : (N, C, W) float
    """
    N, C, Q = y.shape
    W = x.shape[2]
    for n in range(N):
        for c in range(C):
            for q in range(Q):
                best, winner = -np.inf, -1
                for s in range(window_w):
                    w = input_position(q, s, stride_w, dilation_w, pad_w)
                    if 0 <= w < W:
                        value = x[n, c, w]
                        if winner < 0 or value > best or (np.isnan(value) and not np.isnan(best)):
                            best, winner = value, w
                y[n, c, q] = best
                indices[n, c, q] = winner


@kernel
def max_pool1d_backward(dx, dy, indices):
    """Gradient of `max_pool1d_forward`: each dy is added to the dx of its winner.

        dx[n,c,w] = sum over q of dy[n,c,q]      where  indices[n,c,q] = w

    Parameters
    ----------
    dx : (N, C, W) float, written
        Windows that share a winner meet here, so this sum is rounded to the dtype of `dx` at every addition.
    dy : (N, C, Q) float
    indices : (N, C, Q) int64
    """
    N, C, Q = dy.shape
    dx[...] = 0.0
    for n in range(N):
        for c in range(C):
            for q in range(Q):
                w = indices[n, c, q]
                if w >= 0:
                    dx[n, c, w] += dy[n, c, q]


@kernel
def max_pool2d_forward(y, indices, x, window_h, window_w, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w):
    """Largest value of each window.

        y[n,c,p,q] = max over r,s of x[n,c,h,w],  indices[n,c,p,q] = h*W + w of the winner
        where  h = p*stride_h + r*dilation_h - pad_h,   w = q*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    y : (N, C, P, Q) float, written
    indices : (N, C, P, Q) int64, written
    x : (N, C, H, W) float
    """
    N, C, P, Q = y.shape
    _, _, H, W = x.shape
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
                                value = x[n, c, h, w]
                                if winner < 0 or value > best or (np.isnan(value) and not np.isnan(best)):
                                    best, winner = value, h * W + w
                    y[n, c, p, q] = best
                    indices[n, c, p, q] = winner


@kernel
def max_pool2d_backward(dx, dy, indices):
    """Gradient of `max_pool2d_forward`: each dy is added to the dx of its winner.

        dx[n,c,h,w] = sum over p,q of dy[n,c,p,q]      where  indices[n,c,p,q] = h*W + w

    Parameters
    ----------
    dx : (N, C, H, W) float, written
        Windows that share a winner meet here, so this sum is rounded to the dtype of `dx` at every addition.
    dy : (N, C, P, Q) float
    indices : (N, C, P, Q) int64
    """
    N, C, P, Q = dy.shape
    W = dx.shape[3]
    dx[...] = 0.0
    for n in range(N):
        for c in range(C):
            for p in range(P):
                for q in range(Q):
                    winner = indices[n, c, p, q]
                    if winner >= 0:
                        dx[n, c, winner // W, winner % W] += dy[n, c, p, q]


@kernel
def max_pool3d_forward(
    y, indices, x, window_d, window_h, window_w, stride_d, stride_h, stride_w, pad_d, pad_h, pad_w, dilation_d, dilation_h, dilation_w
):
    """Largest value of each window.

        y[n,c,o,p,q] = max over t,r,s of x[n,c,d,h,w],  indices[n,c,o,p,q] = (d*H + h)*W + w of the winner
        where  d = o*stride_d + t*dilation_d - pad_d,   h = p*stride_h + r*dilation_h - pad_h,   w = q*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    y : (N, C, O, P, Q) float, written
    indices : (N, C, O, P, Q) int64, written
    x : (N, C, D, H, W) float
    """
    N, C, O, P, Q = y.shape
    _, _, D, H, W = x.shape
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
                                        value = x[n, c, d, h, w]
                                        if winner < 0 or value > best or (np.isnan(value) and not np.isnan(best)):
                                            best, winner = value, (d * H + h) * W + w
                        y[n, c, o, p, q] = best
                        indices[n, c, o, p, q] = winner


@kernel
def max_pool3d_backward(dx, dy, indices):
    """Gradient of `max_pool3d_forward`: each dy is added to the dx of its winner.

        dx[n,c,d,h,w] = sum over o,p,q of dy[n,c,o,p,q]      where  indices[n,c,o,p,q] = (d*H + h)*W + w

    Parameters
    ----------
    dx : (N, C, D, H, W) float, written
        Windows that share a winner meet here, so this sum is rounded to the dtype of `dx` at every addition.
    dy : (N, C, O, P, Q) float
    indices : (N, C, O, P, Q) int64
    """
    N, C, O, P, Q = dy.shape
    _, _, _, H, W = dx.shape
    dx[...] = 0.0
    for n in range(N):
        for c in range(C):
            for o in range(O):
                for p in range(P):
                    for q in range(Q):
                        winner = indices[n, c, o, p, q]
                        if winner >= 0:
                            dx[n, c, winner // (H * W), winner // W % H, winner % W] += dy[n, c, o, p, q]


@kernel
def avg_pool1d_forward(y, x, window_w, stride_w, pad_w, pad_after_w, dilation_w, count_padding):
    """Mean of each window.

        y[n,c,q] = (sum over s of x[n,c,w]) / count[q]      where  w = q*stride_w + s*dilation_w - pad_w

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
                count = counted_taps(q, W, window_w, stride_w, dilation_w, pad_w, pad_after_w, count_padding)
                total = np.float64(0.0)
                for s in range(window_w):
                    w = input_position(q, s, stride_w, dilation_w, pad_w)
                    if 0 <= w < W:
                        total += x[n, c, w]
                y[n, c, q] = total / max(count, 1)


@kernel
def avg_pool1d_backward(dx, dy, window_w, stride_w, pad_w, pad_after_w, dilation_w, count_padding):
    """Gradient of `avg_pool1d_forward`: every input pixel asks which windows hold it.

        dx[n,c,w] = sum over s of dy[n,c,q] / count[q]      where  w = q*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    dx : (N, C, W) float, written
    dy : (N, C, Q) float
    """
    N, C, W = dx.shape
    Q = dy.shape[2]
    for n in range(N):
        for c in range(C):
            for w in range(W):
                total = np.float64(0.0)
                for s in range(window_w):
                    q = output_position(w, s, Q, stride_w, dilation_w, pad_w)
                    if q >= 0:
                        total += np.float64(dy[n, c, q]) / counted_taps(
                            q, W, window_w, stride_w, dilation_w, pad_w, pad_after_w, count_padding
                        )
                dx[n, c, w] = total


@kernel
def avg_pool2d_forward(
    y, x, window_h, window_w, stride_h, stride_w, pad_h, pad_w, pad_after_h, pad_after_w, dilation_h, dilation_w, count_padding
):
    """Mean of each window.

        y[n,c,p,q] = (sum over r,s of x[n,c,h,w]) / (count_h[p] * count_w[q])
        where  h = p*stride_h + r*dilation_h - pad_h,   w = q*stride_w + s*dilation_w - pad_w

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
                count_h = counted_taps(p, H, window_h, stride_h, dilation_h, pad_h, pad_after_h, count_padding)
                for q in range(Q):
                    count_w = counted_taps(q, W, window_w, stride_w, dilation_w, pad_w, pad_after_w, count_padding)
                    total = np.float64(0.0)
                    for r in range(window_h):
                        h = input_position(p, r, stride_h, dilation_h, pad_h)
                        for s in range(window_w):
                            w = input_position(q, s, stride_w, dilation_w, pad_w)
                            if 0 <= h < H and 0 <= w < W:
                                total += x[n, c, h, w]
                    y[n, c, p, q] = total / max(count_h * count_w, 1)


@kernel
def avg_pool2d_backward(
    dx, dy, window_h, window_w, stride_h, stride_w, pad_h, pad_w, pad_after_h, pad_after_w, dilation_h, dilation_w, count_padding
):
    """Gradient of `avg_pool2d_forward`: every input pixel asks which windows hold it.

        dx[n,c,h,w] = sum over r,s of dy[n,c,p,q] / (count_h[p] * count_w[q])
        where  h = p*stride_h + r*dilation_h - pad_h,   w = q*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    dx : (N, C, H, W) float, written
    dy : (N, C, P, Q) float
    """
    N, C, H, W = dx.shape
    _, _, P, Q = dy.shape
    for n in range(N):
        for c in range(C):
            for h in range(H):
                for w in range(W):
                    total = np.float64(0.0)
                    for r in range(window_h):
                        p = output_position(h, r, P, stride_h, dilation_h, pad_h)
                        for s in range(window_w):
                            q = output_position(w, s, Q, stride_w, dilation_w, pad_w)
                            if p >= 0 and q >= 0:
                                count_h = counted_taps(p, H, window_h, stride_h, dilation_h, pad_h, pad_after_h, count_padding)
                                count_w = counted_taps(q, W, window_w, stride_w, dilation_w, pad_w, pad_after_w, count_padding)
                                total += np.float64(dy[n, c, p, q]) / (count_h * count_w)
                    dx[n, c, h, w] = total


@kernel
def avg_pool3d_forward(
    y,
    x,
    window_d,
    window_h,
    window_w,
    stride_d,
    stride_h,
    stride_w,
    pad_d,
    pad_h,
    pad_w,
    pad_after_d,
    pad_after_h,
    pad_after_w,
    dilation_d,
    dilation_h,
    dilation_w,
    count_padding,
):
    """Mean of each window.

        y[n,c,o,p,q] = (sum over t,r,s of x[n,c,d,h,w]) / (count_d[o] * count_h[p] * count_w[q])
        where  d = o*stride_d + t*dilation_d - pad_d,   h = p*stride_h + r*dilation_h - pad_h,   w = q*stride_w + s*dilation_w - pad_w

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
                count_d = counted_taps(o, D, window_d, stride_d, dilation_d, pad_d, pad_after_d, count_padding)
                for p in range(P):
                    count_h = counted_taps(p, H, window_h, stride_h, dilation_h, pad_h, pad_after_h, count_padding)
                    for q in range(Q):
                        count_w = counted_taps(q, W, window_w, stride_w, dilation_w, pad_w, pad_after_w, count_padding)
                        total = np.float64(0.0)
                        for t in range(window_d):
                            d = input_position(o, t, stride_d, dilation_d, pad_d)
                            for r in range(window_h):
                                h = input_position(p, r, stride_h, dilation_h, pad_h)
                                for s in range(window_w):
                                    w = input_position(q, s, stride_w, dilation_w, pad_w)
                                    if 0 <= d < D and 0 <= h < H and 0 <= w < W:
                                        total += x[n, c, d, h, w]
                        y[n, c, o, p, q] = total / max(count_d * count_h * count_w, 1)


@kernel
def avg_pool3d_backward(
    dx,
    dy,
    window_d,
    window_h,
    window_w,
    stride_d,
    stride_h,
    stride_w,
    pad_d,
    pad_h,
    pad_w,
    pad_after_d,
    pad_after_h,
    pad_after_w,
    dilation_d,
    dilation_h,
    dilation_w,
    count_padding,
):
    """Gradient of `avg_pool3d_forward`: every input pixel asks which windows hold it.

        dx[n,c,d,h,w] = sum over t,r,s of dy[n,c,o,p,q] / (count_d[o] * count_h[p] * count_w[q])
        where  d = o*stride_d + t*dilation_d - pad_d,   h = p*stride_h + r*dilation_h - pad_h,   w = q*stride_w + s*dilation_w - pad_w

    Parameters
    ----------
    dx : (N, C, D, H, W) float, written
    dy : (N, C, O, P, Q) float
    """
    N, C, D, H, W = dx.shape
    _, _, O, P, Q = dy.shape
    for n in range(N):
        for c in range(C):
            for d in range(D):
                for h in range(H):
                    for w in range(W):
                        total = np.float64(0.0)
                        for t in range(window_d):
                            o = output_position(d, t, O, stride_d, dilation_d, pad_d)
                            for r in range(window_h):
                                p = output_position(h, r, P, stride_h, dilation_h, pad_h)
                                for s in range(window_w):
                                    q = output_position(w, s, Q, stride_w, dilation_w, pad_w)
                                    if o >= 0 and p >= 0 and q >= 0:
                                        count_d = counted_taps(o, D, window_d, stride_d, dilation_d, pad_d, pad_after_d, count_padding)
                                        count_h = counted_taps(p, H, window_h, stride_h, dilation_h, pad_h, pad_after_h, count_padding)
                                        count_w = counted_taps(q, W, window_w, stride_w, dilation_w, pad_w, pad_after_w, count_padding)
                                        total += np.float64(dy[n, c, o, p, q]) / (count_d * count_h * count_w)
                        dx[n, c, d, h, w] = total
