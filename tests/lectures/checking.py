"""What a check of the lectures is: a function that computes, and says how it came out.

"equal"                the number, picture or effect of the lecture
"honestly different"   another figure, and the reason
"context"              history or an argument: there is nothing to reproduce
"page"                 comes with the playground in the browser
"not covered"          and why
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minicnn import facts as fact_registry
from minicnn import kernels, laws, zoo
from minicnn.network import Graph

EQUAL, DIFFERENT, CONTEXT, PAGE, MISSING = "equal", "honestly different", "context", "page", "not covered"
VERDICTS = (EQUAL, DIFFERENT, CONTEXT, PAGE, MISSING)
RECORDS = Path(__file__).parent / "records"
RANDOM = np.random.default_rng(0)  # what checks draw from; every check starts where it starts
START = RANDOM.bit_generator.state
LONGEST = 140  # letters of many numbers
SCALE = "other images and fewer of them than the lecture's"


class Outcome(NamedTuple):
    """How a check came out: a verdict, and the figures and reasons in words."""

    verdict: str
    words: str


Check = Callable[[], Outcome]


def equal(claimed: Any, found: Any, within: float = 0) -> Outcome:
    """The lecture's numbers (or shapes, or lists of them), none further off than `within`; else the row is not covered."""
    claim, ours = np.asarray(claimed), np.asarray(found)
    if claim.dtype.kind in "US" or within == 0:
        right = claim.shape == ours.shape and bool((claim == ours).all())
    else:
        right = claim.shape == ours.shape and bool((abs(claim - ours) <= within).all())
    if right:
        return Outcome(EQUAL, text(claimed) if within == 0 else f"differs by {abs(claim - ours).max():.1g} at most")
    return Outcome(MISSING, f"gives {text(found)}, not {text(claimed)}")


def true(what: str, holds: object) -> Outcome:
    """A statement that was computed."""
    return Outcome(EQUAL, what) if holds else Outcome(MISSING, f"does not hold: {what}")


def different(claimed: Any, found: Any, reason: str) -> Outcome:
    """Another figure than the lecture's, for a reason; if the figure is the lecture's after all, the reason is out of date."""
    if np.array_equal(np.asarray(claimed), np.asarray(found)):
        return Outcome(EQUAL, text(found))
    return Outcome(DIFFERENT, f"{text(found)}, not {text(claimed)}: {reason}")


def text(value: Any) -> str:
    """A number or several of them for people, cut if they are many."""
    words = spelt(value)
    return words if len(words) <= LONGEST else f"{words[:LONGEST]} ..."


def spelt(value: Any) -> str:
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list | tuple):
        joint = " / " if any(isinstance(each, list | tuple) for each in value) else " "
        return joint.join(spelt(each) for each in value)
    if isinstance(value, float) and value == int(value):
        value = int(value)
    return (
        f"{value:,}"
        if isinstance(value, int) and not isinstance(value, bool)
        else f"{value:.4g}"
        if isinstance(value, float)
        else str(value)
    )


@cache
def all_facts() -> tuple[Any, ...]:
    return tuple(fact_registry.facts())


def fact(*begins: str) -> Outcome:
    """Claims of `minicnn facts`: those that are wrong or unclear are honestly different, with the figure and why."""
    words, worst = [], EQUAL
    for begin in begins:
        found = [each for each in all_facts() if each.claim.startswith(begin)]
        if not found:
            return Outcome(MISSING, f"no fact begins with {begin!r}")
        words.append(f"{found[0].text}: {found[0].why}" if found[0].why else found[0].text)
        worst = worst if found[0].verdict in ("right", "rounded", "answer") else DIFFERENT
    return Outcome(worst, "; ".join(words))


def fact_or(begin: str, otherwise: Check) -> Outcome:
    """The fact, or a check of its own where there is no such fact."""
    found = fact(begin)
    return otherwise() if found.verdict == MISSING else found


def law(*names: str) -> Outcome:
    """Laws that hold for drawn settings."""
    for name in names:
        (one,) = [each for each in laws.LAWS if each.name == name]
        result = laws.check(one, dtype="float64", examples=3)
        if not result.holds:
            return Outcome(MISSING, f"law {name}: wrong by {result.worst_error:.1g}")
    return Outcome(EQUAL, f"law {', '.join(names)}: holds")


def tested(*functions: Callable[[], None]) -> Outcome:
    """Tests of the repository that work the lecture's numbers out: they pass."""
    for function in functions:
        function()
    return Outcome(EQUAL, ", ".join(function.__name__.removeprefix("test_").replace("_", " ") for function in functions))


def params(name: str) -> int:
    return summary(name).totals.params


@cache
def summary(name: str) -> Any:
    return zoo.find(name).summary()


def layer(name: str, row: str) -> Any:
    return next(each for each in summary(name).layers if each.name == row)


def maps(name: str, *rows: str) -> list[tuple[int, ...]]:
    return [layer(name, row).output_shape for row in rows]


def net(element: Any, shape: tuple[int, ...], seed: int = 0) -> Graph:
    return Graph(element, shape, seed=seed)


def count(element: Any, shape: tuple[int, ...]) -> int:
    return Graph(element, shape).summary().totals.params


def grid(rows: Any, dtype: Any = np.float32) -> np.ndarray:
    """One image of one channel."""
    return np.array(rows, dtype)[None, None]


def line(numbers: Any) -> np.ndarray:
    return np.array(numbers, np.float32)[None, None]


def size(pixels: int, taps: int, **settings: Any) -> tuple[int, ...]:
    """The map that ones give."""
    return kernels.conv2d(grid(np.ones((pixels, pixels))), grid(np.ones((taps, taps))), **settings).shape[2:]


@cache
def recorded(name: str) -> dict[str, Any] | None:
    path = RECORDS / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def lab(name: str, *begins: str, reason: str = SCALE, figures: bool = False) -> Outcome:
    """Rows of a lab's record: its claims begin with these words.

    Equal where the lab finds the number or the effect; honestly different where it does not, or where the lecture's own `figures`
    belong to the claim and the lab's are others.
    """
    record = recorded(name)
    if record is None:
        return Outcome(MISSING, f"no record of the lab {name}: python -m tests.lectures.record {name}")
    words, verdicts = [], []
    for begin in begins:
        found = [row for row in record["rows"] if row["lecture"].startswith(begin)]
        if not found:
            return Outcome(MISSING, f"the lab {name} has no row that begins with {begin!r}")
        words.append(found[0]["ours"])
        verdicts.append(found[0]["verdict"])
    said = f"{'; '.join(words)} ({record['command']}, {record['date']})"
    seen = set(verdicts) <= ({"equal"} if figures else {"equal", "same effect"})
    return Outcome(EQUAL, said) if seen else Outcome(DIFFERENT, f"{said}; {', '.join(sorted(set(verdicts)))}: {reason}")


def outcome(check: Check | None) -> Outcome:
    """What a check says, whatever ran before it; one that raises is not covered."""
    if check is None:
        return Outcome(MISSING, "no check")
    RANDOM.bit_generator.state = START
    try:
        return check()
    except Exception as error:
        return Outcome(MISSING, f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}")


def context(words: str) -> Check:
    return lambda: Outcome(CONTEXT, words)


def page(words: str = "comes with the page") -> Check:
    return lambda: Outcome(PAGE, words)


def missing(words: str) -> Check:
    return lambda: Outcome(MISSING, words)
