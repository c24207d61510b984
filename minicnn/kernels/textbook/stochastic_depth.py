"""Stochastic depth: in training, a whole branch takes part or does not, one draw for the whole batch.

    training:   y = x with probability `survival`, else 0
    inference:  y = survival * x, what comes out in the mean

Shapes are any, the same for all arrays.  Outputs come first; every element of them is written.
Source: Huang, Sun, Liu, Sedra, Weinberger, "Deep networks with stochastic depth", 2016, eq. 2 and 5.
"""

from minicnn.kernels.textbook.compile import kernel


@kernel
def stochastic_depth_forward(y, x, key, survival, training):
    """y = share * x      where  share = (1 if key < survival * 2**32 else 0) in training, survival otherwise

    Parameters
    ----------
    y : float, any shape, written
    x : float, shape of y
    key : int, 0 <= key < 2**32
        The draw.
    survival : float, 0 < survival <= 1
    training : bool
    """
    drawn = 1.0 if key < survival * 4294967296.0 else 0.0
    share = drawn if training else survival
    for i in range(x.size):
        y.flat[i] = share * x.flat[i]


@kernel
def stochastic_depth_backward(dx, dy, key, survival, training):
    """dx = share * dy, the share that passed in the forward pass.

    Parameters
    ----------
    dx : float, any shape, written
    dy : float, shape of dx
    key, training : int
    survival : float
        As in the forward pass.
    """
    drawn = 1.0 if key < survival * 4294967296.0 else 0.0
    share = drawn if training else survival
    for i in range(dy.size):
        dx.flat[i] = share * dy.flat[i]
