"""Grading: every case is run, the outputs compared, and the first wrong number explained."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np

from minicnn.exercises.attempt import Attempt, AttemptError, Here
from minicnn.exercises.exercise import Case, Exercise, Mistake
from minicnn.exercises.explain import ADDED, NOTHING, UNWRITTEN, explained
from minicnn.exercises.finding import ERROR, PASSED, WRONG, Finding, Grade, number_text, place_text

TOLERANCE = 1e-9  # of the largest right number: sums of a few dozen products, in any order, differ by less than 1e-14
MOST_MISTAKES = 2  # that may be behind one error; of more, none is told


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
                with contextlib.suppress(AttemptError):  # with other numbers it does not come to its end
                    finding = explained(exercise, attempt, number, finding, outputs)
            return f"{_headline(finding)} {of_case}", finding
    return None


def _headline(finding: Finding) -> str:
    where, wanted = place_text(finding.output, finding.place), number_text(finding.wanted)
    if finding.yours in (UNWRITTEN, NOTHING, ADDED):
        return f"{where} {finding.yours}; it must be {wanted}"
    return f"{where} is {number_text(finding.got)}, but must be {wanted}"
