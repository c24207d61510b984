"""All exercises by name, and those of a file of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import numpy as np

from minicnn.errors import SettingError, raised, suggestion
from minicnn.exercises import (
    batch_norm,
    convolution,
    dilated,
    im2col,
    index_map,
    input_gradient,
    max_pooling,
    softmax_gradient,
    transposed,
    unshared,
    weight_gradient,
)
from minicnn.exercises.exercise import Exercise

EXERCISES = tuple(
    module.EXERCISE
    for module in (
        convolution,
        input_gradient,
        weight_gradient,
        max_pooling,
        transposed,
        dilated,
        unshared,
        im2col,
        softmax_gradient,
        batch_norm,
        index_map,
    )
)


def find(name: str, more: Sequence[Exercise] = ()) -> Exercise:
    """The exercise of this name, those of one's own first, or a SettingError with the names that come close."""
    known = {each.name: each for each in (*EXERCISES, *more)}
    word = str(name).lower().replace("_", "-")
    if word not in known:
        raise SettingError(f"there is no exercise called {name!r}{suggestion(word, known)}\n  there are {', '.join(known)}")
    return known[word]


def load(path: str | Path) -> tuple[Exercise, ...]:
    """The exercises that a Python file defines; the file is run.

    Raises
    ------
    SettingError
        If there is no such file, it raises an error, or defines no exercise.
    """
    path = Path(path)
    if not path.is_file():
        raise SettingError(f"there is no file {path}")
    module = ModuleType(path.stem)
    module.__file__ = str(path.resolve())
    try:
        exec(compile(path.read_bytes(), str(path.resolve()), "exec"), vars(module))
    except (Exception, SystemExit) as error:  # whatever the file raises is for its author to mend
        raise SettingError(f"{path} {raised(error, str(path.resolve()))}") from error
    found = tuple(each for each in vars(module).values() if isinstance(each, Exercise))
    if not found:
        raise SettingError(f"{path} defines no exercise\n  write EXERCISE = Exercise(name, title, function, cases, outputs=(...))")
    for each in found:
        _check(path, each)
    return found


def _check(path: Path, exercise: Exercise) -> None:
    """Run the right loop on all cases: it must write every output."""
    try:
        wanted = exercise.wanted
    except Exception as error:
        raise SettingError(f"{path}: the right loop of {exercise.name} {raised(error, str(path.resolve()))}") from error
    for case, outputs in zip(exercise.tried, wanted, strict=True):
        for name, array in outputs.items():
            if np.isnan(array).any():
                raise SettingError(f"{path}: the right loop of {exercise.name} leaves NaN in {name}, in case {case.name!r}")
    for mistake in exercise.mistakes:
        exercise.with_mistake(mistake)
