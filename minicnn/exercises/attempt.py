"""A submission as the grader sees it: something that can be called, or an error in one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from minicnn.errors import line_of, raised
from minicnn.exercises.exercise import Exercise


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
    return f"calls exit, which no loop needs{line_of(error, file)}" if isinstance(error, SystemExit) else raised(error, file)
