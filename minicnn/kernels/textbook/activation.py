"""Activations: functions of one element (relu, leaky_relu, tanh, scaled_tanh, sigmoid) and of one row (softmax, log_softmax).

Elementwise functions take arrays of any shape, all of the same shape; `.flat` walks them in scan order.  A gradient is written in
terms of whatever makes it shortest: the output `y` of the forward pass, or its input `x`.
Softmax takes rows: x (N, K) holds N images of K classes.

Outputs come first; every element of them is written.  NaN goes in, NaN comes out.
Source: Goodfellow, Bengio, Courville, "Deep Learning", 2016, sections 6.3 (relu, tanh, sigmoid) and 6.2.2.3 (softmax).
"""

import numpy as np

from minicnn.kernels.textbook.compile import kernel


@kernel
def relu_forward(y, x):
    """y = max(0, x)

    Parameters
    ----------
    y : float, any shape, written
    x : float, shape of y
    """
    for i in range(x.size):
        value = x.flat[i]
        y.flat[i] = 0.0 if value <= 0.0 else value  # asked this way round, NaN passes through


@kernel
def relu_backward(dx, dy, y):
    """dx = dy where y > 0, else 0: at the kink itself the gradient is 0.

    Parameters
    ----------
    dx : float, any shape, written
    dy, y : float, shape of dx
    """
    for i in range(y.size):
        dx.flat[i] = 0.0 if y.flat[i] <= 0.0 else dy.flat[i]


@kernel
def leaky_relu_forward(y, x, slope):
    """y = x where x > 0, else slope * x

    Parameters
    ----------
    y : float, any shape, written
    x : float, shape of y
    slope : float

    Notes
    -----
    Maas, Hannun, Ng, "Rectifier nonlinearities improve neural network acoustic models", 2013.
    """
    for i in range(x.size):
        value = np.float64(x.flat[i])
        y.flat[i] = value if value > 0.0 else slope * value


@kernel
def leaky_relu_backward(dx, dy, x, slope):
    """dx = dy where x > 0, else slope * dy: at the kink itself the gradient is that of the left side.

    Parameters
    ----------
    dx : float, any shape, written
    dy, x : float, shape of dx
    slope : float
    """
    for i in range(x.size):
        upstream = np.float64(dy.flat[i])
        dx.flat[i] = upstream if x.flat[i] > 0.0 else slope * upstream


@kernel
def tanh_forward(y, x):
    """y = tanh(x)

    Parameters
    ----------
    y : float, any shape, written
    x : float, shape of y
    """
    for i in range(x.size):
        y.flat[i] = np.tanh(np.float64(x.flat[i]))


@kernel
def tanh_backward(dx, dy, y):
    """dx = dy * (1 - y**2)

    Parameters
    ----------
    dx : float, any shape, written
    dy, y : float, shape of dx
    """
    for i in range(y.size):
        value = np.float64(y.flat[i])
        dx.flat[i] = dy.flat[i] * (1.0 - value * value)


@kernel
def scaled_tanh_forward(y, x, amplitude, slope):
    """y = amplitude * tanh(slope * x)

    Parameters
    ----------
    y : float, any shape, written
    x : float, shape of y
    amplitude, slope : float

    Notes
    -----
    LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", 1998, eq. 6.
    """
    for i in range(x.size):
        y.flat[i] = amplitude * np.tanh(slope * np.float64(x.flat[i]))


@kernel
def scaled_tanh_backward(dx, dy, y, amplitude, slope):
    """dx = dy * slope * (amplitude - y**2 / amplitude)

    Parameters
    ----------
    dx : float, any shape, written
    dy, y : float, shape of dx
    amplitude, slope : float
    """
    for i in range(y.size):
        value = np.float64(y.flat[i])
        dx.flat[i] = dy.flat[i] * slope * (amplitude - value * value / amplitude)


@kernel
def sigmoid_forward(y, x):
    """y = 1 / (1 + exp(-x))

    Parameters
    ----------
    y : float, any shape, written
    x : float, shape of y
    """
    for i in range(x.size):
        value = np.float64(x.flat[i])
        small = np.exp(-np.abs(value))  # never above 1, so that it cannot overflow
        y.flat[i] = small / (1.0 + small) if value < 0.0 else 1.0 / (1.0 + small)


@kernel
def sigmoid_backward(dx, dy, y):
    """dx = dy * y * (1 - y)

    Parameters
    ----------
    dx : float, any shape, written
    dy, y : float, shape of dx
    """
    for i in range(y.size):
        value = np.float64(y.flat[i])
        dx.flat[i] = dy.flat[i] * (value * (1.0 - value))


@kernel
def softmax_forward(y, x):
    """y[n,k] = exp(x[n,k] - m[n]) / sum over j of exp(x[n,j] - m[n])      where  m[n] = max over j of x[n,j]

    Subtracting the maximum does not change the result, and keeps every exponential at most 1.

    Parameters
    ----------
    y : (N, K) float, written
    x : (N, K) float
    """
    N, K = x.shape
    for n in range(N):
        largest = np.float64(x[n, 0])
        for k in range(K):
            largest = max(largest, np.float64(x[n, k]))
        total = np.float64(0.0)
        for k in range(K):
            total += np.exp(x[n, k] - largest)
        for k in range(K):
            y[n, k] = np.exp(x[n, k] - largest) / total


@kernel
def softmax_backward(dx, dy, y):
    """dx[n,k] = y[n,k] * (dy[n,k] - sum over j of dy[n,j] * y[n,j])

    Parameters
    ----------
    dx : (N, K) float, written
    dy, y : (N, K) float
    """
    N, K = y.shape
    for n in range(N):
        total = np.float64(0.0)
        for k in range(K):
            total += dy[n, k] * y[n, k]
        for k in range(K):
            dx[n, k] = y[n, k] * (dy[n, k] - total)


@kernel
def log_softmax_forward(y, x):
    """y[n,k] = x[n,k] - m[n] - log(sum over j of exp(x[n,j] - m[n]))      where  m[n] = max over j of x[n,j]

    Parameters
    ----------
    y : (N, K) float, written
    x : (N, K) float
    """
    N, K = x.shape
    for n in range(N):
        largest = np.float64(x[n, 0])
        for k in range(K):
            largest = max(largest, np.float64(x[n, k]))
        total = np.float64(0.0)
        for k in range(K):
            total += np.exp(x[n, k] - largest)
        for k in range(K):
            y[n, k] = x[n, k] - largest - np.log(total)


@kernel
def log_softmax_backward(dx, dy, y):
    """dx[n,k] = dy[n,k] - exp(y[n,k]) * sum over j of dy[n,j]

    Parameters
    ----------
    dx : (N, K) float, written
    dy, y : (N, K) float
    """
    N, K = y.shape
    for n in range(N):
        total = np.float64(0.0)
        for k in range(K):
            total += dy[n, k]
        for k in range(K):
            dx[n, k] = dy[n, k] - np.exp(np.float64(y[n, k])) * total
