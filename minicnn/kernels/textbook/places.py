"""Where pixels come from when an image is moved: for every pixel of the result the position in the image that is read there.

    place (N, A, L): for each of the N images and L pixels, the position along each of A axes, in pixels, counted from 0; not always whole
    numbers (N, F): what an image has drawn, computed once from its chance (N, F) by the loop `..._draw_forward` above

A change of places takes positions to positions.  The last change of an image comes first here, for a pixel of the result is followed
back: through the last change to where it was before, and so on.  Two axes are rows and columns (a signal has one row), three are layers,
rows and columns.  sizes (A,) holds the pixels along each axis, steps (A,) how far apart neighbours along it are among the L.

Sources: Krizhevsky, Sutskever, Hinton, "ImageNet classification with deep convolutional neural networks", 2012, section 4.1, for
translations and reflections; Simard, Steinkraus, Platt, "Best practices for convolutional neural networks applied to visual document
analysis", 2003, section 2, for rotation, scale, and elastic distortion.
"""

import math

import numpy as np

from minicnn.kernels.textbook.compile import kernel


@kernel
def places_forward(place, sizes, steps):
    """place[n,a,l] = l // steps[a] mod sizes[a]: every pixel where it is

    Parameters
    ----------
    place : (N, A, L) float, written
    sizes, steps : (A,) int
    """
    N, A, L = place.shape
    for n in range(N):
        for a in range(A):
            for l in range(L):
                own = l // steps[a] % sizes[a]
                place[n, a, l] = own


@kernel
def shift_draw_forward(numbers, chance, sizes, pixels):
    """numbers[n,a]: a whole number from -pixels to pixels, each as likely; 0 along an axis of one pixel

    Parameters
    ----------
    numbers : (N, A) float, written
    chance : (N, A) float
    sizes : (A,) int
    pixels : int
    """
    N, A = numbers.shape
    span = np.float64(2 * pixels + 1)
    for n in range(N):
        for a in range(A):
            drawn = min(np.floor(chance[n, a] * span), span - 1.0) - pixels
            numbers[n, a] = drawn if sizes[a] > 1 else 0.0


@kernel
def shift_places_forward(moved, place, numbers):
    """moved[n,a,l] = place[n,a,l] - numbers[n,a]

    Parameters
    ----------
    moved : (N, A, L) float, written
    place : (N, A, L) float
    numbers : (N, A) float
    """
    N, A, L = place.shape
    for n in range(N):
        for a in range(A):
            for l in range(L):
                moved[n, a, l] = place[n, a, l] - numbers[n, a]


@kernel
def flip_draw_forward(numbers, chance):
    """numbers[n,f] = 1 for every other image, else 0

    Parameters
    ----------
    numbers, chance : (N, F) float; the first is written
    """
    N, F = numbers.shape
    for n in range(N):
        for f in range(F):
            numbers[n, f] = 1.0 if chance[n, f] < 0.5 else 0.0


@kernel
def flip_places_forward(moved, place, numbers, columns):
    """moved[n,A-1,l] = columns - 1 - place[n,A-1,l] where numbers[n,0] is 1: left and right change places

    Parameters
    ----------
    moved : (N, A, L) float, written
    place : (N, A, L) float
    numbers : (N, 1) float
    columns : int
    """
    N, A, L = place.shape
    for n in range(N):
        for a in range(A):
            for l in range(L):
                mirrored = columns - 1 - place[n, a, l]
                moved[n, a, l] = mirrored if a == A - 1 and numbers[n, 0] > 0.5 else place[n, a, l]


@kernel
def rotate_draw_forward(numbers, chance, degrees):
    """numbers[n] = cosine and sine of an angle between -degrees and degrees

    Parameters
    ----------
    numbers : (N, 2) float, written
    chance : (N, 1) float
    degrees : float
    """
    N, _ = numbers.shape
    most = np.float64(degrees) * (math.pi / 180.0)
    for n in range(N):
        angle = (2.0 * chance[n, 0] - 1.0) * most
        numbers[n, 0] = math.cos(angle)
        numbers[n, 1] = math.sin(angle)


@kernel
def rotate_places_forward(moved, place, numbers, rows, columns):
    """The plane of the last two axes turned about the image's centre: followed back, so that the image turns the other way.

        down = place[n,A-2,l] - (rows-1)/2,   right = place[n,A-1,l] - (columns-1)/2
        moved[n,A-2,l] = cos * down + sin * right + (rows-1)/2
        moved[n,A-1,l] = cos * right - sin * down + (columns-1)/2

    For an angle above 0 the image turns counterclockwise, as one looks at it with rows going down.

    Parameters
    ----------
    moved : (N, A, L) float, written
    place : (N, A, L) float
    numbers : (N, 2) float
        Cosine and sine of the angle.
    rows, columns : int
    """
    N, A, L = place.shape
    middle, centre = np.float64(rows - 1) * 0.5, np.float64(columns - 1) * 0.5
    for n in range(N):
        for a in range(A):
            for l in range(L):
                down, right = place[n, A - 2, l] - middle, place[n, A - 1, l] - centre
                turned = numbers[n, 0] * down + numbers[n, 1] * right + middle
                beside = numbers[n, 0] * right - numbers[n, 1] * down + centre
                moved[n, a, l] = turned if a == A - 2 else beside if a == A - 1 else place[n, a, l]


