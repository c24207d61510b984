"""Programs: buffers that share memory, tables kept once, numbers carried as bits, threads that share the work."""

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minicnn.kernels.cpu.program.program import Buffer, Program, padded, place_buffers
from minicnn.kernels.machine_code.records import bits


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 400), st.integers(0, 20), st.integers(0, 20), st.booleans()), max_size=25), st.booleans())
def test_buffers_needed_together_do_not_overlap(wanted, in_turn):
    buffers = []
    for size, first, length, permanent in wanted:
        buffer = Buffer(size, permanent)
        buffer.used_at(first)
        buffer.used_at(first + length)
        buffers.append(buffer)
    most = place_buffers(buffers, 50)
    total = place_buffers(buffers, 50, in_turn)
    assert total <= most
    for n, one in enumerate(buffers):
        assert one.offset % 16 == 0
        assert one.offset + one.size <= total
        for other in buffers[:n]:
            together = one.first <= other.last and other.first <= one.last
            apart = one.offset + padded(one.size) <= other.offset or other.offset + padded(other.size) <= one.offset
            assert apart or not together


def test_buffers_needed_one_after_the_other_share():
    buffers = [Buffer(1000), Buffer(1000)]
    buffers[0].used_at(0)
    buffers[1].used_at(1)
    assert place_buffers(buffers, 2) == padded(1000)


def test_what_is_needed_in_turn_lies_where_something_was_read_a_moment_ago_if_that_takes_no_more():
    """A small buffer, then a large one and another small one: the last lies where the first did, not beyond the large one."""
    buffers = [Buffer(100), Buffer(1000), Buffer(100)]
    for buffer, steps in zip(buffers, [(0, 1), (1, 3), (2, 3)], strict=True):
        for step in steps:
            buffer.used_at(step)
    found = []
    for in_turn in (False, True):
        total = place_buffers(buffers, 4, in_turn)
        found.append(([buffer.offset for buffer in buffers], total))
    assert found[0][0] == [padded(1000), 0, padded(1000)]
    assert found[1][0] == [0, padded(100), 0]
    assert found[0][1] == found[1][1]


def test_equal_tables_are_kept_once():
    program = Program()
    first = program.constant([1, 2, 3])
    assert program.constant([1, 2, 4]) != first
    assert program.constant([1, 2, 3]) == first
    table = program.finish().table
    np.testing.assert_array_equal(table[first : first + 3], [1, 2, 3])


@pytest.mark.parametrize("number", [0.0, -0.0, 1e-4, 0.75, -3.5, float("inf")])
def test_numbers_as_bits(number):
    assert struct.pack("<q", bits(number)) == struct.pack("<d", number)
