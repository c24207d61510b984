"""A step of a trace, and what it read: records that a table, a formula or a picture is drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Factor(NamedTuple):
    """A number that a step read: an element of an array, or (place empty) a setting, an earlier result, a call such as `hat(at_w - w)`."""

    name: str
    place: tuple[int, ...]
    value: float


@dataclass(frozen=True)
class Step:
    """One statement, executed once.

    kind : "set" (a sum begins, or a number is worked out), "add" (or subtract, ...), "compare", "skip" (the loop's condition says that
        there is nothing to add: the tap lies outside, say) or "store"
    into : name of the variable, or of the output
    function : name of the definition, or of the function that it called
    text : the statement; of "skip", and of a comparison under an `if`, the condition
    letters : letter, or number of the index map, -> value: of a tap that was skipped, they show why
    factors : what was read, in the order of reading
    term : the product, or whatever was added, compared or stored; None of a tap that was skipped
    partial : what the variable, or the element of the output, holds after the step
    """

    kind: str
    into: str
    function: str
    text: str
    letters: dict[str, int]
    factors: tuple[Factor, ...]
    term: float | None
    partial: float
