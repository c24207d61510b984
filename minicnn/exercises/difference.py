"""Where a sum goes another way than the right one, found from outside: one input is changed, and the output watched.

A sum of products is linear in each of its factors.  With a number added to one tap, the output changes by so many times what the tap is
multiplied by: that tells which number a submission reads there, however it is written and compiled.  Taps are changed many at a time, and
the first that differs is found by halving.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from minicnn.exercises.exercise import Exercise
from minicnn.exercises.finding import number_text, place_text
from minicnn.kernels.derive.trace import Step, Trace
from minicnn.random import generator

BITS = 40  # of the numbers that are told apart at once

Value = Callable[[dict[str, Any]], float]  # the output at the place, from the arguments


class Difference(NamedTuple):
    """The right product or number, and that of the submission."""

    right: str
    yours: str


def difference(exercise: Exercise, arguments: dict[str, Any], found: Trace, right: Value, yours: Value, got: float) -> Difference | None:
    """The first tap, or number, in which a wrong output differs from the right one.

    Parameters
    ----------
    arguments : of the call, outputs included
    found : the right loop's trace of this output
    right, yours : what the right loop and the submission give there, for other arguments
    got : what the submission gave
    """
    if exercise.copies and exercise.reads:
        return _copied(exercise.reads, arguments[exercise.reads], found, got)
    if exercise.taps and exercise.reads:
        return _summed(exercise.taps, exercise.reads, arguments, found, right, yours)
    if exercise.reads:
        return _depends(exercise.reads, arguments, right, yours)
    return None


def _copied(reads: str, numbers: np.ndarray, found: Trace, got: float) -> Difference:
    """Where the number should have come from, and where it came from."""
    step = next((each for each in found.steps if each.factors and each.partial == found.value and each.factors[0].name == reads), None)
    place = None if step is None else step.factors[0].place
    right = f"{number_text(float(found.value))}, for padding" if place is None else _number(reads, place, float(found.value))
    where = _where(step, found) if step is not None else ""
    return Difference(f"{where}: {right}" if where else right, _source(reads, numbers, got))


def _summed(taps: str, reads: str, arguments: dict[str, Any], found: Trace, right: Value, yours: Value) -> Difference | None:
    """The first tap that is multiplied by another number; before it, what the sum begins with."""
    weights = arguments[taps]
    first, first_yours = right(arguments | {taps: np.zeros_like(weights)}), yours(arguments | {taps: np.zeros_like(weights)})
    if not np.isclose(first, first_yours, rtol=1e-9, atol=1e-9, equal_nan=True):
        start = next((step for step in found.steps if step.kind == "set" and step.factors), None)
        begins = start.factors[0] if start is not None else None
        number = number_text(first) if begins is None else _number(begins.name, begins.place, first)
        return Difference(f"before any product the sum is {number}", f"is {number_text(first_yours)} without any product")
    steps = generator(0, "exercise", "probe").integers(1, 1000, weights.size).astype(weights.dtype)

    def change(value: Value, before: float, which: np.ndarray) -> float:
        more = np.zeros(weights.size, weights.dtype)
        more[which] = steps[which]
        return value(arguments | {taps: weights + more.reshape(weights.shape)}) - before

    base, base_yours = right(arguments), yours(arguments)

    def differs(count: int) -> bool:
        which = np.arange(count)
        a, b = change(right, base, which), change(yours, base_yours, which)
        return not np.isclose(a, b, rtol=1e-9, atol=1e-9)

    if not np.isfinite(base_yours) or not differs(weights.size):
        return None
    low, high = 0, weights.size  # the first `low` do not differ, the first `high` do
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if differs(middle) else (middle, high)
    times = change(yours, base_yours, np.array([low])) / steps[low]
    place = tuple(map(int, np.unravel_index(low, weights.shape)))
    shown, name = _products(taps, reads, place, float(weights[place]), found), place_text(taps, place)
    if times == 0:
        return Difference(shown, f"leaves {name} out")
    alone = np.zeros_like(weights)
    alone[place] = 1
    return Difference(shown, f"multiplies {name} by {_read(reads, arguments | {taps: alone}, yours, times)}")


def _read(reads: str, arguments: dict[str, Any], value: Value, times: float) -> str:
    """Which numbers one tap is multiplied by: each is replaced by a power of two, and the sum of those that are read tells which.

    times : their sum, as it is
    """
    numbers, places = arguments[reads], []
    nothing = value(arguments | {reads: np.zeros_like(numbers)})
    for first in range(0, numbers.size, BITS):
        powers = np.zeros(numbers.size)
        powers[first : first + BITS] = 2.0 ** np.arange(min(BITS, numbers.size - first))
        total = value(arguments | {reads: powers.reshape(numbers.shape)}) - nothing
        if not 0 <= total < 2**BITS or total != int(total):
            return number_text(times)
        places += [first + bit for bit in range(BITS) if int(total) >> bit & 1]
    where = [tuple(map(int, np.unravel_index(each, numbers.shape))) for each in places]
    if not 0 < len(where) <= 4 or not np.isclose(sum(numbers[each] for each in where), times):
        return number_text(times)
    words = " + ".join(place_text(reads, each) for each in where)
    return f"{f'({words})' if len(where) > 1 else words} = {number_text(times)}"


def _products(taps: str, reads: str, place: tuple[int, ...], value: float, found: Trace) -> str:
    """What the right sum does with a tap."""
    name = place_text(taps, place)
    steps = [step for step in found.steps if any(factor.name == taps and factor.place == place for factor in step.factors)]
    if not steps:
        outside = _outside(taps, place, found)
        return f"{outside + ': ' if outside else ''}{name} = {number_text(value)} takes no part in this sum"
    read = [factor for step in steps for factor in step.factors if factor.name == reads]
    texts = [" + ".join(each) for each in ([place_text(reads, each.place) for each in read], [number_text(each.value) for each in read])]
    words, numbers = (f"({each})" if len(read) > 1 else each for each in texts)
    first = next(factor.name for factor in steps[0].factors if factor.name in (taps, reads))
    pairs = [(words, name), (numbers, number_text(value))]
    product, worked = (" * ".join(pair if first == reads else reversed(pair)) for pair in pairs)
    return f"{_where(steps[0], found)}: {product} = {worked}"


def _outside(taps: str, place: tuple[int, ...], found: Trace) -> str:
    """The letters of a tap that was skipped, and the positions that say why; empty if the sum does not come to this tap."""
    index = re.search(rf"\b{taps}\[([a-z]\w*(?:,[a-z]\w*)*)\]", found.formula)
    named = dict(zip(index[1].split(","), place, strict=False)) if index else {}
    for step in found.steps:
        letters = found.letters | step.letters
        if step.kind == "skip" and named and all(letters.get(name) == value for name, value in named.items()):
            return ", ".join(f"{name}={value}" for name, value in step.letters.items())
    return ""


def _depends(reads: str, arguments: dict[str, Any], right: Value, yours: Value) -> Difference | None:
    """The first number on which one of the outputs depends and the other does not; or, of a linear one, which counts differently."""
    numbers = arguments[reads]
    base, base_yours = right(arguments), yours(arguments)
    if not np.isfinite(base_yours):
        return None

    def change(value: Value, before: float, place: tuple[int, ...], more: float) -> float:
        changed = numbers.copy()
        changed[place] += more
        return value(arguments | {reads: changed}) - before

    counts = None
    for place in np.ndindex(numbers.shape):
        a, b = change(right, base, place, 0.5), change(yours, base_yours, place, 0.5)
        name = place_text(reads, place)
        if (abs(a) < 1e-12) != (abs(b) < 1e-12):
            takes, no = f"{name} takes part in it", f"{name} takes no part in it"
            ours, theirs = (takes, f"does not depend on {name}") if abs(a) >= 1e-12 else (no, f"depends on {name}")
            return Difference(ours, theirs)
        straight = abs(a + change(right, base, place, -0.5)) < 1e-12 < abs(a)
        if straight and counts is None and not np.isclose(a, b, rtol=1e-9):
            counts = Difference(f"{name} counts {number_text(2 * a)} times", f"counts {name} {number_text(2 * b)} times")
    return counts


def _where(step: Step, found: Trace) -> str:
    """The letters of a tap: "c=0, r=1, s=0"."""
    letters = {name: value for name, value in step.letters.items() if len(name) == 1}
    return ", ".join(f"{name}={value}" for name, value in (letters or found.letters).items())


def _number(name: str, place: tuple[int, ...], value: float) -> str:
    return f"{place_text(name, place)} = {number_text(value)}"


def _source(name: str, numbers: np.ndarray, value: float) -> str:
    """Which number of an array this is: all are different."""
    places = np.argwhere(numbers == value)
    if len(places) != 1:
        return f"{number_text(value)}, which is no number of {name}"
    return _number(name, tuple(map(int, places[0])), value)
