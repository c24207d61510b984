"""A claim, the computed value, and the verdict, which follows from the two numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

RIGHT, ROUNDED, UNCLEAR, WRONG, ANSWER = "right", "rounded", "unclear", "wrong", "answer"


class Source(NamedTuple):
    """The source: short for tables, and in full."""

    short: str
    full: str


@dataclass(frozen=True)
class Fact:
    """A claim and its computed value.

    claimed : the number in the claim; None for a question
    digit : the size of the claim's last digit: 10 million for "60M", 0 if every digit counts
    bound : whether it claims only a lower bound
    readings : computed values of the other ways to read the claim
    """

    claim: str
    source: Source
    claimed: float | None
    digit: float
    computed: float
    text: str
    why: str
    bound: bool = False
    readings: tuple[float, ...] = ()

    @property
    def verdict(self) -> str:
        """Exact, rounded or truncated to its digits, or wrong; unclear if that depends on how the claim is read."""
        if self.claimed is None:
            return ANSWER
        verdicts = {self._verdict(self.claimed, each) for each in (self.computed, *self.readings)}
        return verdicts.pop() if len(verdicts) == 1 else UNCLEAR

    def _verdict(self, claimed: float, computed: float) -> str:
        if self.bound:
            return RIGHT if computed > claimed else WRONG
        if claimed == computed:
            return RIGHT
        return ROUNDED if abs(claimed - computed) < self.digit else WRONG


def exactly(claim: str, source: Source, claimed: float, computed: float, why: str = "", unit: str = "") -> Fact:
    """A claim in which every digit counts."""
    return Fact(claim, source, claimed, 0, computed, number_text(computed, unit), why)


def about(claim: str, source: Source, claimed: float, digit: float, computed: float, why: str = "", unit: str = "") -> Fact:
    """A claim that has been rounded to a digit."""
    return Fact(claim, source, claimed, digit, computed, number_text(computed, unit), why)


def more_than(claim: str, source: Source, claimed: float, computed: float, why: str = "", unit: str = "") -> Fact:
    """A claim of a lower bound."""
    return Fact(claim, source, claimed, 0, computed, number_text(computed, unit), why, bound=True)


def unclear(claim: str, source: Source, claimed: float, readings: tuple[float, ...], text: str, why: str, digit: float = 0) -> Fact:
    """A claim that can be read in several ways, each with a computed value; unclear only if they do not give one verdict."""
    return Fact(claim, source, claimed, digit, readings[0], text, why, readings=readings[1:])


def answer(question: str, source: Source, computed: float, text: str = "", why: str = "") -> Fact:
    """A question that a lecture leaves open."""
    return Fact(question, source, None, 0, computed, text or number_text(computed, ""), why)


def number_text(value: float, unit: str) -> str:
    """A number for people: "62,378,344 parameters", "8.7 times"."""
    digits = f"{int(value):,}" if value == int(value) else f"{value:,.1f}"
    return f"{digits} {unit}".rstrip()
