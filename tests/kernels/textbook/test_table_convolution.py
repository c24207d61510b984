"""Convolution along a table: worked by hand, as a convolution with zeros where no link is, numeric gradients."""

import numpy as np
import pytest

from minicnn.kernels import textbook

from .checks import close, close_to_numeric, numeric_gradient, poisoned, uniform

LINKS = np.array([0, 0, 1, 2, 2]), np.array([1, 3, 0, 0, 1])  # filters, maps; map 2 serves none


def along_table(x, weight, bias, out, *settings, links=LINKS):
    y = poisoned((len(x), len(bias), *out))
    textbook.table_conv2d_forward(y, x, weight, bias, *links, *settings)
    return y


def test_by_hand():
    """Two filters of one pixel: the first sees maps 0 and 1, the second map 1 only."""
    x, weight = np.array([2.0, 10.0]).reshape(1, 2, 1, 1), np.array([1.0, 3.0, 5.0]).reshape(3, 1, 1)
    links = np.array([0, 0, 1]), np.array([0, 1, 1])
    assert along_table(x, weight, np.array([0.5, 0.0]), (1, 1), 1, 1, 0, 0, 1, 1, links=links).ravel().tolist() == [32.5, 50.0]


@pytest.mark.parametrize("settings", [(1, 1, 0, 0, 1, 1), (2, 1, 1, 2, 1, 2)])
def test_as_a_convolution_with_zeros_and_its_gradients(settings):
    x, weight, bias, out = uniform(0, (2, 4, 5, 6)), uniform(1, (5, 2, 3)), uniform(2, 3), (3, 4)
    full = np.zeros((3, 4, 2, 3))
    full[LINKS] = weight
    y, plain = along_table(x, weight, bias, out, *settings), poisoned((2, 3, *out))
    textbook.conv2d_forward(plain, x, full, bias, *settings, 1, False)
    close(y, plain, terms=full[0].size)
    dy, dx, dweight = uniform(3, y.shape), poisoned(x.shape), poisoned(weight.shape)
    textbook.table_conv2d_backward_input(dx, dy, weight, *LINKS, *settings)
    textbook.table_conv2d_backward_weight(dweight, dy, x, *LINKS, *settings)
    close_to_numeric(dx, numeric_gradient(lambda v: along_table(v, weight, bias, out, *settings), x, dy))
    close_to_numeric(dweight, numeric_gradient(lambda v: along_table(x, v, bias, out, *settings), weight, dy))
