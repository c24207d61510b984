"""The tables of the tiles, against the index map asked position by position; their size, and what they refuse."""

from itertools import product

import numpy as np
import pytest

from minicnn.errors import ShapeError
from minicnn.kernels.cpu.convolution import maps
from minicnn.kernels.cpu.convolution.problem import BACKWARD_INPUT, BACKWARD_WEIGHT, FORWARD
from minicnn.kernels.cuda.convolution import lowering, tables
from minicnn.kernels.index import input_position

from .convolving import CASES, UNSHARED, Case

ROW, LANES = 8, 64
CORNERS = (
    *CASES,
    Case("padding exceeds the image", 1, 1, (6,), 1, 4, stride=4, dilation=2, padding=5),
    Case("strides and dilation share a factor", 1, 2, (13, 11), 2, 3, stride=(4, 6), dilation=(6, 4), padding=6, tile=(3, 2)),
    Case("strides skip pixels", 1, 1, (9, 9), 1, 2, stride=5),
)


def named(cases):
    return pytest.mark.parametrize("case", cases, ids=[case.name for case in cases])


def reads_of_each_position(problem):
    """Per position, its (X offset, weight offset) pairs, by the tables of the CPU."""
    weights, forward = tables.weights_of(problem), problem.work == FORWARD
    axes = [
        maps.forward_reads(n, axis, weights, (0, 0)) if forward else maps.backward_reads(n, axis, weights)
        for n, axis in enumerate(problem.axes)
    ]
    sizes = [axis.size if forward else axis.out for axis in problem.axes]
    strides = [int(np.prod(sizes[n + 1 :])) * ROW for n in range(len(sizes))]
    for position in product(*axes):
        yield [
            (sum(i * stride for (i, _), stride in zip(each, strides, strict=True)), sum(w for _, w in each)) for each in product(*position)
        ]


@pytest.mark.parametrize("work", [FORWARD, BACKWARD_INPUT])
@named(CORNERS)
def test_every_lane_has_one_block_and_reads_what_the_index_map_says(case, work):
    problem = case.problem(work)
    made = tables.gather_tables(problem, ROW, LANES)
    blocks, taps, positions = made.blocks.reshape(-1, tables.BLOCK_FIELDS), made.taps.reshape(-1, 2), made.positions.reshape(-1, 2)
    found = {}
    for first, stop, position, lane, lanes_stop, weight, *_ in blocks.tolist():
        for each in range(lane, min(lane + LANES, lanes_stop)):
            y, x = positions[position + each // ROW].tolist()
            assert y + each % ROW not in found, "two blocks write the same output"
            found[y + each % ROW] = [(x + x_tap, weight + w_tap) for x_tap, w_tap in taps[first:stop].tolist()]
    wanted = list(reads_of_each_position(problem))
    assert found == {p * ROW + n: each for p, each in enumerate(wanted) for n in range(ROW)}


@named(CORNERS)
def test_each_position_of_the_weight_gradient_is_in_the_set_of_its_filter(case):
    problem = case.problem(BACKWARD_WEIGHT)
    made, weights = tables.reduce_tables(problem, ROW), tables.weights_of(problem)
    sizes = [axis.size for axis in problem.axes]
    strides = [int(np.prod(sizes[n + 1 :])) * ROW for n in range(len(sizes))]
    places = list(product(*(range(axis.out) for axis in problem.axes)))
    for t, tap in enumerate(product(*(range(axis.taps) for axis in problem.axes))):
        for p, place in enumerate(places):
            i = [input_position(q, r, a.stride, a.dilation, a.before) for q, r, a in zip(place, tap, problem.axes, strict=True)]
            inside = all(0 <= each < size for each, size in zip(i, sizes, strict=True))
            read = sum(each * stride for each, stride in zip(i, strides, strict=True)) if inside else -1
            assert made.reads[t * len(places) + p] == read
    seen = []
    for first, count, weight, _ in made.sets.reshape(-1, tables.SET_FIELDS).tolist():
        for p in made.positions[first : first + count].tolist():
            assert weight == sum(q % tile * step for q, tile, step in zip(places[p], problem.tile, weights.tile, strict=True))
            seen.append(p)
    assert sorted(seen) == list(range(len(places)))


@pytest.mark.parametrize("work", [FORWARD, BACKWARD_INPUT])
def test_shorter_lists_of_the_outermost_axis_are_beginnings_of_the_longest(work):
    """Without that, the borders of a filter of 31x31 would take 246016 taps, not 15376."""
    taps = tables.gather_tables(Case("full", 1, 1, (64, 64), 1, 31, padding="full").problem(work), ROW, LANES).taps
    assert len(taps) // 2 <= 31 * sum(range(1, 32)) + 1


def test_large_images_with_filters_of_their_own_keep_small_tables():
    case = Case("unshared", 1, 1, (224, 224), 1, 3, padding=1, tile=UNSHARED)
    made = tables.gather_tables(case.problem(FORWARD), 128, 128)
    assert len(made.blocks) // tables.BLOCK_FIELDS == 224 * 224
    assert len(made.taps) // 2 <= 3 * (1 + 2 + 3) + 1


@pytest.mark.parametrize(
    ("case", "words"),
    [
        (Case("x", 2**26, 8, (4, 4), 2, 3), "x has 8589934592 elements"),
        (Case("y", 2**26, 1, (3, 3), 4, 1), "y has 2415919104 elements"),
        (Case("weight", 4, 2**12, (), 2**19, ()), "weight has 2147483648 elements"),
        (Case("reads", 4, 1, (2**17,), 1, 2**16), "the table of reads has"),
    ],
    ids=["x", "y", "weight", "reads"],
)
def test_arrays_that_offsets_cannot_count_are_refused(case, words):
    with pytest.raises(ShapeError, match=words):
        lowering.append_convolution(None, case.problem(FORWARD), case.images, case.row, None, None, None)
