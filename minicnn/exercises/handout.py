"""The file that is handed out: the function of an exercise with its docstring, and nothing in it."""

from __future__ import annotations

import ast

from minicnn.exercises.exercise import Exercise

HEAD = '''"""{title}.

Fill in the function, in plain Python or with Numba's @njit above it.  Loops are fine: the arrays are small.  Then:

    minicnn exercise {name} --grade {file}
"""

import numpy as np


'''


def handout(exercise: Exercise, file: str | None = None) -> str:
    """The text of the file, which is Python and does nothing yet.

    >>> from minicnn import exercises
    >>> print(exercises.handout(exercises.find("max-pooling")).splitlines()[0])
    \"\"\"Max pooling.
    """
    definition = ast.parse(exercise.text).body[0]
    docstring = definition.body[0]  # type: ignore[attr-defined]   # it is a function's
    kept = exercise.text.splitlines()[: docstring.end_lineno]
    head = HEAD.format(title=exercise.title, name=exercise.name, file=file or f"{exercise.function}.py")
    return head + "\n".join([*kept, "    # your loops here", ""])
