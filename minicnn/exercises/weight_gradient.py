"""The gradient of a convolution with respect to its weights."""

import numpy as np

from minicnn.exercises.exercise import Case, Exercise, Mistake, whole_numbers


def weight_gradient(dweight, dy, x, stride_h, stride_w, pad_h, pad_w):
    """The gradient of a convolution with respect to weight: every weight asks what it was multiplied by, and in which output.

        dweight[k,c,r,s] = sum over n,p,q of dy[n,k,p,q] * x[n,c,h,w]
        where  h = p*stride_h + r - pad_h,   w = q*stride_w + s - pad_w

    Positions outside the image count as zero.

    Parameters
    ----------
    dweight : (K, C, R, S) float, written
        Every element is written; the old content is not read.
    dy : (N, K, P, Q) float
    x : (N, C, H, W) float
    stride_h, stride_w, pad_h, pad_w : int
        Those of the convolution, in pixels.
    """
    K, C, R, S = dweight.shape
    N, _, H, W = x.shape
    _, _, P, Q = dy.shape
    for k in range(K):
        for c in range(C):
            for r in range(R):
                for s in range(S):
                    total = np.float64(0.0)
                    for n in range(N):
                        for p in range(P):
                            for q in range(Q):
                                h = p * stride_h + r - pad_h
                                w = q * stride_w + s - pad_w
                                if 0 <= h < H and 0 <= w < W:
                                    total += dy[n, k, p, q] * x[n, c, h, w]
                    dweight[k, c, r, s] = total


def cases():
    for name, strides, pads in (
        ("stride 1, no padding", (1, 1), (0, 0)),
        ("stride 2 x 3, which leaves a rest", (2, 3), (0, 0)),
        ("padding 1 x 2", (1, 1), (1, 2)),
        ("stride 2 x 1, padding 2 x 1", (2, 1), (2, 1)),
    ):
        P, Q = ((size + 2 * pad - taps) // stride + 1 for size, pad, taps, stride in zip((6, 5), pads, (3, 2), strides, strict=True))
        dy, x = whole_numbers("dy", 2, 3, P, Q), whole_numbers("x", 2, 2, 6, 5)
        settings = {"stride_h": strides[0], "stride_w": strides[1], "pad_h": pads[0], "pad_w": pads[1]}
        yield Case(name, {"dweight": (3, 2, 3, 2)}, {"dy": dy, "x": x, **settings})


EXERCISE = Exercise(
    "weight-gradient",
    "Convolution, gradient of the weights",
    weight_gradient,
    cases,
    outputs=("dweight",),
    taps="dy",
    reads="x",
    mistakes=(
        Mistake("only the first image is summed", {"range(N)": "range(1)"}),
        Mistake("the mean over the images is taken, not the sum", {"dweight[k, c, r, s] = total": "dweight[k, c, r, s] = total / N"}),
        Mistake("the filter is flipped", {"+ r -": "+ R - 1 - r -", "+ s -": "+ S - 1 - s -"}),
        Mistake("the stride is missing", {"p * stride_h": "p", "q * stride_w": "q"}),
        Mistake("the stride multiplies the tap", {"p * stride_h + r": "p + r * stride_h", "q * stride_w + s": "q + s * stride_w"}),
        Mistake("the strides of rows and columns are exchanged", {"p * stride_h": "p * stride_w", "q * stride_w": "q * stride_h"}),
        Mistake("the padding is missing", {" - pad_h": "", " - pad_w": ""}),
        Mistake("the padding is added, not subtracted", {"- pad_h": "+ pad_h", "- pad_w": "+ pad_w"}),
        Mistake("the padding of rows and columns is exchanged", {"r - pad_h": "r - pad_w", "s - pad_w": "s - pad_h"}),
        Mistake("products are not added up: only the last one is kept", {"total += ": "total = "}),
        Mistake("the last row of outputs is left out", {"range(P)": "range(P - 1)"}),
        Mistake("the last column of outputs is left out", {"range(Q)": "range(Q - 1)"}),
        Mistake("filters and channels are exchanged", {"dy[n, k, p, q]": "dy[n, c, p, q]"}),
        Mistake("every channel is the first one", {"x[n, c, h, w]": "x[n, 0, h, w]"}),
        Mistake("rows of taps are counted from 1", {"+ r -": "+ r + 1 -"}),
        Mistake("positions before the image are read from its other end", {"0 <= h < H and 0 <= w < W": "h < H and w < W"}),
        Mistake("the first row and column of the image are taken for padding", {"0 <= h < H and 0 <= w < W": "0 < h < H and 0 < w < W"}),
    ),
)