@kernel
def scale_draw_forward(numbers, chance, share):
    """numbers[n,f] = 1 / a factor between 1 - share and 1 + share

    Parameters
    ----------
    numbers, chance : (N, F) float; the first is written
    share : float, 0 <= share < 1
    """
    N, F = numbers.shape
    most = np.float64(share)
    for n in range(N):
        for f in range(F):
            numbers[n, f] = 1.0 / (1.0 + (2.0 * chance[n, f] - 1.0) * most)


@kernel
def scale_places_forward(moved, place, numbers, sizes):
    """moved[n,a,l] = centre + numbers[n,0] * (place[n,a,l] - centre),   centre = (sizes[a] - 1) / 2

    Parameters
    ----------
    moved : (N, A, L) float, written
    place : (N, A, L) float
    numbers : (N, 1) float
    sizes : (A,) int
    """
    N, A, L = place.shape
    for n in range(N):
        for a in range(A):
            for l in range(L):
                moved[n, a, l] = (sizes[a] - 1) * 0.5 + numbers[n, 0] * (place[n, a, l] - (sizes[a] - 1) * 0.5)


@kernel
def smooth_down_forward(y, x, sigma, reach):
    """y[n,a,h,w] = sum over t of weight(t) * x[n,a,h+t,w],   -reach <= t <= reach, with 0 beyond the edges

        weight(t) = exp(-t^2 / (2 sigma^2)) / sum of these over t

    Parameters
    ----------
    y, x : (N, A, H, W) float; the first is written
    sigma : float, above 0
        In pixels.
    reach : int
    """
    N, A, H, W = x.shape
    y[...] = 0.0
    one = np.float64(1.0)
    for n in range(N):
        for a in range(A):
            total = 0.0
            for t in range(2 * reach + 1):
                total += math.exp(-((t - reach) ** 2) / (2.0 * sigma * sigma))
            for t in range(2 * reach + 1):
                weight = one * math.exp(-((t - reach) ** 2) / (2.0 * sigma * sigma)) / total
                for h in range(max(0, reach - t), min(H, H + reach - t)):
                    for w in range(W):
                        y[n, a, h, w] += weight * x[n, a, h + t - reach, w]


@kernel
def smooth_across_forward(y, x, sigma, reach):
    """The same along rows: y[n,a,h,w] = sum over t of weight(t) * x[n,a,h,w+t]

    Parameters
    ----------
    y, x : (N, A, H, W) float, y is written
    sigma : float
    reach : int
        As above.
    """
    N, A, H, W = x.shape
    y[...] = 0.0
    one = np.float64(1.0)
    for n in range(N):
        for a in range(A):
            total = 0.0
            for t in range(2 * reach + 1):
                total += math.exp(-((t - reach) ** 2) / (2.0 * sigma * sigma))
            for t in range(2 * reach + 1):
                weight = one * math.exp(-((t - reach) ** 2) / (2.0 * sigma * sigma)) / total
                for h in range(H):
                    for w in range(max(0, reach - t), min(W, W + reach - t)):
                        y[n, a, h, w] += weight * x[n, a, h, w + t - reach]


@kernel
def noise_forward(y, chance):
    """y[n,a,l] = 2*chance[n,a,l] - 1: from -1 to 1

    Parameters
    ----------
    y, chance : (N, A, L) float; the first is written
    """
    N, A, L = y.shape
    for n in range(N):
        for a in range(A):
            for l in range(L):
                y[n, a, l] = 2.0 * chance[n, a, l] - 1.0


@kernel
def elastic_places_forward(moved, place, field, sizes, strength):
    """moved[n,a,l] = place[n,a,l] + strength * field[n,a,l], along axes of more than one pixel

    Parameters
    ----------
    moved, place : (N, A, L) float; the first is written
    field : (N, A, L) float
        Noise between -1 and 1, smoothed along every axis.
    sizes : (A,) int
    strength : float
    """
    N, A, L = place.shape
    most = np.float64(strength)
    for n in range(N):
        for a in range(A):
            for l in range(L):
                moved[n, a, l] = place[n, a, l] + (most * field[n, a, l] if sizes[a] > 1 else 0.0)
