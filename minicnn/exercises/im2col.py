"""The matrix of a convolution's windows: what each position reads becomes a column."""

import numpy as np

from minicnn.exercises.exercise import Case, Exercise, Mistake, whole_numbers


def im2col(columns, x, window_h, window_w, stride_h, stride_w, pad_h, pad_w):
    """Write what each output position reads into a column, so that a convolution becomes a product of matrices.

        columns[n,i,j] = x[n,c,h,w]      where  i = (c*R + r)*S + s,   j = p*Q + q
        h = p*stride_h + r - pad_h,   w = q*stride_w + s - pad_w,   R = window_h,   S = window_w
        P = (H + 2*pad_h - R) // stride_h + 1,   Q = (W + 2*pad_w - S) // stride_w + 1

    Taps that fall outside the image are written as zero.

    Parameters
    ----------
    columns : (N, C*R*S, P*Q) float, written
        Every element is written; the old content is not read.
    x : (N, C, H, W) float
    window_h, window_w, stride_h, stride_w, pad_h, pad_w : int
        In pixels.
    """
    N, _, H, W = x.shape
    rows, places = columns.shape[1], columns.shape[2]
    R, S = window_h, window_w
    Q = (W + 2 * pad_w - S) // stride_w + 1
    for n in range(N):
        for i in range(rows):
            for j in range(places):
                c = i // (R * S)
                r = i // S % R
                s = i % S
                p = j // Q
                q = j % Q
                h = p * stride_h + r - pad_h
                w = q * stride_w + s - pad_w
                if 0 <= h < H and 0 <= w < W:
                    columns[n, i, j] = x[n, c, h, w]
                else:
                    columns[n, i, j] = np.float64(0.0)


def cases():
    for name, strides, pads in (
        ("stride 1, no padding", (1, 1), (0, 0)),
        ("stride 2 x 3, which leaves a rest", (2, 3), (0, 0)),
        ("padding 1 x 2", (1, 1), (1, 2)),
        ("stride 2 x 1, padding 2 x 1", (2, 1), (2, 1)),
    ):
        P, Q = ((size + 2 * pad - taps) // stride + 1 for size, pad, taps, stride in zip((6, 5), pads, (3, 2), strides, strict=True))
        settings = {"window_h": 3, "window_w": 2, "stride_h": strides[0], "stride_w": strides[1], "pad_h": pads[0], "pad_w": pads[1]}
        yield Case(name, {"columns": (2, 2 * 3 * 2, P * Q)}, {"x": whole_numbers("x", 2, 2, 6, 5), **settings})


EXERCISE = Exercise(
    "im2col",
    "Windows as columns (im2col)",
    im2col,
    cases,
    outputs=("columns",),
    reads="x",
    copies=True,
    mistakes=(
        Mistake(
            "channels come last in a column",
            {
                "c = i // (R * S)": "c = i % x.shape[1]",
                "r = i // S % R": "r = i // x.shape[1] // S",
                "s = i % S": "s = i // x.shape[1] % S",
            },
        ),
        Mistake("the window is read column by column", {"r = i // S % R": "r = i % R", "s = i % S": "s = i // R % S"}),
        Mistake("the filter is flipped", {"r = i // S % R": "r = R - 1 - i // S % R", "s = i % S": "s = S - 1 - i % S"}),
        Mistake("positions are numbered column by column", {"p = j // Q": "p = j % (places // Q)", "q = j % Q": "q = j // (places // Q)"}),
        Mistake("the width of the image is taken for that of the output", {"p = j // Q": "p = j // W", "q = j % Q": "q = j % W"}),
        Mistake("the stride is missing", {"p * stride_h": "p", "q * stride_w": "q"}),
        Mistake("the strides of rows and columns are exchanged", {"p * stride_h": "p * stride_w", "q * stride_w": "q * stride_h"}),
        Mistake("the padding is missing", {"r - pad_h": "r", "s - pad_w": "s"}),
        Mistake("the padding is added, not subtracted", {"r - pad_h": "r + pad_h", "s - pad_w": "s + pad_w"}),
        Mistake("the padding of rows and columns is exchanged", {"r - pad_h": "r - pad_w", "s - pad_w": "s - pad_h"}),
        Mistake("padding is not written", {"columns[n, i, j] = np.float64(0.0)": "pass"}),
        Mistake(
            "padding repeats the border",
            {"columns[n, i, j] = np.float64(0.0)": "columns[n, i, j] = x[n, c, min(max(h, 0), H - 1), min(max(w, 0), W - 1)]"},
        ),
        Mistake("every channel is the first one", {"x[n, c, h, w]": "x[n, 0, h, w]"}),
        Mistake("every image is the first one", {"x[n, c, h, w]": "x[0, c, h, w]"}),
        Mistake("positions before the image are read from its other end", {"0 <= h < H and 0 <= w < W": "h < H and w < W"}),
        Mistake("the first row and column of the image are taken for padding", {"0 <= h < H and 0 <= w < W": "0 < h < H and 0 < w < W"}),
    ),
)
