"""A wrong number explained: the tap at which its sum goes another way, and the mistake with which the same numbers come out."""

from __future__ import annotations

from typing import Any

import numpy as np

from minicnn.errors import MinicnnError
from minicnn.exercises.attempt import Attempt, AttemptError
from minicnn.exercises.difference import difference
from minicnn.exercises.exercise import Exercise
from minicnn.exercises.finding import Finding, number_text
from minicnn.kernels.derive.trace import Trace, trace

OTHER_FILL = 12345.0
SHOWN_NUMBERS = 12
UNWRITTEN = "is not written"
NOTHING = "is not written, nor is the rest: fill the array that is handed in, not another one"
ADDED = "is added to what the output held before, which has to be cleared first"


def explained(exercise: Exercise, attempt: Attempt, number: int, finding: Finding, outputs: dict[str, np.ndarray]) -> Finding:
    """What can be said about the first wrong number of a case.

    number : of the case
    outputs : what the submission wrote there
    """
    case, output, place = exercise.tried[number], finding.output, finding.place
    arguments = exercise.arguments(case)
    more = (exercise.solution,) if exercise.around else ()
    try:
        found = trace(exercise.loop, place, *arguments.values(), *more, output=output)
    except MinicnnError:  # a right loop outside the grammar: somebody's own exercise
        return _with_mistake(exercise, attempt, number, finding, outputs)
    finding = finding._replace(formula=found.formula, letters=found.letters, sum=_sum(found), steps=_steps(found))
    if np.isnan(finding.got):
        again = attempt.run(exercise.arguments(case, OTHER_FILL))[output]
        if (again == OTHER_FILL).all():
            return finding._replace(yours=NOTHING)
        if again[place] == OTHER_FILL:
            return _with_mistake(exercise, attempt, number, finding._replace(yours=UNWRITTEN), outputs)
        if np.isclose(again[place] - OTHER_FILL, finding.wanted, rtol=1e-9, atol=1e-7):
            return finding._replace(yours=ADDED)

    def right(changed: dict[str, Any]) -> float:
        return float(exercise.arguments_after(exercise.solution, _copies(changed))[output][place])

    def yours(changed: dict[str, Any]) -> float:
        return float(attempt.run(changed)[output][place])

    first = None
    try:
        first = difference(exercise, arguments, found, right, yours, finding.got)
    except AttemptError as failure:  # with other numbers it does not come to its end
        if failure.ended:
            return finding
    if first is not None:
        finding = finding._replace(tap=first.right, yours=first.yours)
    return _with_mistake(exercise, attempt, number, finding, outputs)


def _copies(arguments: dict[str, Any]) -> dict[str, Any]:
    return {name: value.copy() if isinstance(value, np.ndarray) else value for name, value in arguments.items()}


def _with_mistake(exercise: Exercise, attempt: Attempt, number: int, finding: Finding, outputs: dict[str, np.ndarray]) -> Finding:
    """Name the mistake with which all numbers of all cases come out as they did; else the only one with which those of this case do."""
    known = [each.words for each in exercise.mistakes if same(exercise.with_mistakes[each.words, number], outputs)]
    everywhere = known
    for other in range(len(exercise.tried)) if known else ():
        theirs: dict[str, np.ndarray] | None = outputs
        if other != number:
            try:
                theirs = exercise.outputs_of(attempt.run(exercise.arguments(exercise.tried[other])))
            except AttemptError as failure:
                if failure.ended:
                    return finding
                theirs = None
        everywhere = [words for words in everywhere if same(exercise.with_mistakes[words, other], theirs)]
    if everywhere:
        return finding._replace(mistake=everywhere[0], in_all_cases=True)
    return finding._replace(mistake=known[0]) if len(known) == 1 else finding


def same(some: dict[str, np.ndarray] | None, others: dict[str, np.ndarray] | None) -> bool:
    """Whether the numbers are the same but for rounding; None where a call failed."""
    if some is None or others is None:
        return some is others
    return all(np.allclose(some[name], array, rtol=1e-9, atol=1e-9, equal_nan=True) for name, array in others.items())


def _steps(found: Trace) -> str:
    """What the variables of the right loop hold in the end; empty where there is a sum of products."""
    if _sum(found):
        return ""
    ends = [step for step, after in zip(found.steps, found.steps[1:], strict=False) if (step.kind, step.into) != (after.kind, after.into)]
    said = [f"{step.into} = {number_text(step.partial)}" for step in ends if step.kind in ("set", "add") and step.factors]
    return ", ".join(said) and f"{', '.join(said)}, and {number_text(float(found.value))} in the end"


def _sum(found: Trace) -> str:
    """The right sum, product by product; empty if it is none."""
    adds = [step for step in found.steps if step.kind == "add"]
    products = [_product(step.factors, step.term) for step in adds]
    if not adds and any(step.kind == "skip" and step.into == "total" for step in found.steps):
        return f"no tap takes part: {number_text(float(found.value))}"
    if not adds or any(each is None for each in products):
        return ""
    start = next((step.partial for step in found.steps if step.kind == "set" and step.into == adds[0].into), 0.0)
    words = ([number_text(start)] if start else []) + [str(each) for each in products]
    if len(words) > SHOWN_NUMBERS:
        words[SHOWN_NUMBERS:] = [f"... ({len(words) - SHOWN_NUMBERS} more)"]
    return f"{' + '.join(words)} = {number_text(float(found.value))}"


def _product(factors: Any, term: float | None) -> str | None:
    """ "3*-7" if a term is the product of its two factors."""
    read = [each for each in factors if each.place]
    if len(read) != 2 or term is None or not np.isclose(read[0].value * read[1].value, term):
        return None
    return "*".join(f"({number_text(each.value)})" if each.value < 0 else number_text(each.value) for each in read)
