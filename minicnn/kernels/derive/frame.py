"""What the walk through a definition holds in its hands: the variables of a call, and what an expression read."""

from __future__ import annotations

from typing import Any, NamedTuple

from minicnn.kernels.derive.steps import Factor
from minicnn.kernels.derive.watched import Watched


class Reading(NamedTuple):
    """The value of an expression, the factors that it read, and the notes that these came from."""

    value: Any
    factors: list[Factor]
    notes: set[int]


class Frame:
    """The variables of one call.

    scopes : sizes, then the numbers that every loop around the statement has set
    came_from : variable -> the note that set it
    stands_for : variable -> the element that it is another name of
    """

    def __init__(self, watched: Watched, values: dict[str, Any]) -> None:
        self.watched, self.values = watched, watched.space | values
        self.scopes: list[dict[str, int]] = [{}]
        self.came_from: dict[str, int] = {}
        self.stands_for: dict[str, Factor] = {}
        self.returned: Reading | None = None
