"""Grading: every case is run, the outputs compared, and the first wrong number explained."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from minicnn.errors import MinicnnError
from minicnn.exercises.difference import difference
from minicnn.exercises.exercise import Case, Exercise, Mistake
from minicnn.exercises.finding import ERROR, PASSED, WRONG, Finding, Grade, number_text, place_text
from minicnn.kernels.derive.trace import Trace, trace

TOLERANCE = 1e-9  # of the largest right number: sums of a few dozen products, in any order, differ by less than 1e-14
OTHER_FILL = 12345.0
SHOWN_NUMBERS = 12
MOST_MISTAKES = 2  # that may be behind one error; of more, none is told


class AttemptError(Exception):
    """A call of a submission that did not come to its end, in one line.

    ended : whether nothing more can be run
    kind : name of the exception, if a call raised one
    called : whether it came to a call
    """

    def __init__(self, message: str, ended: bool = False, kind: str = "", called: bool = True) -> None:
        super().__init__(message)
        self.ended, self.kind, self.called = ended, kind, called


class Attempt(Protocol):
    """A submission that can be run."""

    def run(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The arguments after a call; raises AttemptError."""


class Here:
    """A function run in this process."""

    def __init__(self, exercise: Exercise, function: Callable[..., Any]) -> None:
        self.exercise, self.function = exercise, function

    def run(self, arguments: dict[str, Any]) -> dict[str, Any]:
        copies = {name: value.copy() if isinstance(value, np.ndarray) else value for name, value in arguments.items()}
        try:
            return self.exercise.arguments_after(self.function, copies)
        except (Exception, SystemExit) as error:
            raise AttemptError(error_text(error), kind=type(error).__name__) from None


def error_text(error: BaseException, file: str | None = None) -> str:
    """What a submission raised, and in which of its lines."""
    frames = [each for each in traceback.extract_tb(error.__traceback__) if file is None or each.filename == file]
    line = f" (line {frames[-1].lineno}{f': {frames[-1].line}' if frames[-1].line else ''})" if frames else ""
    words = str(error).strip().partition("\n")[0]
    if isinstance(error, SystemExit):
        return f"calls exit, which no loop needs{line}"
    return f"raises {type(error).__name__}{f': {words}' if words else ''}{line}"


def grade(exercise: Exercise, submission: Callable[..., Any] | Attempt, name: str = "") -> Grade:
    """Run a submission on every case of an exercise.

    Parameters
    ----------
    submission : function, or what runs one in a process of its own
    name : of the submission, for a table
    """
    attempt = submission if hasattr(submission, "run") else Here(exercise, submission)
    passed, message, finding, result = 0, "", None, PASSED
    for number, case in enumerate(exercise.tried):
        try:
            found = _try(exercise, attempt, number, case, explain=not message)
        except AttemptError as failure:
            result, message = (ERROR, _failed(exercise, number, case, failure)) if not message else (result, message)
            if failure.ended:
                break
            continue
        if found is None:
            passed += 1
        elif not message:
            result, (message, finding) = WRONG, found
    if not message:
        message = "all numbers are right"
    return Grade(name, exercise.name, result, passed, len(exercise.tried), message, finding)


def _failed(exercise: Exercise, number: int, case: Case, failure: AttemptError) -> str:
    """A failure in words, with a mistake that fails in the same way."""
    if not failure.called:
        return str(failure)
    words = f"{failure} in case {number + 1} of {len(exercise.tried)}: {case.name}"
    alike = [mistake.words for mistake in exercise.mistakes if failure.kind and _fails_alike(exercise, mistake, case, failure)]
    return f"{words}; so it is if {', or if '.join(alike)}" if 0 < len(alike) <= MOST_MISTAKES else words


def _fails_alike(exercise: Exercise, mistake: Mistake, case: Case, failure: AttemptError) -> bool:
    try:
        exercise.arguments_after(exercise.with_mistake(mistake), exercise.arguments(case))
    except Exception as error:
        return type(error).__name__ == failure.kind and str(error).strip() in str(failure)
    return False


def _try(exercise: Exercise, attempt: Attempt, number: int, case: Case, explain: bool) -> tuple[str, Finding | None] | None:
    """None if all is right; else a line, and the first wrong number."""
    arguments = exercise.arguments(case)
    after = attempt.run(arguments)
    of_case = f"in case {number + 1} of {len(exercise.tried)}: {case.name}"
    for name, value in after.items():
        if isinstance(arguments[name], np.ndarray) and value.shape != arguments[name].shape:
            return f"changes the shape of {name} to {value.shape} {of_case}", None
    for name, value in case.arguments.items():
        if isinstance(value, np.ndarray) and not np.array_equal(value, after[name]):
            return f"writes to {name}, which is an input, {of_case}", None
    outputs, wanted = exercise.outputs_of(after), exercise.wanted[number]
    for name, array in outputs.items():
        bound = TOLERANCE * max(1.0, float(np.abs(wanted[name]).max(initial=0.0)))
        wrong = np.argwhere(~(np.abs(array - wanted[name]) <= bound))
        if len(wrong):
            place = tuple(map(int, wrong[0]))
            finding = Finding(case.name, name, place, float(array[place]), float(wanted[name][place]), "", {})
            if explain:
                finding = _explained(exercise, attempt, number, finding, outputs)
            return f"{_headline(finding)} {of_case}", finding
    return None


def _headline(finding: Finding) -> str:
    where, wanted = place_text(finding.output, finding.place), number_text(finding.wanted)
    if finding.yours in (UNWRITTEN, ADDED):
        return f"{where} {finding.yours}; it must be {wanted}"
    return f"{where} is {number_text(finding.got)}, but must be {wanted}"


UNWRITTEN = "is not written"
ADDED = "is added to what the output held before, which has to be cleared first"


def _explained(exercise: Exercise, attempt: Attempt, number: int, finding: Finding, outputs: dict[str, np.ndarray]) -> Finding:
    case, output, place = exercise.tried[number], finding.output, finding.place
    arguments = exercise.arguments(case)
    more = (exercise.solution,) if exercise.around else ()
    try:
        found = trace(exercise.loop, place, *arguments.values(), *more, output=output)
    except MinicnnError:  # a right loop outside the grammar: somebody's own exercise
        return _with_mistake(exercise, attempt, number, finding, outputs)
    finding = finding._replace(formula=found.formula, letters=found.letters, sum=_sum(found), steps=_steps(found))
    if np.isnan(finding.got):
        again = attempt.run(exercise.arguments(case, OTHER_FILL))[output][place]
        if again == OTHER_FILL:
            return _with_mistake(exercise, attempt, number, finding._replace(yours=UNWRITTEN), outputs)
        if np.isclose(again - OTHER_FILL, finding.wanted, rtol=1e-9, atol=1e-7):
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
