"""Unshared convolution: a filter of its own at every output position."""

import numpy as np

from minicnn.exercises.exercise import Case, Exercise, Mistake, whole_numbers


def unshared(y, x, weight, bias, stride_h, stride_w, pad_h, pad_w):
    """Visit every output position with a filter of its own: local connections without shared weights.

        y[n,k,p,q] = bias[k,p,q] + sum over c,r,s of x[n,c,h,w] * weight[k,p,q,c,r,s]
        where  h = p*stride_h + r - pad_h,   w = q*stride_w + s - pad_w

    Taps that fall outside the image count as zero.

    Parameters
    ----------
    y : (N, K, P, Q) float, written
        Every element is written; the old content is not read.
    x : (N, C, H, W) float
    weight : (K, P, Q, C, R, S) float
    bias : (K, P, Q) float
    stride_h, stride_w, pad_h, pad_w : int
        In pixels.
    """
    N, K, P, Q = y.shape
    _, C, H, W = x.shape
    _, _, _, _, R, S = weight.shape
    for n in range(N):
        for k in range(K):
            for p in range(P):
                for q in range(Q):
                    total = np.float64(bias[k, p, q])
                    for c in range(C):
                        for r in range(R):
                            for s in range(S):
                                h = p * stride_h + r - pad_h
                                w = q * stride_w + s - pad_w
                                if 0 <= h < H and 0 <= w < W:
                                    total += x[n, c, h, w] * weight[k, p, q, c, r, s]
                    y[n, k, p, q] = total


def cases():
    for name, strides, pads in (
        ("stride 1, no padding", (1, 1), (0, 0)),
        ("stride 2 x 3, which leaves a rest", (2, 3), (0, 0)),
        ("padding 1 x 2", (1, 1), (1, 2)),
        ("stride 2 x 1, padding 2 x 1", (2, 1), (2, 1)),
    ):
        P, Q = ((size + 2 * pad - taps) // stride + 1 for size, pad, taps, stride in zip((6, 5), pads, (3, 2), strides, strict=True))
        x, weight, bias = whole_numbers("x", 2, 2, 6, 5), whole_numbers("weight", 3, P, Q, 2, 3, 2), whole_numbers("bias", 3, P, Q)
        settings = {"stride_h": strides[0], "stride_w": strides[1], "pad_h": pads[0], "pad_w": pads[1]}
        yield Case(name, {"y": (2, 3, P, Q)}, {"x": x, "weight": weight, "bias": bias, **settings})


EXERCISE = Exercise(
    "unshared",
    "Unshared convolution",
    unshared,
    cases,
    outputs=("y",),
    taps="weight",
    reads="x",
    mistakes=(
        Mistake(
            "all positions share the first filter: this is an ordinary convolution",
            {"weight[k, p, q, c, r, s]": "weight[k, 0, 0, c, r, s]"},
        ),
        Mistake("a row of positions shares its first filter", {"weight[k, p, q, c, r, s]": "weight[k, p, 0, c, r, s]"}),
        Mistake("a column of positions shares its first filter", {"weight[k, p, q, c, r, s]": "weight[k, 0, q, c, r, s]"}),
        Mistake("all positions share the first bias", {"bias[k, p, q]": "bias[k, 0, 0]"}),
        Mistake("the bias is missing", {"np.float64(bias[k, p, q])": "0.0"}),
        Mistake("the row and column of the position are exchanged", {"weight[k, p, q, c, r, s]": "weight[k, q, p, c, r, s]"}),
        Mistake(
            "the filter of a position is chosen by the pixel that it starts at",
            {"weight[k, p, q, c, r, s]": "weight[k, p * stride_h % P, q * stride_w % Q, c, r, s]"},
        ),
        Mistake("the filter is flipped", {"weight[k, p, q, c, r, s]": "weight[k, p, q, c, R - 1 - r, S - 1 - s]"}),
        Mistake("the stride is missing", {"p * stride_h": "p", "q * stride_w": "q"}),
        Mistake("the strides of rows and columns are exchanged", {"p * stride_h": "p * stride_w", "q * stride_w": "q * stride_h"}),
        Mistake("the padding is missing", {" - pad_h": "", " - pad_w": ""}),
        Mistake("the padding is added, not subtracted", {"- pad_h": "+ pad_h", "- pad_w": "+ pad_w"}),
        Mistake("the padding of rows and columns is exchanged", {"r - pad_h": "r - pad_w", "s - pad_w": "s - pad_h"}),
        Mistake("the last row of taps is left out", {"range(R)": "range(R - 1)"}),
        Mistake("the last column of taps is left out", {"range(S)": "range(S - 1)"}),
        Mistake("only the first channel is summed", {"range(C)": "range(1)"}),
        Mistake("products are not added up: only the last one is kept", {"total += ": "total = "}),
        Mistake("positions before the image are read from its other end", {"0 <= h < H and 0 <= w < W": "h < H and w < W"}),
    ),
)
