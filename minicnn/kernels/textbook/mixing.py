"""Mixup: each image of a batch is mixed with another of it, and so is its loss.

    x (N, C, L): N images of C channels and L pixels;  numbers (N, 1): the share that an image keeps of itself;  chance (N, 2)

    image   y = share * x + (1 - share) * x of the partner        loss   share * loss(own target) + (1 - share) * loss(partner's target)

Source: Zhang, Cisse, Dauphin, Lopez-Paz, "mixup: Beyond Empirical Risk Minimization", 2018, section 2.
"""

import math

import numpy as np

from minicnn.kernels.textbook.compile import kernel, uniform_bits


@kernel
def mixup_draw_forward(numbers, chance, alpha):
    """numbers[n,0] = the larger part of a whole that is cut by a Beta(alpha, alpha) number, from two chances u and v

        w = u^(1/alpha),   c = |cos(2 pi v)|,   share = 1/2 + c * sqrt(1 - w) / (2 sqrt(w + (1 - w) c^2))

    For t = c * sqrt(2 alpha (1/w - 1)) is the size of a number with Student's distribution of 2 alpha degrees of freedom, and
    (1 + t / sqrt(2 alpha + t^2)) / 2 the larger part of one with the symmetric beta distribution.

    Bailey, "Polar generation of random variates with the t-distribution", 1994; Devroye, "Non-Uniform Random Variate Generation", 1986,
    section IX.5.

    Parameters
    ----------
    numbers : (N, 1) float, written
    chance : (N, 2) float, at least 0, below 1
    alpha : float, above 0
    """
    N, _ = numbers.shape
    power, whole_turn = np.float64(1.0 / alpha), np.float64(2.0 * math.pi)
    for n in range(N):
        w = chance[n, 0] ** power
        c = abs(math.cos(whole_turn * chance[n, 1]))
        under = math.sqrt(w + (1.0 - w) * c * c)
        numbers[n, 0] = min(1.0, 0.5 + 0.5 * c * math.sqrt(1.0 - w) / under)


@kernel
def partner_forward(y, x, key, shard):
    """y[n] = x[first + (n - first + turn) mod count]: of another image of the same shard, images first to first + count - 1

        first = n // shard * shard,   count = min(shard, N - first),   1 <= turn < count, each as likely, the same for a shard

    An image that is alone in its shard is its own partner.

    Parameters
    ----------
    y, x : (N, F) float or int; the first is written
    key : int, 0 <= key < 2**32
    shard : int
    """
    N, F = x.shape
    for n in range(N):
        first = n // shard * shard
        count = min(shard, N - first)
        turn = min(1, count - 1) + uniform_bits(key, first, 0) % max(1, count - 1)
        for f in range(F):
            y[n, f] = x[first + (n - first + turn) % count, f]


@kernel
def mix_forward(y, x, partner, numbers):
    """y[n,c,l] = numbers[n,0] * x[n,c,l] + (1 - numbers[n,0]) * partner[n,c,l]

    Parameters
    ----------
    y, x, partner : (N, C, L) float; the first is written
    numbers : (N, 1) float
    """
    N, C, L = x.shape
    for n in range(N):
        share = np.float64(numbers[n, 0])
        for c in range(C):
            for l in range(L):
                y[n, c, l] = share * x[n, c, l] + (1.0 - share) * partner[n, c, l]


@kernel
def mix_backward(own, other, whole, numbers):
    """What is due to the loss of each image, parted between that by its own target and that by its partner's

        own[n] = numbers[n,0] * whole[n],   other[n] = (1 - numbers[n,0]) * whole[n]

    Parameters
    ----------
    own, other : (N,) float, written
    whole : (N,) float
    numbers : (N, 1) float
    """
    N, _ = numbers.shape
    for n in range(N):
        share = np.float64(numbers[n, 0])
        own[n] = share * whole[n]
        other[n] = (1.0 - share) * whole[n]
