"""A convolution of one's own: the index map alone is written, the loop that calls it is given."""

import numpy as np

from minicnn.exercises.exercise import Case, Exercise, Mistake, whole_numbers


def index_map(k, p, q, c, r, s, C, H, W, R, S):
    """Which pixel and which weight belong to a tap, for a convolution on a ring whose filters share weights between left and right.

        channel, h, w, j = index_map(k, p, q, c, r, s, ...)      and then      y[n,k,p,q] += x[n,channel,h,w] * weight[j]

    Tap (c, r, s) of output (k, p, q) reads channel c at row p + r and column q + s.  Rows beyond the last one do not exist: the tap counts
    as nothing, said by a weight number of -1.  Columns go round: after the last one comes column 0.

    The weights of a filter row are a palindrome: the first and the last column of taps are the same weight, and so on inwards.  With
    half = (S + 1) // 2 different columns, and t = min(s, S - 1 - s) that of this tap, the weights are numbered

        j = ((k*C + c)*R + r)*half + t

    Parameters
    ----------
    k, p, q, c, r, s : int
        Filter, row and column of the output; channel, row and column of the tap.
    C, H, W, R, S : int
        Channels, rows and columns of the input; rows and columns of the taps.

    Returns
    -------
    channel, h, w, j : int
    """
    half = (S + 1) // 2
    t = min(s, S - 1 - s)
    h = p + r
    w = (q + s) % W
    j = ((k * C + c) * R + r) * half + t if h < H else -1
    return c, h, w, j


def ring(y, x, weight, R, S, index_map):
    """Every output is the sum over its taps.

    y[n,k,p,q] = sum over c,r,s of x[n,channel,h,w] * weight[j]      where  channel, h, w, j = index_map(k, p, q, c, r, s, C, H, W, R, S)
    """
    N, K, P, Q = y.shape
    _, C, H, W = x.shape
    for n in range(N):
        for k in range(K):
            for p in range(P):
                for q in range(Q):
                    total = np.float64(0.0)
                    for c in range(C):
                        for r in range(R):
                            for s in range(S):
                                channel, h, w, j = index_map(k, p, q, c, r, s, C, H, W, R, S)
                                if j >= 0:
                                    total += x[n, channel, h, w] * weight[j]
                    y[n, k, p, q] = total


def cases():
    for name, rows, taps, P in (
        ("taps of 1 x 1", 4, (1, 1), 4),
        ("taps of 2 x 3, all rows exist", 4, (2, 3), 3),
        ("taps of 3 x 4, some rows do not exist", 5, (3, 4), 5),
    ):
        R, S = taps
        x, weight = whole_numbers("x", 2, 2, rows, 6), whole_numbers("weight", 3 * 2 * R * ((S + 1) // 2))
        yield Case(name, {"y": (2, 3, P, 6)}, {"x": x, "weight": weight, "R": R, "S": S})


EXERCISE = Exercise(
    "index-map",
    "A variant of one's own: its index map",
    index_map,
    cases,
    outputs=("y",),
    taps="weight",
    reads="x",
    around=ring,
    mistakes=(
        Mistake("columns do not go round: the last one is repeated", {"(q + s) % W": "min(q + s, W - 1)"}),
        Mistake("columns go round after the rows' number", {"(q + s) % W": "(q + s) % H"}),
        Mistake("the tap's column is subtracted", {"q + s": "q - s"}),
        Mistake("the tap's row is subtracted", {"h = p + r": "h = (p - r) % H"}),
        Mistake("rows go round as well", {"h = p + r": "h = (p + r) % H"}),
        Mistake("rows beyond the last one repeat it", {"h = p + r": "h = min(p + r, H - 1)"}),
        Mistake("columns of taps have weights of their own", {"min(s, S - 1 - s)": "s"}),
        Mistake("the weight's column is counted from the middle", {"min(s, S - 1 - s)": "max(s, S - 1 - s) - S // 2"}),
        Mistake("weights are numbered with S columns, not half of them", {"* half + t": "* S + t"}),
        Mistake("half is rounded down", {"(S + 1) // 2": "S // 2"}),
        Mistake("all filters share weights: k is missing from the number", {"(k * C + c)": "c"}),
        Mistake("all channels share weights: c is missing from the number", {"(k * C + c)": "(k * C)"}),
        Mistake("filter and channel are exchanged in the number", {"k * C + c": "c * C + k"}),
        Mistake("the number of rows is missing from the number", {"(k * C + c) * R + r": "(k * C + c) + r"}),
        Mistake("all channels are the first one", {"return c, h, w, j": "return 0, h, w, j"}),
    ),
)
