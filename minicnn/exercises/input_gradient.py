"""The gradient of a convolution with respect to its input."""

import numpy as np

from minicnn.exercises.exercise import Case, Exercise, Mistake, whole_numbers


def input_gradient(dx, dy, weight, stride_h, stride_w, pad_h, pad_w):
    """The gradient of a convolution with respect to x: every input pixel asks which outputs read it, and with which weight.

        dx[n,c,h,w] = sum over k,r,s of dy[n,k,p,q] * weight[k,c,r,s]
        where  h = p*stride_h + r - pad_h,   w = q*stride_w + s - pad_w      for p in range(P), q in range(Q)

    Solve the second line for p and q: where that leaves a rest, or an output that there is not, no output reads the pixel with this tap.

    Parameters
    ----------
    dx : (N, C, H, W) float, written
        Every element is written; the old content is not read.
    dy : (N, K, P, Q) float
    weight : (K, C, R, S) float
    stride_h, stride_w, pad_h, pad_w : int
        Those of the convolution, in pixels.
    """
    N, C, H, W = dx.shape
    _, K, P, Q = dy.shape
    _, _, R, S = weight.shape
    for n in range(N):
        for c in range(C):
            for h in range(H):
                for w in range(W):
                    total = np.float64(0.0)
                    for k in range(K):
                        for r in range(R):
                            for s in range(S):
                                down = h + pad_h - r
                                across = w + pad_w - s
                                if down % stride_h == 0 and across % stride_w == 0:
                                    p = down // stride_h
                                    q = across // stride_w
                                    if 0 <= p < P and 0 <= q < Q:
                                        total += dy[n, k, p, q] * weight[k, c, r, s]
                    dx[n, c, h, w] = total


def cases():
    for name, strides, pads in (
        ("stride 1, no padding", (1, 1), (0, 0)),
        ("stride 2 x 3, which leaves a rest", (2, 3), (0, 0)),
        ("padding 1 x 2", (1, 1), (1, 2)),
        ("stride 2 x 1, padding 2 x 1", (2, 1), (2, 1)),
    ):
        P, Q = ((size + 2 * pad - taps) // stride + 1 for size, pad, taps, stride in zip((6, 5), pads, (3, 2), strides, strict=True))
        dy, weight = whole_numbers("dy", 2, 3, P, Q), whole_numbers("weight", 3, 2, 3, 2)
        settings = {"stride_h": strides[0], "stride_w": strides[1], "pad_h": pads[0], "pad_w": pads[1]}
        yield Case(name, {"dx": (2, 2, 6, 5)}, {"dy": dy, "weight": weight, **settings})


EXERCISE = Exercise(
    "input-gradient",
    "Convolution, gradient of the input",
    input_gradient,
    cases,
    outputs=("dx",),
    taps="weight",
    reads="dy",
    mistakes=(
        Mistake("the filter is flipped once too often", {"weight[k, c, r, s]": "weight[k, c, R - 1 - r, S - 1 - s]"}),
        Mistake("the tap is added, not subtracted: this is a convolution of dy", {"pad_h - r": "pad_h + r", "pad_w - s": "pad_w + s"}),
        Mistake("the padding is missing", {"h + pad_h": "h", "w + pad_w": "w"}),
        Mistake("the padding is subtracted, not added", {"h + pad_h": "h - pad_h", "w + pad_w": "w - pad_w"}),
        Mistake("the padding of rows and columns is exchanged", {"h + pad_h": "h + pad_w", "w + pad_w": "w + pad_h"}),
        Mistake(
            "the stride is missing",
            {"down % stride_h == 0 and across % stride_w == 0": "True", "down // stride_h": "down", "across // stride_w": "across"},
        ),
        Mistake("a rest is not asked for", {"down % stride_h == 0 and across % stride_w == 0": "True"}),
        Mistake("only the first filter is summed", {"range(K)": "range(1)"}),
        Mistake("products are not added up: only the last one is kept", {"total += ": "total = "}),
        Mistake("the last row of taps is left out", {"range(R)": "range(R - 1)"}),
        Mistake("the last column of taps is left out", {"range(S)": "range(S - 1)"}),
        Mistake("filters and channels are exchanged", {"weight[k, c, r, s]": "weight[c, k, r, s]"}),
        Mistake("every channel is the first one", {"weight[k, c, r, s]": "weight[k, 0, r, s]"}),
        Mistake("outputs before the first are read from the other end", {"0 <= p < P and 0 <= q < Q": "p < P and q < Q"}),
        Mistake("the first row and column of outputs are left out", {"0 <= p < P and 0 <= q < Q": "0 < p < P and 0 < q < Q"}),
    ),
)
