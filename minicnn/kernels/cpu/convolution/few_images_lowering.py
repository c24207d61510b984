"""Convolution for a shard that does not fill a vector: lanes run over columns and images together, and from one row into the next.

x is first copied between its padding, pixels sorted by their remainder modulo the stride, so that every position reads alike and
neighbours read neighbours.  Columns of padding before a row serve as those after the row above.  A vector may then hold the end of one row
and the beginning of the next: the positions between them are computed for nothing and left out when the result is copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from math import prod
from typing import NamedTuple

from minicnn.geometry import Axis
from minicnn.kernels.cpu.convolution.axes import with_halo
from minicnn.kernels.cpu.convolution.ending import NOTHING
from minicnn.kernels.cpu.convolution.few_images import SortedAxis, Sorting, arrange_step, grouped_step, leave_gaps_step
from minicnn.kernels.cpu.convolution.gather import Weighing, append_gather, gathered
from minicnn.kernels.cpu.convolution.maps import GatherTables, Read, Weights
from minicnn.kernels.cpu.convolution.problem import BACKWARD_INPUT, Operands, Problem
from minicnn.kernels.cpu.convolution.tiles import TILE_FILTERS, TILE_VECTORS
from minicnn.kernels.cpu.convolution.walks import CUT_FILTERS, CUT_GROUPS, CUT_RUNS
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.kernels.cpu.program.activation import Activation, Outside
from minicnn.kernels.cpu.program.feature_map import FeatureMap
from minicnn.kernels.cpu.program.program import Place, Program, padded

FILTER_BYTES = 256 * 1024  # filters that pass over all positions before the next
LONG_ROW = 3  # vectors of a row beyond which rows are walked one by one
MANY_PARTS = 16  # groups that are shared evenly
ENOUGH_PARTS = 8  # tiles of filters, or of positions, that are
GAP_COST = 1.05  # how many more vectors rows may take one by one before they are joined, which costs a copy of the result


class Line(NamedTuple):
    """How the pixels of one axis lie: sorted by remainder modulo the stride, padding between.

    remainders : those that some tap reads
    first, stop : for each of them, which of its places hold pixels; the others are zero
    needed : for each, the places that are read
    out : output positions
    """

    remainders: tuple[int, ...]
    first: tuple[int, ...]
    stop: tuple[int, ...]
    needed: tuple[int, ...]
    out: int

    @property
    def length(self) -> int:
        """Places of a remainder."""
        return max(self.needed)

    @property
    def joined_length(self) -> int:
        """The same where a row's places after its last pixel are the next row's before its first."""
        return max(self.out, *(max(stop, needed - first) for first, stop, needed in zip(self.first, self.stop, self.needed, strict=True)))

    def place(self, axis: Axis, tap: int) -> tuple[int, int]:
        """Of what the first position reads through a tap: which of the remainders, and which place."""
        quotient, remainder = divmod(tap * axis.dilation, axis.stride)
        return self.remainders.index(remainder), quotient


def line_of(axis: Axis) -> Line:
    """Places are counted from the padding's beginning: place i of a remainder is the pixel i * stride + remainder - before."""
    reach: dict[int, int] = {}
    for tap in range(axis.taps):
        quotient, remainder = divmod(tap * axis.dilation, axis.stride)
        reach[remainder] = max(reach.get(remainder, 0), axis.out + quotient)
    remainders = tuple(sorted(reach))
    needed = tuple(reach[remainder] for remainder in remainders)

    def places_below(pixel: int) -> tuple[int, ...]:
        return tuple(
            min(count, max(0, -(-(axis.before + pixel - remainder) // axis.stride)))
            for remainder, count in zip(remainders, needed, strict=True)
        )

    return Line(remainders, places_below(0), places_below(axis.size), needed, axis.out)


class Arrangement(NamedTuple):
    """Where everything lies in the copy: elements from channel to channel, depth to depth, remainder to remainder, row to row."""

    lines: tuple[Line, Line, Line]  # depth, rows, columns
    joined: bool
    shard: int

    @property
    def columns(self) -> int:
        """Places of a row."""
        return self.lines[2].joined_length if self.joined else self.lines[2].length

    @property
    def row(self) -> int:
        """Elements from row to row."""
        return self.columns * self.shard

    @property
    def plane(self) -> int:
        """Elements of the rows and columns of one remainder; a joined last row has its padding after it."""
        return (self.lines[1].length * self.columns + self.lines[2].length - self.columns) * self.shard

    @property
    def depth(self) -> int:
        """Elements from depth to depth."""
        return self.plane * len(self.lines[1].remainders) * len(self.lines[2].remainders)

    @property
    def channel(self) -> int:
        """Elements from channel to channel."""
        return self.depth * self.lines[0].length * len(self.lines[0].remainders)

    def offset(self, axes: Sequence[Axis], tap: Sequence[int]) -> int:
        """Of what the first position reads through a tap."""
        (d_remainder, d), (h_remainder, h), (w_remainder, w) = (
            line.place(axis, each) for line, axis, each in zip(self.lines, axes, tap, strict=True)
        )
        depth = d_remainder * self.lines[0].length + d
        plane = h_remainder * len(self.lines[2].remainders) + w_remainder
        return depth * self.depth + plane * self.plane + h * self.row + w * self.shard


def _vectors(lanes: int) -> int:
    return -(-lanes // LANES)


def arrangement(axes: Sequence[Axis], shard: int) -> Arrangement:
    """Rows joined where that takes fewer vectors; `axes` are three."""
    lines = tuple(map(line_of, axes))
    rows, columns = axes[1].out, axes[2].out
    joined = Arrangement(lines, True, shard)  # type: ignore[arg-type]
    lanes = (rows - 1) * joined.row + columns * shard
    if _vectors(lanes) * GAP_COST <= rows * _vectors(columns * shard) or joined.columns == columns:
        return joined
    return joined._replace(joined=False)


def row_vectors(axes: Sequence[Axis], shard: int) -> int:
    """Vectors of positions of images side by side, by the better way."""
    wide = three_axes(axes)
    lie = arrangement(wide, shard)
    depth, rows, columns = (axis.out for axis in wide)
    return depth * (_vectors((rows - 1) * lie.row + columns * shard) if lie.joined else rows * _vectors(columns * shard))


def three_axes(axes: Sequence[Axis]) -> tuple[Axis, ...]:
    """Missing axes first: a single pixel that a single tap reads."""
    return (Axis(1, 1, 1, 1, 0, 0, 1),) * (3 - len(axes)) + tuple(axes)


class Turn(NamedTuple):
    """Of filters that take turns: how many along each of three axes, which one, and the axes of a window that all of them read."""

    tiles: tuple[int, ...]
    place: tuple[int, ...]
    window: tuple[Axis, ...]


def append_few_images_forward(
    program: Program,
    y: Activation | Outside,
    x: Activation | Outside,
    problem: Problem,
    operands: Operands,
    turn: Turn | None = None,
) -> None:
    """y = conv(x, weight) + bias, and then what the operands say; or dx from dy, which for stride 1 is a convolution of dy.

    turn : of filters that take turns, which one this is; then x comes as arranged for all of them
    """
    back = problem.work == BACKWARD_INPUT
    problem = problem.as_forward()
    axes, groups, (weight, bias, rectify, _, added) = problem.axes, problem.groups, operands
    shard, channels, filters = x.map.shard, x.map.channels // groups, y.map.channels // groups
    wide = three_axes(axes if turn else with_halo(axes, x.map.halo))
    tiles, place, window = turn or ((1, 1, 1), (0, 0, 0), wide)
    lie = arrangement(window, shard)
    weights = Weights.of(filters if back else channels, [axis.taps for axis in wide], tiles, problem.flip)
    bias_at = sum(n * prod(tiles[i + 1 :]) for i, n in enumerate(place))
    w_group = (channels if back else filters) * weights.filter
    if back:
        weights = weights._replace(filter=weights.channel, channel=weights.filter)
    taps: list[Read] = []
    for tap in product(*(range(axis.taps) for axis in wide)):
        own = sum(weights.offset(n, place[n], r, axis.taps) for n, (r, axis) in enumerate(zip(tap, wide, strict=True)))
        # the filters' window is theirs together: positions of the first, taps of all
        read = [n * axis.stride // tile + r * axis.dilation for n, r, axis, tile in zip(place, tap, wide, tiles, strict=True)]
        taps.append((lie.offset(window, read if turn else tap), own))
    depth, rows, width = (axis.out for axis in wide)
    gap = lie.joined and lie.columns > width
    y_row = lie.row if gap else width * shard
    lanes_of_all = (rows - 1) * lie.row + width * shard
    source = x if turn or _is_arranged(x, wide, lie) else None
    overlap = source is not None and bool(x.field) and lanes_of_all % LANES != 0  # no vector may reach beyond a user's array
    runs: list[tuple[int, ...]] = []
    for o in range(depth):
        y_at, x_at = o * rows * y_row, o * lie.depth
        if lie.joined:
            most = TILE_VECTORS * LANES if filters > 1 else lie.plane
            runs += [
                (y_at + lane, x_at + lane, lanes, 0, len(taps), 0, bias_at, LANES, LANES, LANES)
                for lane, lanes in stretches(lanes_of_all, most, overlap)
            ]
        elif y_row > LONG_ROW * LANES:
            runs += [(y_at + p * y_row, x_at + p * lie.row, y_row, 0, len(taps), 0, bias_at, LANES, LANES, LANES) for p in range(rows)]
        else:
            runs += [
                (y_at + lane, x_at + lane, rows * LANES, 0, len(taps), 0, bias_at, y_row, lie.row, min(LANES, y_row - lane))
                for lane in range(0, y_row, LANES)
            ]
    tables = GatherTables(runs, taps)
    filter_bytes = 4 * channels * len(taps)
    filter_block = max(TILE_FILTERS, FILTER_BYTES // max(1, filter_bytes) // TILE_FILTERS * TILE_FILTERS)
    weighing = Weighing(weight, weights.channel, weights.filter, w_group, bias, prod(tiles), rectify, added)
    sizes = (groups, channels, filters)
    apart = FeatureMap(filters, (depth * rows, y_row // shard), shard)
    if groups >= MANY_PARTS and not turn:
        arranged, result = _own_parts(program, FeatureMap(channels, (lie.channel // shard,), shard)), _own_parts(program, apart)
        program.step(
            grouped_step,
            gather=gathered(program, tables, result, arranged, sizes, weighing, filter_block, CUT_GROUPS),
            copy_size=padded(arranged.size),
            x=x.operand,
            sorting=_sorting(program, wide, lie),
            channels=channels,
            result_size=padded(result.size),
            y=y.operand,
            rows=depth * rows,
            width=width * shard,
            pitch=y_row,
        )
        return
    source = source or append_arranged(program, x, wide, lie)
    blocked = lie.joined and not overlap  # where runs overlap, one may not add to what the other has finished
    cut = cut_of(filters, len(runs), filter_bytes * filters, 4 * channels * lie.channel)
    if not gap:
        append_gather(program, tables, y, source, sizes, weighing, filter_block, cut, blocked)
        return
    apart = replace(apart, channels=groups * filters)
    result = Activation(program.buffer(apart.size), apart)
    if added:  # where the result gets to its place
        weighing = weighing._replace(added=None, rectify=False)
    append_gather(program, tables, result, source, sizes, weighing, filter_block, cut, blocked)
    program.step(
        leave_gaps_step,
        y=y.operand,
        x=result.place,
        rows=y.map.channels * depth * rows,
        width=width * shard,
        pitch=y_row,
        added=added.place if added else NOTHING,
        rectify=rectify,
    )


def _own_parts(program: Program, geometry: FeatureMap) -> Activation:
    """Memory for one value for each part that runs at a time."""
    return Activation(program.buffer(padded(geometry.size) * max(1, program.step_parts)), geometry)


def stretches(lanes: int, most: int, overlap: bool) -> list[tuple[int, int]]:
    """(first lane, lanes) of the runs of a long row.

    overlap : all vectors are full; the last ones begin so early that they end with the row, which has lanes enough for a vector
    """
    stretches = [(lane, min(most, lanes - lane)) for lane in range(0, lanes, most)]
    if overlap:
        whole = _vectors(stretches[-1][1]) * LANES
        stretches[-1:] = [(lanes - whole, whole)] if whole <= lanes else [(0, whole - LANES), (lanes - LANES, LANES)]
    return stretches


def _is_arranged(x: Activation | Outside, axes: Sequence[Axis], lie: Arrangement) -> bool:
    """Whether x itself lies as the copy would, and no vector need reach beyond its end."""
    plain = all(axis.stride == 1 and axis.before == 0 and line.length == axis.size for axis, line in zip(axes, lie.lines, strict=True))
    return plain and (not x.field or (lie.joined and (axes[1].out - 1) * lie.row + axes[2].out * lie.shard >= LANES))


def append_arranged(program: Program, x: Activation | Outside, axes: Sequence[Axis], lie: Arrangement) -> Activation:
    """x between its padding, sorted; `axes` are three."""
    arranged = FeatureMap(x.map.channels, (lie.channel // lie.shard,), lie.shard)
    buffer = program.buffer(arranged.size)
    program.step(arrange_step, y=Place(buffer), x=x.operand, channels=x.map.channels, sorting=_sorting(program, axes, lie))
    return Activation(buffer, arranged)


def _sorting(program: Program, axes: Sequence[Axis], lie: Arrangement) -> Sorting:
    """What `arrange` is told of the copy."""
    sorted_axes = []
    for axis, line, places in zip(axes, lie.lines, (*(line.length for line in lie.lines[:2]), lie.columns), strict=True):
        remainders = program.constant([n for each in zip(line.remainders, line.first, line.stop, strict=True) for n in each])
        sorted_axes.append(SortedAxis(axis.size, axis.stride, axis.before, places, len(line.remainders), remainders))
    return Sorting(lie.shard, lie.plane, lie.row, *sorted_axes)


def cut_of(filters: int, runs: int, filter_bytes: int, input_bytes: int) -> int:
    """Along what the work is cut, if there are parts enough: so that each part reads the smaller of weights and input whole."""
    tiles = -(-filters // TILE_FILTERS)
    if min(tiles, runs) >= ENOUGH_PARTS:
        return CUT_FILTERS if filter_bytes > input_bytes else CUT_RUNS
    return CUT_FILTERS if tiles > runs else CUT_RUNS
