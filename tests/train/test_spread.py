"""Figures of several seeds as one."""

import math

from minicnn.train.spread import Spread


def test_the_standard_deviation_is_that_of_a_sample():
    assert Spread.of([2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0])[1:] == (5.0, math.sqrt(32 / 7), 2.0, 9.0)


def test_a_single_value_has_none():
    assert Spread.of([0.5]) == ((0.5,), 0.5, None, 0.5, 0.5)
