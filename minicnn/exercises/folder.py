"""Grading files: one, or all of a folder, each in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from minicnn.errors import DataError, one_line
from minicnn.exercises.exercise import Exercise
from minicnn.exercises.finding import ERROR, Grade
from minicnn.exercises.grade import grade
from minicnn.exercises.process import Limits, Process
from minicnn.exercises.submission import of_file, read_submission


def grade_files(
    path: str | Path, exercises: Sequence[Exercise], chosen: Exercise | None = None, limits: Limits | None = None, own: Path | None = None
) -> Iterator[Grade]:
    """Grade a file, or every .py file of a folder and its folders, in the order of their names.

    Parameters
    ----------
    exercises : those known
    chosen : the one that every file is for; without it, all whose functions a file defines
    limits : of each submission
    own : the file with exercises of one's own, if `chosen` may be one of them

    Raises
    ------
    DataError
        If there is no such file, or no .py file in the folder.
    """
    path = Path(path)
    if not path.exists():
        raise DataError(f"there is no file or folder {path}")
    files = sorted(each for each in path.rglob("*.py") if each.is_file()) if path.is_dir() else [path]
    if not files:
        raise DataError(f"there is no .py file in {path}")
    for file in files:
        name = file.relative_to(path).as_posix() if path.is_dir() else file.name
        yield from _graded(file, one_line(name), exercises, chosen, limits, own)


def _graded(
    file: Path, name: str, exercises: Sequence[Exercise], chosen: Exercise | None, limits: Limits | None, own: Path | None
) -> Iterator[Grade]:
    try:
        submission = read_submission(file)
    except DataError as error:
        yield Grade(name, chosen.name if chosen else "", ERROR, 0, len(chosen.tried) if chosen else 0, str(error))
        return
    for exercise in [chosen] if chosen else of_file(submission, exercises):
        refusal = submission.refusal(exercise)
        if refusal:
            yield Grade(name, exercise.name, ERROR, 0, len(exercise.tried), refusal)
            continue
        with Process(exercise, file, limits, own) as process:
            result = grade(exercise, process, name)
            yield result._replace(printed=process.printed)
    if chosen is None and not of_file(submission, exercises):
        there = f": it has {', '.join(submission.functions)}" if submission.functions else ""
        yield Grade(name, "", ERROR, 0, 0, f"defines no function of an exercise{there}")
