"""Numbers of an image taken from other places of it, as a table says: some of them, in another order, one several times.

Letters: N images, F numbers of an input image, L numbers of an output image (all axes flattened).

    x (N, F)    y (N, L)    places (L,) int, each at least 0 and below F

Outputs come first; every element of them is written.
Source: NumPy's `take`.
"""

from minicnn.kernels.textbook.compile import kernel


@kernel
def take_forward(y, x, places):
    """y[n,l] = x[n,places[l]]

    Parameters
    ----------
    y : (N, L) float, written
    x : (N, F) float
    places : (L,) int
    """
    N, L = y.shape
    for n in range(N):
        for l in range(L):
            y[n, l] = x[n, places[l]]


@kernel
def take_backward(dx, dy, places):
    """Gradient of `take_forward`: what was taken several times gets the sum, what was not gets 0.

        dx[n,f] = sum over l with places[l] = f of dy[n,l]

    Parameters
    ----------
    dx : (N, F) float, written
    dy : (N, L) float
    places : (L,) int
    """
    N, L = dy.shape
    dx[...] = 0.0
    for n in range(N):
        for l in range(L):
            dx[n, places[l]] += dy[n, l]
