"""Convolution in all its families: the fast loops against the textbook's over generated settings, all passes; the adjoint identity."""

import numpy as np
import pytest
from hypothesis import given

from .comparing import AXES, EPSILON, close, fewer, poison, soil, wide  # noqa: F401
from .convolving import FAMILIES, bounds, convolutions, passes


@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize("family", FAMILIES)
def test_fast_loops_agree_with_the_textbook(family, axes):
    """Every pass, whatever the layout of x and dy; the arguments stay as they were."""

    @fewer(1 if axes < 3 else 2)
    @given(case=convolutions(family, axes))
    def compare(case):
        x, weight, bias = case.arrays()
        dy = case.gradient(passes(case, x, weight, bias).shape)
        before = [each.copy() for each in (x, weight, bias, dy)]
        soil()
        fast, exact = passes(case, x, weight, bias, dy), passes(case, *map(wide, (x, weight, bias, dy)))
        for got, want, bound in zip(fast, exact, bounds(case, x, weight, bias, dy), strict=True):
            close(got, want, bound)
        for now, then in zip((x, weight, bias, dy), before, strict=True):
            np.testing.assert_array_equal(now, then)

    compare()


def inner(a, b):
    """<a, b>, summed in float64."""
    return np.vdot(wide(np.ascontiguousarray(a)), wide(np.ascontiguousarray(b)))


@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize("family", FAMILIES)
def test_adjoint_identity(family, axes):
    """<dy, conv(x)> = <conv_backward_input(dy), x> = <conv_backward_weight(dy, x), weight>: all passes have one matrix.

    Each side is wrong by the errors of its elements times what they are multiplied by; <|dy|, sizes of conv(|x|)> is the same sum on all
    three sides.
    """

    @fewer(2 if axes < 3 else 4)
    @given(case=convolutions(family, axes))
    def compare(case):
        x, weight, bias = case.arrays()
        bias[...] = 0
        y = passes(case, x, weight, bias)
        dy = case.gradient(y.shape)
        _, dx, dweight, dbias = passes(case, x, weight, bias, dy)
        allowed = [
            EPSILON * inner(bound, abs(other)) for bound, other in zip(bounds(case, x, weight, bias, dy)[:3], (dy, x, weight), strict=True)
        ]
        assert abs(inner(dy, y) - inner(dx, x)) <= allowed[0] + allowed[1]
        assert abs(inner(dy, y) - inner(dweight, weight)) <= allowed[0] + allowed[2]
        # the bias: <dy, y with a bias of ones> - <dy, y> = <dbias, ones>
        ones = passes(case, x, weight, np.ones_like(bias))
        more = EPSILON * (bounds(case, x, weight, np.ones_like(bias), dy)[0] * abs(dy)).sum() + allowed[0]
        assert abs(inner(dy, ones) - inner(dy, y) - wide(dbias).sum()) <= more + EPSILON * bounds(case, x, weight, bias, dy)[3].sum()

    compare()
