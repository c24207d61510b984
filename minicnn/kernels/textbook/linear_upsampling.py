"""Linear upsampling on one, two and three axes: between the centres of neighbouring pixels the value changes evenly.

    at_h[p] = (p + 0.5) * H / P - 0.5, kept between 0 and H - 1        hat[p,h] = max(0, 1 - |at_h[p] - h|)

Pixels are squares and the ends of both rows of squares are matched, as image libraries do.  With `align_corners` pixels are points, and the
first and the last of both rows are matched:

    at_h[p] = p * (H - 1) / (P - 1), 0 where P is 1

Both as PyTorch's align_corners.

Letters: N images, C channels; D H W input depth, rows, columns; O P Q output depth, rows, columns.

    x (N, C, [D, [H,]] W)    y (N, C, [O, [P,]] Q)

The sizes of x and y say how much larger y is, or smaller; the ratio need not be whole.  Outputs come first; every element of them is written.

Source: Prince, "Understanding Deep Learning", 2023, section 10.4.2.
"""

import numpy as np

from minicnn.kernels.textbook.compile import kernel


@kernel
def source_position(p, size, out, align_corners):
    """Where output pixel `p` of `out` lies among the `size` input pixels, kept inside the first and the last."""
    if align_corners:
        return p * (size - 1.0) / max(out - 1.0, 1.0)
    return min(max((p + 0.5) * size / out - 0.5, 0.0), size - 1.0)


@kernel
def near_range(i, size, out):
    """Output pixels (first, stop) that hold all those less than a pixel away from input pixel `i`, and few more."""
    return max(0, (i - 1) * out // size - 1), min(out, ((i + 2) * out + size - 1) // size)


@kernel
def hat(distance):
    """Weight of an input pixel at that distance: 1 at 0, falling to 0 at one pixel."""
    return np.float64(max(0.0, 1.0 - abs(distance)))


@kernel
def upsample_linear1d_forward(y, x, align_corners):
    """Interpolate between neighbouring pixels.

        y[n,c,q] = sum over w of hat[q,w] * x[n,c,w]

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
                at_w = source_position(q, W, Q, align_corners)
                total = np.float64(0.0)
                for w in range(int(at_w), min(int(at_w) + 2, W)):
                    total += hat(at_w - w) * x[n, c, w]
                y[n, c, q] = total


@kernel
def upsample_linear1d_backward(dx, dy, align_corners):
    """Gradient of `upsample_linear1d_forward`: every input pixel asks the outputs near it.

        dx[n,c,w] = sum over q of hat[q,w] * dy[n,c,q]

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
                first_w, stop_w = near_range(w, W, Q)
                for q in range(first_w, stop_w):
                    at_w = source_position(q, W, Q, align_corners)
                    total += hat(at_w - w) * dy[n, c, q]
                dx[n, c, w] = total


@kernel
def upsample_linear2d_forward(y, x, align_corners):
    """Interpolate between neighbouring pixels, first along one axis, then along the other (bilinear).

        y[n,c,p,q] = sum over h,w of hat[p,h] * hat[q,w] * x[n,c,h,w]

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
                at_h = source_position(p, H, P, align_corners)
                for q in range(Q):
                    at_w = source_position(q, W, Q, align_corners)
                    total = np.float64(0.0)
                    for h in range(int(at_h), min(int(at_h) + 2, H)):
                        for w in range(int(at_w), min(int(at_w) + 2, W)):
                            total += hat(at_h - h) * hat(at_w - w) * x[n, c, h, w]
                    y[n, c, p, q] = total


@kernel
def upsample_linear2d_backward(dx, dy, align_corners):
    """Gradient of `upsample_linear2d_forward`: every input pixel asks the outputs near it.

        dx[n,c,h,w] = sum over p,q of hat[p,h] * hat[q,w] * dy[n,c,p,q]

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
                    first_h, stop_h = near_range(h, H, P)
                    for p in range(first_h, stop_h):
                        at_h = source_position(p, H, P, align_corners)
                        first_w, stop_w = near_range(w, W, Q)
                        for q in range(first_w, stop_w):
                            at_w = source_position(q, W, Q, align_corners)
                            total += hat(at_h - h) * hat(at_w - w) * dy[n, c, p, q]
                    dx[n, c, h, w] = total


@kernel
def upsample_linear3d_forward(y, x, align_corners):
    """Interpolate between neighbouring pixels along all three axes (trilinear).

        y[n,c,o,p,q] = sum over d,h,w of hat[o,d] * hat[p,h] * hat[q,w] * x[n,c,d,h,w]

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
                at_d = source_position(o, D, O, align_corners)
                for p in range(P):
                    at_h = source_position(p, H, P, align_corners)
                    for q in range(Q):
                        at_w = source_position(q, W, Q, align_corners)
                        total = np.float64(0.0)
                        for d in range(int(at_d), min(int(at_d) + 2, D)):
                            for h in range(int(at_h), min(int(at_h) + 2, H)):
                                for w in range(int(at_w), min(int(at_w) + 2, W)):
                                    total += hat(at_d - d) * hat(at_h - h) * hat(at_w - w) * x[n, c, d, h, w]
                        y[n, c, o, p, q] = total


@kernel
def upsample_linear3d_backward(dx, dy, align_corners):
    """Gradient of `upsample_linear3d_forward`: every input pixel asks the outputs near it.

        dx[n,c,d,h,w] = sum over o,p,q of hat[o,d] * hat[p,h] * hat[q,w] * dy[n,c,o,p,q]

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
                        first_d, stop_d = near_range(d, D, O)
                        for o in range(first_d, stop_d):
                            at_d = source_position(o, D, O, align_corners)
                            first_h, stop_h = near_range(h, H, P)
                            for p in range(first_h, stop_h):
                                at_h = source_position(p, H, P, align_corners)
                                first_w, stop_w = near_range(w, W, Q)
                                for q in range(first_w, stop_w):
                                    at_w = source_position(q, W, Q, align_corners)
                                    total += hat(at_d - d) * hat(at_h - h) * hat(at_w - w) * dy[n, c, o, p, q]
                        dx[n, c, d, h, w] = total
