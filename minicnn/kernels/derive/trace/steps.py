"""The steps of a trace, from which a table, a formula or a picture is drawn: what each read, and which of them led to a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple


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


class Reading(NamedTuple):
    """The value of an expression, the factors that it read, and the notes that these came from."""

    value: Any
    factors: list[Factor]
    notes: set[int]


class Notes:
    """Steps (or None, for a number of the index map) in the order of execution, each with the numbers of the notes that it read.

    From the note that stores at the place they are followed back: what did not lead there, the sum of another output for instance, is
    left out.
    """

    def __init__(self) -> None:
        self._notes: list[tuple[Step | None, set[int]]] = []

    @property
    def count(self) -> int:
        return len(self._notes)

    def add(self, step: Step | None, read: set[int]) -> int:
        self._notes.append((step, read))
        return len(self._notes) - 1

    def taken_back(self, count: int) -> list[tuple[Step | None, set[int]]]:
        """The notes after the first `count`, which are forgotten."""
        taken, self._notes = self._notes[count:], self._notes[:count]
        return taken

    def leading_to(self, last: int) -> tuple[Step, ...]:
        """The steps that a note came from, in the order of execution, and its own."""
        wanted, ends = {last}, [last]
        while ends:
            more = self._notes[ends.pop()][1] - wanted
            wanted |= more
            ends += more
        return tuple(step for each in sorted(wanted) if (step := self._notes[each][0]) is not None)
