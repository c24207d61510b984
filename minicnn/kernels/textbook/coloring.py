"""Changes of an image's values: brightness, contrast, colour, holes.

    x (N, C, L): N images of C channels and L pixels;  numbers (N, F): what an image has drawn, from its chance (N, F)

Sources: Krizhevsky, Sutskever, Hinton, "ImageNet classification with deep convolutional neural networks", 2012, section 4.1, for colour
along the principal components; Howard, "Some improvements on deep convolutional neural network based image classification", 2013, section
2, for brightness and contrast; DeVries, Taylor, "Improved regularization of convolutional neural networks with cutout", 2017, section 3.
"""

import math

import numpy as np

from minicnn.kernels.textbook.compile import kernel


@kernel
def around_zero_draw_forward(numbers, chance, share):
    """numbers[n,f] = a number between -share and share

    Parameters
    ----------
    numbers, chance : (N, F) float; the first is written
    share : float
    """
    N, F = numbers.shape
    most = np.float64(share)
    for n in range(N):
        for f in range(F):
            numbers[n, f] = (2.0 * chance[n, f] - 1.0) * most


@kernel
def brightness_forward(y, x, numbers):
    """y[n,c,l] = x[n,c,l] + numbers[n,0]

    Parameters
    ----------
    y, x : (N, C, L) float; the first is written
    numbers : (N, 1) float
    """
    N, C, L = x.shape
    for n in range(N):
        for c in range(C):
            for l in range(L):
                y[n, c, l] = x[n, c, l] + numbers[n, 0]


@kernel
def contrast_forward(y, x, numbers):
    """y[n,c,l] = mean[n,c] + (1 + numbers[n,0]) * (x[n,c,l] - mean[n,c]),   mean[n,c] = sum over l of x[n,c,l] / L

    Parameters
    ----------
    y, x : (N, C, L) float; the first is written
    numbers : (N, 1) float
    """
    N, C, L = x.shape
    for n in range(N):
        for c in range(C):
            total = np.float64(0.0)
            for l in range(L):
                total += x[n, c, l]
            for l in range(L):
                y[n, c, l] = x[n, c, l] + numbers[n, 0] * (x[n, c, l] - total / L)


@kernel
def normal_draw_forward(numbers, chance, deviation):
    """numbers[n,f] = deviation * a number that is normally distributed around 0 with deviation 1, from two chances

        sqrt(-2 log(1 - chance[n,2f])) * cos(2 pi chance[n,2f+1])

    Box, Muller, "A note on the generation of random normal deviates", 1958.

    Parameters
    ----------
    numbers : (N, F) float, written
    chance : (N, 2F) float
    deviation : float
    """
    N, F = numbers.shape
    whole_turn = np.float64(2.0 * math.pi)
    for n in range(N):
        for f in range(F):
            far = math.sqrt(-2.0 * math.log(1.0 - chance[n, 2 * f]))
            numbers[n, f] = deviation * far * math.cos(whole_turn * chance[n, 2 * f + 1])


@kernel
def add_component_forward(y, x, numbers, component, weight):
    """y[n,c,l] = x[n,c,l] + weight * numbers[n,component]: a step of an image's colour along a principal component, in one channel

    Parameters
    ----------
    y, x : (N, C, L) float; the first is written
    numbers : (N, F) float
    component : int
    weight : float
        The component's eigenvalue times its eigenvector's entry for this channel.
    """
    N, C, L = x.shape
    step = np.float64(weight)
    for n in range(N):
        for c in range(C):
            for l in range(L):
                y[n, c, l] = x[n, c, l] + step * numbers[n, component]


@kernel
def cutout_draw_forward(numbers, chance, sizes):
    """numbers[n,a] = a pixel along axis a, each as likely: the middle of the hole

    Parameters
    ----------
    numbers, chance : (N, A) float; the first is written
    sizes : (A,) int
    """
    N, A = numbers.shape
    for n in range(N):
        for a in range(A):
            numbers[n, a] = min(np.floor(chance[n, a] * sizes[a]), sizes[a] - 1.0)


@kernel
def cutout_forward(y, x, numbers, sizes, steps, side):
    """y[n,c,l] = 0 where pixel l lies within the hole, else x[n,c,l]; a part of the hole may lie outside of the image

        within   -side//2 <= l // steps[a] mod sizes[a] - numbers[n,a] < side - side//2   along every axis of more than one pixel

    Parameters
    ----------
    y, x : (N, C, L) float; the first is written
    numbers : (N, A) float
    sizes, steps : (A,) int
    side : int
    """
    N, C, L = x.shape
    for n in range(N):
        for c in range(C):
            for l in range(L):
                inside = True
                for a in range(sizes.shape[0]):
                    off = l // steps[a] % sizes[a] - numbers[n, a] + side // 2
                    inside = inside and (sizes[a] == 1 or 0.0 <= off < side)
                y[n, c, l] = 0.0 if inside else x[n, c, l]


@kernel
def normalize_forward(y, x, scale, shift):
    """y[n,c,l] = x[n,c,l] * scale + shift

    Parameters
    ----------
    y, x : (N, C, L) float; the first is written
    scale, shift : float
    """
    N, C, L = x.shape
    factor, summand = np.float64(scale), np.float64(shift)
    for n in range(N):
        for c in range(C):
            for l in range(L):
                y[n, c, l] = x[n, c, l] * factor + summand
