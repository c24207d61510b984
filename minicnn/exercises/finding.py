"""What is told about a submission: the first wrong number, and where its sum goes another way than the right one."""

from __future__ import annotations

from typing import NamedTuple

PASSED, WRONG, ERROR = "passed", "wrong", "error"


class Finding(NamedTuple):
    """The first wrong output.

    case : name
    output, place : which number
    got, wanted : what it is, and what it must be
    formula, letters : of the right loop, at this place
    tap, yours : the first product (or number) that differs: the right one, and that of the submission; empty if it was not found
    mistake : a mistake with which the same numbers come out; empty if none is known
    in_all_cases : whether they do so in all cases, and not in this one alone
    sum : the right sum, product by product; empty where there is none
    steps : then what the right loop holds on its way
    """

    case: str
    output: str
    place: tuple[int, ...]
    got: float
    wanted: float
    formula: str
    letters: dict[str, int]
    tap: str = ""
    yours: str = ""
    mistake: str = ""
    in_all_cases: bool = False
    sum: str = ""
    steps: str = ""


class Grade(NamedTuple):
    """The result of one submission to one exercise.

    result : "passed", "wrong" (it ran, and a number is wrong) or "error" (it did not run to its end)
    passed, cases : counts
    message : one line that stands alone
    printed : the beginning of what it printed
    """

    submission: str
    exercise: str
    result: str
    passed: int
    cases: int
    message: str
    finding: Finding | None = None
    printed: str = ""


def place_text(name: str, place: tuple[int, ...]) -> str:
    """An element as it is written: x[0, 1, 2]."""
    return f"{name}[{', '.join(map(str, place))}]"


def number_text(value: float) -> str:
    """A number for people: whole ones without a point."""
    return f"{value + 0.0:.10g}"
