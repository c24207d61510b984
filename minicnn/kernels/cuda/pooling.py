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

ONE = Axis(size=1, taps=1, stride=1, dilation=1, before=0, after=0, out=1)  # an axis that is not there


def windows_of(i, out, taps, stride, pad, dilation):  # type: ignore[no-untyped-def]
    """Windows (first, stop) that begin at input `i` or before it, and end at it or after it."""
    return max(0, -(((taps - 1) * dilation - i - pad) // stride)), min(out, (i + pad) // stride + 1)


def max_pool_backward(
    dx, dy, indices, window_d, window_h, window_w, stride_d, stride_h, stride_w, pad_d, pad_h, pad_w, dilation_d, dilation_h, dilation_w
):  # type: ignore[no-untyped-def]
    """dx[n,c,d,h,w] = sum over o,p,q of dy[n,c,o,p,q]      where  indices[n,c,o,p,q] = (d*H + h)*W + w"""
    N, C, D, H, W = dx.shape
    _, _, O, P, Q = dy.shape
    for n in range(N):
        for c in range(C):
            for d in range(D):
                first_o, stop_o = windows_of(d, O, window_d, stride_d, pad_d, dilation_d)
                for h in range(H):
                    first_p, stop_p = windows_of(h, P, window_h, stride_h, pad_h, dilation_h)
                    for w in range(W):
                        first_q, stop_q = windows_of(w, Q, window_w, stride_w, pad_w, dilation_w)
                        own = (d * H + h) * W + w
                        total = np.float64(0.0)
                        for o in range(first_o, stop_o):
                            for p in range(first_p, stop_p):
                                for q in range(first_q, stop_q):
                                    if indices[n, c, o, p, q] == own:
                                        total += dy[n, c, o, p, q]
                        dx[n, c, d, h, w] = total


def append_max_pool_backward(launches: Launches, dx: Handle, dy: Handle, indices: Handle, axes: Sequence[Axis]) -> None:
    """Gradient of max pooling on one, two or three axes.

    dx : (N, C, *space) float32, written
    dy : (N, C, *out) float32
    indices : (N, C, *out) integers: flat places of the winners in their planes
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
