"""Dilated convolution in groups: taps that lie apart, filters that see some of the channels."""

import numpy as np

from minicnn.exercises.exercise import Case, Exercise, Mistake, whole_numbers


def dilated(y, x, weight, bias, pad_h, pad_w, dilation_h, dilation_w, groups):
    """Slide filters whose taps lie apart; each sees the channels of its group only.

        y[n,k,p,q] = bias[k] + sum over c,r,s of x[n,first + c,h,w] * weight[k,c,r,s]
        where  h = p + r*dilation_h - pad_h,   w = q + s*dilation_w - pad_w,   first = (k // (K/groups)) * (C/groups)

    The first K/groups filters see the first C/groups channels, and so on.  Taps that fall outside the image count as zero.

    Parameters
    ----------
    y : (N, K, P, Q) float, written
        Every element is written; the old content is not read.
    x : (N, C, H, W) float
    weight : (K, C/groups, R, S) float
    bias : (K,) float
    pad_h, pad_w, dilation_h, dilation_w : int
        In pixels; the stride is 1.
    groups : int
        Divides C and K.
    """
    N, K, P, Q = y.shape
    _, C, H, W = x.shape
    _, _, R, S = weight.shape
    channels, filters = C // groups, K // groups
    for n in range(N):
        for k in range(K):
            first = k // filters * channels
            for p in range(P):
                for q in range(Q):
                    total = np.float64(bias[k])
                    for c in range(channels):
                        for r in range(R):
                            for s in range(S):
                                h = p + r * dilation_h - pad_h
                                w = q + s * dilation_w - pad_w
                                if 0 <= h < H and 0 <= w < W:
                                    total += x[n, first + c, h, w] * weight[k, c, r, s]
                    y[n, k, p, q] = total


def cases():
    for name, pads, dilations, groups in (
        ("dilation 1, one group", (0, 0), (1, 1), 1),
        ("dilation 2 x 3", (0, 0), (2, 3), 1),
        ("dilation 3 x 2, padding 2 x 1", (2, 1), (3, 2), 1),
        ("two groups", (0, 0), (1, 1), 2),
        ("dilation 2 x 1, padding 1 x 2, two groups", (1, 2), (2, 1), 2),
    ):
        x, weight = whole_numbers("x", 1, 4, 7, 5), whole_numbers("weight", 6, 4 // groups, 3, 2)
        P, Q = (size + 2 * pad - gap * (taps - 1) for size, pad, taps, gap in zip((7, 5), pads, (3, 2), dilations, strict=True))
        settings = {"pad_h": pads[0], "pad_w": pads[1], "dilation_h": dilations[0], "dilation_w": dilations[1], "groups": groups}
        yield Case(name, {"y": (1, 6, P, Q)}, {"x": x, "weight": weight, "bias": whole_numbers("bias", 6), **settings})


EXERCISE = Exercise(
    "dilated",
    "Dilated convolution in groups",
    dilated,
    cases,
    outputs=("y",),
    taps="weight",
    reads="x",
    mistakes=(
        Mistake("the dilation is missing", {"r * dilation_h": "r", "s * dilation_w": "s"}),
        Mistake(
            "the dilation multiplies the position: it is taken for a stride",
            {"p + r * dilation_h": "p * dilation_h + r", "q + s * dilation_w": "q * dilation_w + s"},
        ),
        Mistake(
            "the dilations of rows and columns are exchanged", {"r * dilation_h": "r * dilation_w", "s * dilation_w": "s * dilation_h"}
        ),
        Mistake(
            "the dilation counts the zeros between taps",
            {"r * dilation_h": "r * (dilation_h + 1)", "s * dilation_w": "s * (dilation_w + 1)"},
        ),
        Mistake("the padding is multiplied by the dilation", {"- pad_h": "- pad_h * dilation_h", "- pad_w": "- pad_w * dilation_w"}),
        Mistake("the groups are ignored: all filters see the first channels", {"first + c": "c"}),
        Mistake("a filter's group is k % groups, not k // (K/groups)", {"k // filters * channels": "k % groups * channels"}),
        Mistake("the group's first channel is its number", {"k // filters * channels": "k // filters"}),
        Mistake("the bias is that of the group", {"bias[k]": "bias[k // filters]"}),
        Mistake("the bias is missing", {"np.float64(bias[k])": "0.0"}),
        Mistake("the filter is flipped", {"weight[k, c, r, s]": "weight[k, c, R - 1 - r, S - 1 - s]"}),
        Mistake("the padding is missing", {" - pad_h": "", " - pad_w": ""}),
        Mistake("the padding is added, not subtracted", {"- pad_h": "+ pad_h", "- pad_w": "+ pad_w"}),
        Mistake("the padding of rows and columns is exchanged", {"- pad_h": "- pad_w", "- pad_w": "- pad_h"}),
        Mistake("only the first channel is summed", {"range(channels)": "range(1)"}),
        Mistake("the last row of taps is left out", {"range(R)": "range(R - 1)"}),
        Mistake("the last column of taps is left out", {"range(S)": "range(S - 1)"}),
        Mistake("products are not added up: only the last one is kept", {"total += ": "total = "}),
        Mistake("positions before the image are read from its other end", {"0 <= h < H and 0 <= w < W": "h < H and w < W"}),
    ),
)
