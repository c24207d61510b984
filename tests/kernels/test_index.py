"""The index map against its definition: ask every tap of every position."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from minicnn.kernels import index

axis = {
    "size": st.integers(1, 12),
    "taps": st.integers(1, 6),
    "stride": st.integers(1, 5),
    "dilation": st.integers(1, 4),
    "pad": st.integers(-4, 14),
}
generated = settings(max_examples=500, deadline=None, derandomize=True, database=None)


def inside(p, r, size, stride, dilation, pad):
    return 0 <= p * stride + r * dilation - pad < size


def test_input_position_by_hand():
    assert index.input_position(0, 0, 1, 1, 0) == 0
    assert index.input_position(2, 1, 3, 2, 4) == 2 * 3 + 1 * 2 - 4
    assert index.input_position(0, 0, 1, 1, 2) == -2


@generated
@given(p=st.integers(0, 12), **axis)
def test_tap_range_holds_exactly_the_taps_inside(p, size, taps, stride, dilation, pad):
    first, stop = index.tap_range(p, size, taps, stride, dilation, pad)
    assert 0 <= first <= stop <= taps
    assert list(range(first, stop)) == [r for r in range(taps) if inside(p, r, size, stride, dilation, pad)]


@generated
@given(out=st.integers(1, 12), data=st.data(), **axis)
def test_output_range_holds_exactly_the_positions_inside(out, data, size, taps, stride, dilation, pad):
    r = data.draw(st.integers(0, taps - 1))
    first, stop = index.output_range(r, size, out, stride, dilation, pad)
    assert 0 <= first <= stop <= out
    assert list(range(first, stop)) == [p for p in range(out) if inside(p, r, size, stride, dilation, pad)]


@generated
@given(out=st.integers(1, 12), data=st.data(), **axis)
def test_output_position_undoes_input_position(out, data, size, taps, stride, dilation, pad):
    r = data.draw(st.integers(0, taps - 1))
    i = data.draw(st.integers(0, size - 1))
    readers = [p for p in range(out) if index.input_position(p, r, stride, dilation, pad) == i]
    assert len(readers) <= 1
    assert index.output_position(i, r, out, stride, dilation, pad) == (readers[0] if readers else -1)


def test_weight_tap():
    assert [index.weight_tap(r, 4, False) for r in range(4)] == [0, 1, 2, 3]
    assert [index.weight_tap(r, 4, True) for r in range(4)] == [3, 2, 1, 0]


@generated
@given(
    p=st.integers(0, 12),
    pad=st.integers(0, 6),
    pad_after=st.integers(0, 6),
    **{name: axis[name] for name in ("size", "taps", "stride", "dilation")},
)
def test_counted_taps(p, size, taps, stride, dilation, pad, pad_after):
    start = p * stride - pad
    reads = range(start, start + taps * dilation, dilation)
    settings = (p, size, taps, stride, dilation, pad, pad_after)
    assert index.counted_taps(*settings, False) == sum(0 <= i < size for i in reads)
    if start < size + pad_after:
        assert index.counted_taps(*settings, True) == sum(-pad <= i < size + pad_after for i in reads)


def test_tile_position():
    assert [index.tile_position(p, 3) for p in range(7)] == [0, 1, 2, 0, 1, 2, 0]


@generated
@given(size=st.integers(1, 20), out=st.integers(1, 20))
def test_adaptive_range(size, out):
    regions = [range(*index.adaptive_range(p, size, out)) for p in range(out)]
    assert [each.start for each in regions] == [math.floor(p * size / out) for p in range(out)]
    assert [each.stop for each in regions] == [math.ceil((p + 1) * size / out) for p in range(out)]
    assert set().union(*regions) == set(range(size))
    for i in range(size):
        assert list(range(*index.adaptive_range(i, out, size))) == [p for p in range(out) if i in regions[p]]
