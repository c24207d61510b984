"""Transposed convolution: a copy of the filter at every input pixel."""

import numpy as np

from minicnn.exercises.exercise import Case, Exercise, Mistake, whole_numbers


def transposed(y, x, weight, bias, stride_h, stride_w, pad_h, pad_w):
    """Put a copy of the filter, multiplied by x, at every input pixel, and add up where the copies overlap.

        y[n,k,p,q] = bias[k] + sum over c,r,s of x[n,c,h,w] * weight[c,k,r,s]
        where  p = h*stride_h + r - pad_h,   q = w*stride_w + s - pad_w      for h in range(H), w in range(W)

    Add every x[n,c,h,w] * weight[c,k,r,s] to the output that the second line gives, if there is such an output; or let every output ask
    which pixels lead to it.

    Parameters
    ----------
    y : (N, K, P, Q) float, written
        Every element is written; the old content is not read.
    x : (N, C, H, W) float
    weight : (C, K, R, S) float
    bias : (K,) float
    stride_h, stride_w, pad_h, pad_w : int
        In pixels; padding cuts the output.
    """
    N, K, P, Q = y.shape
    _, C, H, W = x.shape
    _, _, R, S = weight.shape
    for n in range(N):
        for k in range(K):
            for p in range(P):
                for q in range(Q):
                    total = np.float64(bias[k])
                    for c in range(C):
                        for r in range(R):
                            for s in range(S):
                                down = p + pad_h - r
                                across = q + pad_w - s
                                if down % stride_h == 0 and across % stride_w == 0:
                                    h = down // stride_h
                                    w = across // stride_w
                                    if 0 <= h < H and 0 <= w < W:
                                        total += x[n, c, h, w] * weight[c, k, r, s]
                    y[n, k, p, q] = total


def cases():
    for name, strides, pads in (
        ("stride 1, no padding", (1, 1), (0, 0)),
        ("stride 2 x 3, which leaves gaps", (2, 3), (0, 0)),
        ("stride 1, padding 1 x 1", (1, 1), (1, 1)),
        ("stride 2 x 1, padding 2 x 1", (2, 1), (2, 1)),
    ):
        x, weight = whole_numbers("x", 2, 2, 4, 3), whole_numbers("weight", 2, 3, 3, 2)
        P, Q = ((size - 1) * stride - 2 * pad + taps for size, pad, taps, stride in zip((4, 3), pads, (3, 2), strides, strict=True))
        settings = {"stride_h": strides[0], "stride_w": strides[1], "pad_h": pads[0], "pad_w": pads[1]}
        yield Case(name, {"y": (2, 3, P, Q)}, {"x": x, "weight": weight, "bias": whole_numbers("bias", 3), **settings})


EXERCISE = Exercise(
    "transposed",
    "Transposed convolution",
    transposed,
    cases,
    outputs=("y",),
    taps="weight",
    reads="x",
    mistakes=(
        Mistake("the bias is missing", {"np.float64(bias[k])": "0.0"}),
        Mistake("the filter is flipped", {"weight[c, k, r, s]": "weight[c, k, R - 1 - r, S - 1 - s]"}),
        Mistake("filters and channels are exchanged", {"weight[c, k, r, s]": "weight[k, c, r, s]"}),
        Mistake("the tap is added, not subtracted: this is an ordinary convolution", {"pad_h - r": "pad_h + r", "pad_w - s": "pad_w + s"}),
        Mistake("the padding is missing", {"p + pad_h": "p", "q + pad_w": "q"}),
        Mistake("the padding enlarges the output, where it should cut it", {"p + pad_h": "p - pad_h", "q + pad_w": "q - pad_w"}),
        Mistake("the padding of rows and columns is exchanged", {"p + pad_h": "p + pad_w", "q + pad_w": "q + pad_h"}),
        Mistake(
            "the stride is missing",
            {"down % stride_h == 0 and across % stride_w == 0": "True", "down // stride_h": "down", "across // stride_w": "across"},
        ),
        Mistake("a rest is not asked for", {"down % stride_h == 0 and across % stride_w == 0": "True"}),
        Mistake("overlapping copies are not added up: only the last one is kept", {"total += ": "total = np.float64(bias[k]) + "}),
        Mistake("products are not added up: only the last one is kept", {"total += ": "total = "}),
        Mistake("the bias is added for every product", {"total += ": "total += bias[k] + "}),
        Mistake(
            "the bias is added for every channel",
            {"for c in range(C):": "for c in range(C):\n                        total += bias[k] * (c > 0)"},
        ),
        Mistake("only the first channel is summed", {"range(C)": "range(1)"}),
        Mistake("the last row of taps is left out", {"range(R)": "range(R - 1)"}),
        Mistake("the last column of taps is left out", {"range(S)": "range(S - 1)"}),
        Mistake("pixels before the image are read from its other end", {"0 <= h < H and 0 <= w < W": "h < H and w < W"}),
    ),
)
