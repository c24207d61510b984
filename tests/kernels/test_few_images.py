"""Convolution of fewer images than a vector has lanes, with filters enough for all ways of computing it: against the textbook's loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minicnn.geometry import Axis, output_size
from minicnn.kernels.cpu.convolution import remainders, ways
from minicnn.kernels.cpu.program import call
from minicnn.kernels.index import input_position

from .comparing import AXES, EXAMPLES, close, fewer, generated, poison, soil, wide  # noqa: F401
from .convolving import FAMILIES, Convolution, bounds, convolutions, passes


@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("always", [False, True])
def test_all_passes(always, axes, family, monkeypatch):
    """Every pass, with the same bits on one thread and on three; strided input gradients as is best, and always by remainder."""
    ways.chosen.cache_clear()
    if always:
        monkeypatch.setattr(remainders, "SPEED", 1e9)
        monkeypatch.setattr(remainders, "CALL_PRODUCTS", 0)

    @fewer(1 if axes < 3 else 2)
    @given(case=convolutions(family, axes, few=True))
    def compare(case):
        x, weight, bias = case.arrays()
        dy = case.gradient(passes(case, x, weight, bias).shape)
        results = []
        for threads in (1, 3):
            monkeypatch.setattr(call, "usual_threads", lambda threads=threads: threads)
            soil()
            results.append(passes(case, x, weight, bias, dy))
        exact = passes(case, *map(wide, (x, weight, bias, dy)))
        for got, again, want, bound in zip(*results, exact, bounds(case, x, weight, bias, dy), strict=True):
            close(got, want, bound)
            np.testing.assert_array_equal(got, again)

    compare()
    ways.chosen.cache_clear()


@pytest.mark.parametrize("images", [1, 2, 5, 17])
@pytest.mark.parametrize(("channels", "filters", "sizes"), [(7, 24, (8, 16)), (40, 33, (11, 13)), (33, 130, (130,))])
def test_weight_gradient_of_one_tap(images, channels, filters, sizes, monkeypatch):
    """Images are added up one by one where they lie, with the same bits on any number of threads."""
    weight_shape = (filters, channels, *(1,) * len(sizes))
    case = Convolution("conv", len(sizes), (images, channels, *sizes), weight_shape, (filters,), {})
    x, weight, bias = case.arrays()
    dy = case.gradient((images, filters, *sizes))
    results = []
    for threads in (1, 3, 8):
        monkeypatch.setattr(call, "usual_threads", lambda threads=threads: threads)
        soil()
        results.append(case.function("_backward_weight")(dy, x, weight.shape))
    close(results[0], case.function("_backward_weight")(wide(dy), wide(x), weight.shape), bounds(case, x, weight, bias, dy)[2])
    for again in results[1:]:
        np.testing.assert_array_equal(results[0], again)


@st.composite
def axes_of_any_kind(draw):
    """Padding may be negative, or reach beyond the filter, as where long axes and tiles are cut."""
    taps, stride, dilation = draw(st.integers(1, 7)), draw(st.integers(1, 6)), draw(st.integers(1, 6))
    size, before, after = draw(st.integers(1, 20)), draw(st.integers(-3, 12)), draw(st.integers(0, 12))
    return Axis(size, taps, stride, dilation, before, after, output_size(size, taps, stride, dilation, before, after))


@settings(generated, max_examples=20 * EXAMPLES)
@given(axis=axes_of_any_kind().filter(lambda axis: axis.out > 0))
def test_remainders_read_what_the_axis_reads(axis):
    """The flipped convolutions of dy meet, at every input position, the same outputs and taps as the index map."""
    wanted = {i: set() for i in range(axis.size)}
    for p in range(axis.out):
        for r in range(axis.taps):
            wanted.get(input_position(p, r, axis.stride, axis.dilation, axis.before), set()).add((p, r))
    found = {}
    for share in remainders.shares(axis):
        own = share.axis
        assert own.out == output_size(own.size, own.taps, 1, own.dilation, own.before, own.after)
        assert 0 <= own.before < own.extent
        assert own.after >= 0
        for each in share.remainders:
            for q, i in zip(range(own.out)[each.source], range(axis.size)[each.target], strict=True):
                reads = ((input_position(q, own.taps - 1 - j, 1, own.dilation, own.before), r) for j, r in enumerate(each.taps))
                assert i not in found
                found[i] = {(p + share.input.start, r) for p, r in reads if 0 <= p < own.size}
    assert {i: reads for i, reads in wanted.items() if reads} == {i: reads for i, reads in found.items() if reads}
    assert remainders.reads_everything(axis) == (len(found) == axis.size)


def test_remainders_of_alexnet():
    """Three remainders of three taps and one of two."""
    found = remainders.shares(Axis(227, 11, 4, 1, 0, 0, 55))
    assert [[list(each.taps) for each in share.remainders] for share in found] == [[[0, 4, 8], [1, 5, 9], [2, 6, 10]], [[3, 7]]]


def test_remainders_pay_where_images_are_few_and_work_is_much():
    axes = (Axis(227, 11, 4, 1, 0, 0, 55),) * 2
    assert remainders.remainders_pay(axes, (1, 3), 96, 1)
    assert not remainders.remainders_pay(axes, (16, 3), 96, 1)
    assert not remainders.remainders_pay(tuple(axis._replace(stride=1) for axis in axes), (1, 3), 96, 1)
    assert not remainders.remainders_pay((Axis(28, 5, 2, 1, 0, 0, 12),) * 2, (1, 6), 16, 1)
