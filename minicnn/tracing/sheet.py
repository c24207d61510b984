"""The steps of a sum as the cells of a table, for whoever draws it: a terminal, a notebook, a paper.

An index that is the same in all rows stands in the heading, "x[0,c,h,w]", those that move in the cells; an array that is read at the tap
itself needs no place of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from minicnn.tracing.record import NONE, Part, Read, Row, Walk

LONGEST, FIRST, LAST = 28, 12, 6  # rows: of a table that is shown whole, and those that are left of a longer one


class Sheet(NamedTuple):
    """A table; `None` among its lines stands for `hidden` rows that are left out.

    constants : numbers that all rows read: "mean_c = 0.125"
    kinds : of the row of each line
    """

    header: tuple[str, ...]
    lines: tuple[tuple[str, ...] | None, ...]
    kinds: tuple[str, ...]
    hidden: int
    constants: tuple[str, ...]
    taps: int

    @property
    def sides(self) -> str:
        """r for every column: all hold numbers."""
        return "r" * len(self.header)


def number(value: float | None) -> str:
    """A number for people; the records hold all its digits."""
    return "" if value is None else f"{value + 0.0:.6g}"  # -0 is written 0


def sheet(part: Part, walk: Walk, whole: bool = True) -> Sheet:
    """The table of a part; a long one without its middle, unless it is wanted as a whole."""
    steps = [row for row in part.rows if row.kind != "set"]
    letters = tuple(dict.fromkeys(letter for row in steps for letter in row.tap))
    columns, constants = _columns(steps, walk)
    product = any(row.term is not None and _own(row) and row.term != _own(row)[-1].value for row in steps)
    what = "largest so far" if any(row.kind == "compare" for row in steps) else "sum so far"
    header = (*letters, *(word for column in columns for word in column.headings), *(("product",) if product else ()), what)
    at = [*range(len(part.rows))]
    hidden = 0
    if not whole and len(at) > LONGEST:
        hidden, at = len(at) - FIRST - LAST, [*at[:FIRST], -1, *at[-LAST:]]
    lines = tuple(None if n < 0 else _line(part.rows[n], letters, columns, product) for n in at)
    return Sheet(header, lines, tuple("" if n < 0 else part.rows[n].kind for n in at), hidden, constants, len(letters))


class Column(NamedTuple):
    """What is shown of an array: the places that move, if its taps do not tell them, and the number."""

    name: str
    heading: str
    moving: tuple[int, ...]
    places: bool

    @property
    def headings(self) -> tuple[str, ...]:
        return (self.heading, "value") if self.places else (self.heading,)

    def cells(self, row: Row) -> tuple[str, ...]:
        read = next((each for each in row.reads if each.name == self.name), None)
        if read is None:
            return ("",) * len(self.headings)
        value = number(read.value)
        if row.note and not read.inside:
            value = row.note if row.term is None else f"{row.note} 0"
        if not self.places:
            return (value,)
        nowhere = row.note == NONE and not read.inside  # then -1 stands for no position at all, as between those of a stride
        return (",".join("-" if nowhere and read.place[axis] < 0 else str(read.place[axis]) for axis in self.moving), value)


def _own(row: Row) -> list[Read]:
    return list({(read.name, read.place): read for read in row.reads}.values())


def _columns(steps: Sequence[Row], walk: Walk) -> tuple[list[Column], tuple[str, ...]]:
    names = list(dict.fromkeys(read.name for row in steps for read in row.reads))
    columns, constants = [], []
    for name in names:
        pairs = [(row, read) for row in steps for read in row.reads if read.name == name]
        place, values = pairs[0][1].place, {read.value for _, read in pairs}
        if not place:
            if len(values) == 1 and len(steps) > 1:
                constants.append(f"{name} = {number(values.pop())}")
            else:
                columns.append(Column(name, name, (), False))
            continue
        axes = walk.axes.get(name, ())
        axes = axes if len(axes) == len(place) else tuple(f"i{n}" for n in range(len(place)))
        moving = tuple(axis for axis in range(len(place)) if len({read.place[axis] for _, read in pairs}) > 1)
        told = all(row.tap.get(axes[axis]) == read.place[axis] for row, read in pairs for axis in moving)
        if not moving and len(steps) > 1:
            constants.append(f"{name}[{','.join(map(str, place))}] = {number(pairs[0][1].value)}")
            continue
        heading = f"{name}[{','.join(axes[axis] if axis in moving else str(place[axis]) for axis in range(len(place)))}]"
        columns.append(Column(name, heading, moving, bool(moving) and not told))
    return columns, tuple(constants)


def _line(row: Row, letters: Sequence[str], columns: Sequence[Column], product: bool) -> tuple[str, ...]:
    if row.kind == "set":
        begin = " + ".join(f"{read.name}[{','.join(map(str, read.place))}]" if read.place else read.name for read in row.reads)
        width = sum(len(column.headings) for column in columns)
        cells = [""] * width
        if width:
            cells[0] = begin or "begins at"
        return (*[""] * len(letters), *cells, *([""] if product else []), number(row.partial))
    cells = [str(row.tap.get(letter, "")) for letter in letters]
    for column in columns:
        cells += column.cells(row)
    return (*cells, *([number(row.term)] if product else []), number(row.partial))


def statement(row: Row) -> str:
    """A step that stands alone: "mean_c = total / (N * L)  ->  0.125      with total = 98"."""
    reads = ",  ".join(f"{_name(read)} = {number(read.value)}" for read in _own(row))
    return f"{row.text}  ->  {number(row.partial)}" + (f"      with {reads}" if reads else "")


def _name(read: Read) -> str:
    return f"{read.name}[{','.join(map(str, read.place))}]" if read.place else read.name


def stands_alone(part: Part) -> bool:
    """Whether a part is a statement that says something, and no sum nor the mere end of one."""
    (row,) = part.rows if len(part.rows) == 1 else (None,)
    if row is None or part.is_sum:
        return False
    right = row.text.partition(" = ")[2]
    return not (row.kind == "store" and right.isidentifier())
