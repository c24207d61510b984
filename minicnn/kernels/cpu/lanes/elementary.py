"""Exponential, logarithm, power, tanh and sigmoid of a whole vector, each within 4 units in the last place of float32.

The polynomials are the single-precision minimax ones of Moshier, "Methods and Programs for Mathematical Functions", 1989 (the Cephes
library's expf and tanhf); the logarithm uses the series of the inverse hyperbolic tangent.
"""

import numpy as np

from minicnn.kernels.cpu.lanes.vector import exponent, floor, mantissa, multiply_add, power_of_two, select, splat
from minicnn.kernels.machine_code.compile import kernel

_f = np.float32
ZERO = _f(0)
ONE = _f(1)
INFINITE = _f(np.inf)
HALF = _f(0.5)
LARGEST = _f(88.0)  # exp of more overflows
SMALLEST = _f(-87.0)  # exp of less is below the smallest normal number
LOG2_E = _f(1.44269504088896341)
LN2_HIGH = _f(0.693359375)  # nine bits, so that a multiple is exact
LN2_LOW = _f(-2.12194440e-4)
LN2 = _f(0.693147180559945)
SQRT2 = _f(1.41421356)
EXP_5, EXP_4, EXP_3, EXP_2, EXP_1, EXP_0 = (
    _f(c) for c in (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)
)
TANH_4, TANH_3, TANH_2, TANH_1, TANH_0 = (
    _f(c) for c in (-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1)
)
TANH_SERIES = _f(0.625)  # below, the polynomial; above, the exponential
TWO = _f(2)
ATANH_4, ATANH_3, ATANH_2, ATANH_1 = _f(2 / 9), _f(2 / 7), _f(2 / 5), _f(2 / 3)


@kernel
def exponential(x):
    """exp(x) = 2**n * exp(r) with n whole and |r| <= ln(2)/2; 0 below exp(-87), saturates at exp(88), NaN stays NaN."""
    vanishes = x < SMALLEST
    x = select(x > LARGEST, LARGEST, x)
    x = select(x < SMALLEST, SMALLEST, x)
    n = floor(multiply_add(x, LOG2_E, HALF))
    n = select(x == x, n, ONE)
    r = x - n * LN2_HIGH
    r = r - n * LN2_LOW
    p = multiply_add(r, EXP_5, EXP_4)
    p = multiply_add(p, r, EXP_3)
    p = multiply_add(p, r, EXP_2)
    p = multiply_add(p, r, EXP_1)
    p = multiply_add(p, r, EXP_0)
    return select(vanishes, ZERO, (multiply_add(p * r, r, r) + ONE) * power_of_two(n))


@kernel
def logarithm(x):
    """ln(x) for positive normal x, infinity and NaN: ln(m * 2**e) = e*ln(2) + 2*atanh((m-1)/(m+1))."""
    m = mantissa(x)
    e = exponent(x)
    large = m > SQRT2
    m = select(large, m * HALF, m)
    e = select(large, e + ONE, e)
    s = (m - ONE) / (m + ONE)
    z = s * s
    p = multiply_add(z, ATANH_4, ATANH_3)
    p = multiply_add(p, z, ATANH_2)
    p = multiply_add(p, z, ATANH_1)
    return select(x < INFINITE, multiply_add(e, LN2, multiply_add(p * z, s, s + s)), x)


@kernel
def power(x, exponent_of_all):
    """x ** exponent for positive normal x, infinity and NaN; the error grows with the result's logarithm."""
    return exponential(logarithm(x) * exponent_of_all)


@kernel
def sigmoid(x):
    """1 / (1 + exp(-x))."""
    return splat(ONE) / (exponential(splat(_f(0)) - x) + ONE)


@kernel
def hyperbolic_tangent(x):
    """tanh(x): near 0 a polynomial, elsewhere 1 - 2/(exp(2|x|) + 1) with the sign of x."""
    z = x * x
    p = multiply_add(z, TANH_4, TANH_3)
    p = multiply_add(p, z, TANH_2)
    p = multiply_add(p, z, TANH_1)
    p = multiply_add(p, z, TANH_0)
    near = multiply_add(p * z, x, x)
    size = select(x < _f(0), splat(_f(0)) - x, x)
    far = splat(ONE) - splat(TWO) / (exponential(size + size) + ONE)
    far = select(x < _f(0), splat(_f(0)) - far, far)
    return select(size < TANH_SERIES, near, far)
