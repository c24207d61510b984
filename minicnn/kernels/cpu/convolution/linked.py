"""Convolution along a connection table: each filter, and in the gradient each input map, walks its own list of links.

A link is (map, offset of its filter among the weights).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from minicnn.geometry import Axis
from minicnn.kernels.cpu.convolution.gather import Weighing, append_gather
from minicnn.kernels.cpu.convolution.maps import GatherTables, Read, Weights, backward_reads, forward_reads, gather_tables, reduce_groups
from minicnn.kernels.cpu.convolution.walks import convolution_backward_weight
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.kernels.cpu.program.operands import Parameter
from minicnn.kernels.cpu.program.program import Program

Link = tuple[int, int]


def _links(table: Sequence[Sequence[int]], taps: int) -> list[list[Link]]:
    """The links of every filter, numbered filter by filter."""
    result, number = [], 0
    for row in table:
        result.append([(maps, (number + n) * taps) for n, maps in enumerate(row)])
        number += len(row)
    return result


def _append_one(
    program: Program, tables: GatherTables, y: Activation, x: Activation, links: Sequence[Link], weight: int, bias: int | None
) -> None:
    """One output map: the taps of the map pattern, once for every link."""
    taps: list[Read] = []
    places: dict[tuple[int, int], tuple[int, int]] = {}
    for first, stop in sorted({(run[3], run[4]) for run in tables.runs}):
        begin = len(taps)
        taps += [(source + maps * x.map.plane, w + offset) for maps, offset in links for source, w in tables.taps[first:stop]]
        places[first, stop] = (begin, len(taps))
    runs = [(*run[:3], *places[run[3], run[4]], *run[5:]) for run in tables.runs]
    append_gather(
        program, GatherTables(runs, taps), y, x, (1, 1, 1), Weighing(weight, 0, 0, bias=None if bias is None else Parameter(bias))
    )


def append_linked_forward(
    program: Program, y: Activation, x: Activation, axes: Sequence[Axis], table: Sequence[Sequence[int]], weight: int, bias: int | None
) -> None:
    """y[k] = bias[k] + sum over the links of k."""
    weights = Weights.of(1, [axis.taps for axis in axes])
    reads = [forward_reads(n, axis, weights, halo) for n, (axis, halo) in enumerate(zip(axes, x.map.halo, strict=True))]
    one = y.channels(0, 1)
    tables = gather_tables(reads, one.map, x.map)
    for k, links in enumerate(_links(table, prod(axis.taps for axis in axes))):
        _append_one(program, tables, y.channels(k, 1), x, links, weight, None if bias is None else bias + k)


def append_linked_backward_input(
    program: Program, dx: Activation, dy: Activation, axes: Sequence[Axis], table: Sequence[Sequence[int]], weight: int
) -> None:
    """dx[c] = sum over the links to c."""
    weights = Weights.of(1, [axis.taps for axis in axes])
    tables = gather_tables([backward_reads(n, axis, weights) for n, axis in enumerate(axes)], dx.channels(0, 1).map, dy.map)
    links = _links(table, prod(axis.taps for axis in axes))
    for c in range(dx.map.channels):
        own = [(k, offset) for k, row in enumerate(links) for maps, offset in row if maps == c]
        _append_one(program, tables, dx.channels(c, 1), dy, own, weight, None)


def append_linked_backward_weight(
    program: Program, dweight: int, dy: Activation, x: Activation, axes: Sequence[Axis], table: Sequence[Sequence[int]]
) -> None:
    """dweight (offset into the slot), link by link."""
    weights = Weights.of(1, [axis.taps for axis in axes])
    found = reduce_groups(axes, weights, 1, x.map, dy.channels(0, 1).map, max(axis.out for axis in axes))
    for k, links in enumerate(_links(table, prod(axis.taps for axis in axes))):
        listed: list[int] = []
        for group in found:
            entries = [(source + maps * x.map.plane, w + offset) for maps, offset in links for source, w in group.entries]
            listed += [
                program.constant([n for entry in entries for n in entry]) // 2,
                len(entries),
                program.constant([n for each in group.ranges for n in each]),
                len(group.ranges),
            ]
        program.step(
            convolution_backward_weight,
            dweight=dweight,
            w_filter=0,
            dy=dy.channels(k, 1).place,
            dy_filter=dy.map.plane,
            x=x.place,
            x_channel=0,
            lists=program.constant([len(found), *listed]),
            groups=1,
            channels=1,
            filters=1,
        )
