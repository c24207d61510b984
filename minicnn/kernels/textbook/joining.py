"""Where values meet: a sum or a product of two, the channels of one behind those of the other, two mixed by a third.

A sum or a row of more than two is these loops again, each value joining what the ones before it have become.

Letters: N images, C channels, L positions (all spatial axes flattened; 1 for flat features).  Outputs come first; every element of them
is written.
"""

import numpy as np

from minicnn.kernels.textbook.compile import kernel


@kernel
def add_forward(y, x1, x2):
    """y = x1 + x2

    Parameters
    ----------
    y : float, any shape, written
    x1, x2 : float, shape of y

    Notes
    -----
    He, Zhang, Ren, Sun, "Deep residual learning for image recognition", 2016, eq. 1.
    """
    for i in range(y.size):
        y.flat[i] = x1.flat[i] + x2.flat[i]


@kernel
def add_backward(dx1, dx2, dy):
    """dx1 = dx2 = dy: a sum passes its gradient on to all its terms.

    Parameters
    ----------
    dx1, dx2 : float, any shape, written
    dy : float, shape of dx1
    """
    for i in range(dy.size):
        dx1.flat[i] = dy.flat[i]
        dx2.flat[i] = dy.flat[i]


@kernel
def multiply_forward(y, x1, x2):
    """y = x1 * x2

    Parameters
    ----------
    y : float, any shape, written
    x1, x2 : float, shape of y

    Notes
    -----
    Srivastava, Greff, Schmidhuber, "Highway networks", 2015, eq. 2: the gates T and C multiply H and x.
    """
    for i in range(y.size):
        y.flat[i] = x1.flat[i] * x2.flat[i]


@kernel
def multiply_backward(dx1, dx2, dy, x1, x2):
    """dx1 = dy * x2,   dx2 = dy * x1

    Parameters
    ----------
    dx1, dx2 : float, any shape, written
    dy, x1, x2 : float, shape of dx1
    """
    for i in range(dy.size):
        dx1.flat[i] = dy.flat[i] * x2.flat[i]
        dx2.flat[i] = dy.flat[i] * x1.flat[i]


@kernel
def concat_forward(y, x1, x2):
    """y[n,c,l] = x1[n,c,l] where c < C1, else x2[n,c-C1,l]

    Parameters
    ----------
    y : (N, C1 + C2, L) float, written
    x1 : (N, C1, L) float
    x2 : (N, C2, L) float

    Notes
    -----
    Szegedy and others, "Going deeper with convolutions", 2015, figure 2.
    """
    N, C, L = y.shape
    C1 = x1.shape[1]
    for n in range(N):
        for c in range(C):
            for l in range(L):
                if c < C1:
                    y[n, c, l] = x1[n, c, l]
                else:
                    y[n, c, l] = x2[n, c - C1, l]


@kernel
def concat_backward_first(dx1, dy):
    """dx1[n,c,l] = dy[n,c,l]

    Parameters
    ----------
    dx1 : (N, C1, L) float, written
    dy : (N, C1 + C2, L) float
    """
    N, C, L = dx1.shape
    for n in range(N):
        for c in range(C):
            for l in range(L):
                dx1[n, c, l] = dy[n, c, l]


@kernel
def concat_backward_second(dx2, dy):
    """dx2[n,c,l] = dy[n,C1+c,l]

    Parameters
    ----------
    dx2 : (N, C2, L) float, written
    dy : (N, C1 + C2, L) float
    """
    N, C, L = dx2.shape
    C1 = dy.shape[1] - C
    for n in range(N):
        for c in range(C):
            for l in range(L):
                dx2[n, c, l] = dy[n, C1 + c, l]


@kernel
def gate_forward(y, x1, x2, x3):
    """y = x2*x1 + (1 - x2)*x3: the gate x2 says how much of the body x1 passes, and how much of its input x3 instead.

    Parameters
    ----------
    y : float, any shape, written
    x1, x2, x3 : float, shape of y

    Notes
    -----
    Srivastava, Greff, Schmidhuber, "Highway networks", 2015, eq. 3: there they are H, T and x.
    """
    for i in range(y.size):
        gate = np.float64(x2.flat[i])
        y.flat[i] = gate * x1.flat[i] + (1.0 - gate) * x3.flat[i]


@kernel
def gate_backward(dx1, dx2, dx3, dy, x1, x2, x3):
    """dx1 = dy*x2,   dx2 = dy*(x1 - x3),   dx3 = dy*(1 - x2)

    Parameters
    ----------
    dx1, dx2, dx3 : float, any shape, written
    dy, x1, x2, x3 : float, shape of dx1
    """
    for i in range(dy.size):
        upstream, gate = np.float64(dy.flat[i]), np.float64(x2.flat[i])
        dx1.flat[i] = upstream * gate
        dx2.flat[i] = upstream * (x1.flat[i] - np.float64(x3.flat[i]))
        dx3.flat[i] = upstream * (1.0 - gate)
