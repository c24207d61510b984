"""Laws of linear algebra: convolution as a matrix, in space and in the Fourier basis."""

from __future__ import annotations

from collections.abc import Iterator
from math import log2

import numpy as np

from minicnn import kernels
from minicnn.laws.draw import Draw, conv
from minicnn.laws.law import Sides, sums


def matrix(draw: Draw) -> Iterator[Sides]:
    """Convolution is multiplication by a matrix, mostly zeros, whose other entries repeat: doubly block Toeplitz.

        conv(x, w) = conv_matrix(w) @ x        arrays as columns

    Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 9.1.
    """
    case = draw.convolution()
    x, weight = draw.array((1, *case.x_shape[1:])), draw.array(case.weight_shape)
    y = conv(x, weight, **case.settings)
    yield sums(y.ravel(), kernels.conv_matrix(weight, x.shape, **case.settings) @ x.ravel(), case.terms)


def pointwise(draw: Draw) -> Iterator[Sides]:
    """Convolution with filters of one pixel is a matrix product, the same at every pixel.

        conv(x, w)[n] = w @ x[n]        w (K, C), x[n] (C, pixels)

    Lin, Chen, Yan, "Network in network", 2013, section 3.
    """
    axes = draw.axes()
    x = draw.array((draw.whole(1, 3), draw.whole(1, 9), *draw.numbers(axes, 1, 5)))
    weight = draw.array((draw.whole(1, 9), x.shape[1]))
    draw.note(x=x.shape, weight=weight.shape)
    left = conv(x, weight.reshape(*weight.shape, *(1,) * axes))
    yield sums(left, (weight @ x.reshape(*x.shape[:2], -1)).reshape(left.shape), x.shape[1])


def circulants(draw: Draw) -> Iterator[Sides]:
    """Circulant matrices commute, because convolution does.

        C(u) C(w) = C(w) C(u)

    Lecture 003, section 2.  Gray, "Toeplitz and circulant matrices: a review", 2006, chapter 3.
    """
    n = draw.whole(1, 24)
    u, w = (kernels.circulant(draw.array((draw.whole(1, n),)), n) for _ in range(2))
    draw.note(n=n)
    yield sums(u @ w, w @ u, n)


def convolution_theorem(draw: Draw) -> Iterator[Sides]:
    """Circular convolution is multiplication in the Fourier basis: the basis makes every circulant matrix diagonal.

        conv(x wrapped around, w, flip=True) = C(w) x = F^-1 (F w * F x)

    Each transform rounds log2(n) times, by about 7 u of the norm of what it transforms (Higham, 2002, theorem 24.2); the norm of a
    convolution is at most that of x times that of w, as is every partial sum.
    """
    n = draw.whole(2, 24)
    x, w = draw.array((n,)), draw.array((draw.whole(1, n),))
    draw.note(n=n, w=w.shape)
    wrapped = np.concatenate([x[n - len(w) + 1 :], x])
    through_fourier = np.fft.irfft(np.fft.rfft(w, n) * np.fft.rfft(x), n)
    roundings, magnitude = n + 21 * log2(n) + 4, float(np.linalg.norm(x) * np.linalg.norm(w))
    yield Sides(conv(wrapped[None, None], w[None, None], flip=True)[0, 0], through_fourier, roundings, magnitude)
    yield Sides(kernels.circulant(w, n) @ x, through_fourier, roundings, magnitude)
