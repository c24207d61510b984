"""`minicnn exercise`: loops to fill in, and what is wrong with them."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from minicnn.cli.echo import json_text
from minicnn.cli.mistakes import Choice
from minicnn.errors import DataError

if TYPE_CHECKING:
    from minicnn.exercises import Exercise, Grade


@click.command()
@click.argument("name", required=False, metavar="[EXERCISE]")
@click.option("--out", metavar="FILE.py", help="Write the file to fill in here; without it, it is printed.")
@click.option(
    "--grade", "graded", metavar="FILE|FOLDER", help="Grade a file, or all .py files of a folder: each runs in a process of its own."
)
@click.option("--from", "own", metavar="FILE.py", help="Know the exercises of this file as well.")
@click.option(
    "--seconds", type=click.FloatRange(min=0.1), default=10.0, show_default=True, metavar="X", help="Time for one call of a submission."
)
@click.option(
    "--memory", type=click.IntRange(min=64), default=1024, show_default=True, metavar="MIB", help="Memory for a submission, in MiB."
)
@click.option("--format", "form", type=Choice(("table", "json", "csv")), default="table", show_default=True, help="Output format.")
def exercise(name: str | None, out: str | None, graded: str | None, own: str | None, seconds: float, memory: int, form: str) -> None:
    """Hand out an exercise, or grade what was filled in.

    Without EXERCISE, the exercises are listed.  With it, its file is handed out: a function with its docstring, to be filled in.

    --grade tells which number is wrong first, and at which tap its sum goes another way than the right one.  With NAME, every file is taken for
    that exercise; without it, for all whose functions it defines.  The exit status is 1 if a
    file is graded alone and is wrong.
    """
    from minicnn.exercises import EXERCISES, Limits, find, grade_files, handout, load

    more = load(own) if own else ()
    known = [each for each in EXERCISES if each.name not in {mine.name for mine in more}] + list(more)
    chosen = find(name, more) if name else None
    if graded is None:
        if chosen is None:
            _list(known, form)
        elif out is None:
            click.echo(handout(chosen), nl=False)
        else:
            _write(Path(out), handout(chosen, out))
        return
    if out is not None:
        raise click.UsageError("--out is where a file is handed out, and --grade takes one that was filled in: use one of them")
    grades = _grades(grade_files(graded, known, chosen, Limits(seconds, memory), Path(own) if own else None))
    _show(grades, form, single=not Path(graded).is_dir())


def _list(known: Sequence[Exercise], form: str) -> None:
    if form == "json":
        click.echo(
            json_text(
                [{"name": each.name, "title": each.title, "function": each.function, "cases": len(each.tried)} for each in known], indent=1
            )
        )
    elif form == "csv":
        _csv(("name", "title", "function"), [(each.name, each.title, each.function) for each in known])
    else:
        from minicnn.cli.render.console import stdout_console
        from minicnn.cli.render.exercise import print_exercises

        print_exercises(stdout_console(), known)


def _write(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise DataError(f"{path} exists already, and may hold somebody's work\n  use another name, or remove it") from None
    click.echo(f"{path} is to be filled in")


def _grades(found: object) -> list[Grade]:
    """All grades, with a line about the one that is run on a terminal."""
    from minicnn.cli.render.console import stderr_console
    from minicnn.cli.render.waiting import Waiting

    grades: list[Grade] = []
    with Waiting(stderr_console(), "grading") as waiting:
        for each in found:  # type: ignore[attr-defined]
            grades.append(each)
            waiting.show(f"{len(grades)}: {each.submission}")
    return grades


def _show(grades: Sequence[Grade], form: str, single: bool) -> None:
    if form == "json":
        click.echo(json_text([_record(each) for each in grades], indent=1))
    elif form == "csv":
        columns = ("submission", "exercise", "result", "passed", "cases", "message")
        _csv(columns, [[getattr(each, column) for column in columns] for each in grades])
    else:
        from minicnn.cli.render.console import stdout_console
        from minicnn.cli.render.exercise import print_grade, print_grades

        if single:
            for each in grades:
                print_grade(stdout_console(), each)
        else:
            print_grades(stdout_console(), grades)
    if single and any(each.result != "passed" for each in grades):
        click.get_current_context().exit(1)


def _record(grade: Grade) -> dict[str, object]:
    finding = grade.finding._asdict() if grade.finding else None
    if finding:
        finding |= {"place": list(finding["place"]), "got": finding["got"] if abs(finding["got"]) < float("inf") else str(finding["got"])}
    return grade._asdict() | {"finding": finding}


def _csv(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
