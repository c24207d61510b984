"""Convolution of fewer images than a vector has lanes, with filters enough for all ways of computing it: against the textbook's loops."""

import numpy as np
import pytest
from hypothesis import given

from minicnn.kernels.cpu import call

from .comparing import AXES, close, fewer, poison, soil, wide  # noqa: F401
from .convolving import FAMILIES, bounds, convolutions, passes


@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize("family", FAMILIES)
def test_all_passes(axes, family, monkeypatch):
    """Every pass, with the same bits on one thread and on three."""
    @fewer(1 if axes < 3 else 2)
    @given(case=convolutions(family, axes, few=True))
    def compare(case):
        x, weight, bias = case.arrays()
        dy = case.gradient(passes(case, x, weight, bias).shape)
        results = []
        for threads in (1, 3):
            monkeypatch.setattr(call, "default_threads", lambda threads=threads: threads)
            soil()
            results.append(passes(case, x, weight, bias, dy))
        exact = passes(case, *map(wide, (x, weight, bias, dy)))
        for got, again, want, bound in zip(*results, exact, bounds(case, x, weight, bias, dy), strict=True):
            close(got, want, bound)
            np.testing.assert_array_equal(got, again)

    compare()
