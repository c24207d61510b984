"""What a trace is made of: one number of one layer, and everything that was multiplied, added and compared for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

Place = tuple[int, ...]
PADDING, NONE = "padding", "none"  # why a tap adds nothing: it reads beside the input, or there is nothing to read


class Read(NamedTuple):
    """A number that was read: `name[place]`, or (place empty) a setting or an earlier result.

    inside : False for a tap on padding, which reads nothing and counts as 0
    """

    name: str
    place: Place
    value: float
    inside: bool = True


@dataclass(frozen=True)
class Row:
    """One step.

    kind : "set", "add", "compare", "skip" or "store", as in `minicnn.kernels.derive.trace.Step`
    tap : letter -> number, of the loops that run
    worked : the index map with the numbers of this tap put in: "h = 2*2 + 1*1 - 1 = 4"
    note : why a tap adds nothing, `PADDING` or `NONE`; else empty
    term : the product, or whatever was added, compared or stored; 0 of a tap on padding, None of one that is skipped otherwise
    partial : the sum (or the largest so far) after the step
    text : the statement; of "skip" the condition
    """

    kind: str
    tap: dict[str, int]
    worked: tuple[str, ...]
    reads: tuple[Read, ...]
    note: str
    term: float | None
    partial: float
    text: str


class Part(NamedTuple):
    """The steps of one sum (or maximum), or one step that stands alone."""

    into: str
    rows: tuple[Row, ...]

    @property
    def is_sum(self) -> bool:
        return any(row.kind in ("add", "compare", "skip") for row in self.rows)


@dataclass(frozen=True)
class Walk:
    """One loop at one place: `function` gives `output[place]`.

    letters : letter -> number, of the loops that stand still
    formula : of the loop's docstring
    worked : its index map with the numbers put in, taps left open
    axes : array -> the letters of its axes
    """

    function: str
    output: str
    place: Place
    letters: dict[str, int]
    formula: str
    worked: tuple[str, ...]
    axes: dict[str, tuple[str, ...]]
    parts: tuple[Part, ...]


@dataclass(frozen=True, repr=False)
class Traced:
    """One number, every product.

    network, layer, kind : "lenet", "conv2", "Conv2D"
    settings : of the layer, in words
    wanted : "y", or a gradient: "dx", "dweight", ...
    place, axes : where, and the letters of the axes
    walks : the loops that lead to it, the last writes it; none if the layer only moves numbers
    value : what the textbook loop computes, the last partial sum rounded to the dtype
    engine : what the fast engine computes for the same place from the same numbers
    bound, rule : how far rounding may take these two apart, and how that is worked out
    notes : what else a reader must know, such as that the weights are untrained
    """

    network: str
    layer: str
    kind: str
    settings: tuple[str, ...]
    wanted: str
    place: Place
    axes: tuple[str, ...]
    walks: tuple[Walk, ...]
    value: float
    engine: float
    bound: float
    rule: str
    dtype: str
    notes: tuple[str, ...] = ()

    @property
    def difference(self) -> float:
        return 0.0 if self.engine == self.value or (self.engine != self.engine and self.value != self.value) else self.engine - self.value

    @property
    def holds(self) -> bool:
        """Whether engine and textbook agree within the bound."""
        return abs(self.difference) <= self.bound

    @property
    def rows(self) -> tuple[Row, ...]:
        """Every step of the last loop, sum by sum."""
        return tuple(row for part in self.walks[-1].parts for row in part.rows) if self.walks else ()

    @property
    def name(self) -> str:
        """As in "y[k=3, p=4, q=5]"."""
        return f"{self.wanted}[{', '.join(f'{letter}={i}' for letter, i in zip(self.axes, self.place, strict=True))}]"

    def to_dict(self) -> dict[str, Any]:
        """As JSON values, every step at full precision."""
        return {
            "network": self.network,
            "layer": self.layer,
            "type": self.kind,
            "settings": list(self.settings),
            "output": self.wanted,
            "axes": list(self.axes),
            "place": list(self.place),
            "value": self.value,
            "engine": self.engine,
            "difference": self.difference,
            "bound": self.bound,
            "bound_rule": self.rule,
            "holds": self.holds,
            "dtype": self.dtype,
            "notes": list(self.notes),
            "loops": [_walk_record(walk) for walk in self.walks],
        }


def _walk_record(walk: Walk) -> dict[str, Any]:
    return {
        "loop": walk.function,
        "output": walk.output,
        "place": list(walk.place),
        "letters": walk.letters,
        "formula": walk.formula,
        "worked": list(walk.worked),
        "parts": [{"into": part.into, "rows": [_row_record(row) for row in part.rows]} for part in walk.parts],
    }


def _row_record(row: Row) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "tap": row.tap,
        "worked": list(row.worked),
        "reads": [{"name": read.name, "place": list(read.place), "value": read.value, "inside": read.inside} for read in row.reads],
        "note": row.note,
        "term": row.term,
        "partial": row.partial,
        "text": row.text,
    }
