"""The gradient of max pooling where every input asks for the windows that chose it.

The loop that defines it walks the outputs and adds to their winners, so that only a channel of an image can be a thread: a few hundred of
them, each with a whole plane.  Here every input is a thread, and adds what the same windows give it in the same order: the same bits.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicnn.geometry import Axis
from minicnn.kernels.cuda.derived import append_loop
from minicnn.kernels.cuda.launches import Handle, Launches, strided
from minicnn.kernels.cuda.sharing import strides_of
from minicnn.kernels.index import output_position

ONE = Axis(size=1, taps=1, stride=1, dilation=1, before=0, after=0, out=1)  # an axis that is not there


def max_pool_backward(
    dx, dy, indices, window_d, window_h, window_w, stride_d, stride_h, stride_w, pad_d, pad_h, pad_w, dilation_d, dilation_h, dilation_w
):  # type: ignore[no-untyped-def]
    """dx[n,c,d,h,w] = sum over o,p,q of dy[n,c,o,p,q]      where  indices[n,c,o,p,q] = (d*H + h)*W + w

    Taps are walked from the last to the first, so that windows come from the first to the last.
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
                            o = output_position(d, window_d - 1 - t, O, stride_d, dilation_d, pad_d)
                            for r in range(window_h if o >= 0 else 0):
                                p = output_position(h, window_h - 1 - r, P, stride_h, dilation_h, pad_h)
                                for s in range(window_w if p >= 0 else 0):
                                    q = output_position(w, window_w - 1 - s, Q, stride_w, dilation_w, pad_w)
                                    if q >= 0 and indices[n, c, o, p, q] == (d * H + h) * W + w:
                                        total += dy[n, c, o, p, q]
                        dx[n, c, d, h, w] = total


def append_max_pool_backward(launches: Launches, dx: Handle, dy: Handle, indices: Handle, axes: Sequence[Axis]) -> None:
    """Gradient of max pooling on one, two or three axes.

    Parameters
    ----------
    dx : (N, C, *space) float32, written
    dy : (N, C, *out) float32
    indices : (N, C, *out) integers
        Flat places of the winners in their planes.
    axes : the windows
    """
    three = [ONE] * (3 - len(axes)) + list(axes)
    arrays = {name: _on_three(array) for name, array in (("dx", dx), ("dy", dy), ("indices", indices))}
    settings = {
        f"{name}_{letter}": value
        for letter, axis in zip("dhw", three, strict=True)
        for name, value in (("window", axis.taps), ("stride", axis.stride), ("pad", axis.before), ("dilation", axis.dilation))
    }
    append_loop(launches, max_pool_backward, {**arrays, **settings}, single=True)


def _on_three(array: Handle) -> Handle:
    """The same array with axes of size 1 before those of its space."""
    missing = 5 - len(array.shape)
    shape, strides = tuple(array.shape), strides_of(array)
    return strided(array, (*shape[:2], *(1,) * missing, *shape[2:]), (*strides[:2], *(strides[1],) * missing, *strides[2:]))
