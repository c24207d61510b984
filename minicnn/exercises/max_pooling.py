"""Max pooling: the largest number of each window."""

import numpy as np

from minicnn.exercises.exercise import Case, Exercise, Mistake, whole_numbers


def max_pooling(y, x, window_h, window_w, stride_h, stride_w, pad_h, pad_w):
    """The largest number of each window, channel by channel.

        y[n,c,p,q] = max over r,s of x[n,c,h,w]
        where  h = p*stride_h + r - pad_h,   w = q*stride_w + s - pad_w      for r in range(window_h), s in range(window_w)

    Padding never wins, even if all numbers are negative.  Every window holds at least one pixel of the image.

    Parameters
    ----------
    y : (N, C, P, Q) float, written
        Every element is written; the old content is not read.
    x : (N, C, H, W) float
    window_h, window_w, stride_h, stride_w, pad_h, pad_w : int
        In pixels.
    """
    N, C, P, Q = y.shape
    _, _, H, W = x.shape
    for n in range(N):
        for c in range(C):
            for p in range(P):
                for q in range(Q):
                    best = -np.inf
                    for r in range(window_h):
                        for s in range(window_w):
                            h = p * stride_h + r - pad_h
                            w = q * stride_w + s - pad_w
                            if 0 <= h < H and 0 <= w < W:
                                value = x[n, c, h, w]
                                if value > best:
                                    best = value
                    y[n, c, p, q] = best


def cases():
    for name, window, strides, pads in (
        ("windows of 2 x 3 side by side", (2, 3), (2, 3), (0, 0)),
        ("windows of 3 x 2 that overlap", (3, 2), (2, 1), (0, 0)),
        ("stride 2 x 3, which leaves a rest", (3, 2), (2, 3), (0, 0)),
        ("padding 1 x 2", (2, 3), (2, 3), (1, 2)),
    ):
        x = whole_numbers("x", 2, 2, 8, 7)
        x[:, 1] = -np.abs(x[:, 1])
        P, Q = ((size + 2 * pad - taps) // stride + 1 for size, pad, taps, stride in zip((8, 7), pads, window, strides, strict=True))
        settings = {"window_h": window[0], "window_w": window[1], "stride_h": strides[0], "stride_w": strides[1]}
        yield Case(name, {"y": (2, 2, P, Q)}, {"x": x, **settings, "pad_h": pads[0], "pad_w": pads[1]})


EXERCISE = Exercise(
    "max-pooling",
    "Max pooling",
    max_pooling,
    cases,
    outputs=("y",),
    reads="x",
    copies=True,
    mistakes=(
        Mistake("the maximum starts at 0, not at minus infinity", {"best = -np.inf": "best = 0.0"}),
        Mistake("the smallest number is taken", {"best = -np.inf": "best = np.inf", "value > best": "value < best"}),
        Mistake(
            "padding counts as 0",
            {
                "if 0 <= h < H and 0 <= w < W:": "if True:",
                "value = x[n, c, h, w]": "value = x[n, c, h, w] if 0 <= h < H and 0 <= w < W else 0.0",
            },
        ),
        Mistake("the largest absolute value is taken", {"value > best": "abs(value) > abs(best) or best == -np.inf"}),
        Mistake("the last number is taken, not the largest", {"value > best": "True"}),
        Mistake("the first number is taken, not the largest", {"value > best": "best == -np.inf"}),
        Mistake("the stride is missing", {"p * stride_h": "p", "q * stride_w": "q"}),
        Mistake("the stride is the window's size", {"p * stride_h": "p * window_h", "q * stride_w": "q * window_w"}),
        Mistake("the strides of rows and columns are exchanged", {"p * stride_h": "p * stride_w", "q * stride_w": "q * stride_h"}),
        Mistake(
            "the window's rows and columns are exchanged", {"range(window_h)": "range(window_w)", "range(window_w)": "range(window_h)"}
        ),
        Mistake("the window's last row is left out", {"range(window_h)": "range(window_h - 1)"}),
        Mistake("the window's last column is left out", {"range(window_w)": "range(window_w - 1)"}),
        Mistake("the padding is missing", {" - pad_h": "", " - pad_w": ""}),
        Mistake("the padding of rows and columns is exchanged", {"r - pad_h": "r - pad_w", "s - pad_w": "s - pad_h"}),
        Mistake("every channel is the first one", {"x[n, c, h, w]": "x[n, 0, h, w]"}),
        Mistake("the maximum goes over all channels", {"value = x[n, c, h, w]": "value = max(x[n, each, h, w] for each in range(C))"}),
        Mistake("the image's rows and columns are exchanged", {"x[n, c, h, w]": "x[n, c, w, h]"}),
        Mistake("positions before the image are read from its other end", {"0 <= h < H and 0 <= w < W": "h < H and w < W"}),
        Mistake("the first row and column of the image are taken for padding", {"0 <= h < H and 0 <= w < W": "0 < h < H and 0 < w < W"}),
    ),
)
