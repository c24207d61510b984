"""Exercises and grades: a list, one grade in full, many as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from minicnn.cli.echo import printable
from minicnn.cli.render.console import natural_width
from minicnn.exercises import Exercise, Finding, Grade

STYLES = {"passed": "green", "wrong": "bold red", "error": "yellow"}
LEAST_MESSAGE = 30  # columns, below which messages stand on lines of their own


def print_exercises(console: Console, exercises: Sequence[Exercise]) -> None:
    """Every exercise with the function to fill in."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("Exercise", no_wrap=True)
    table.add_column("Function to fill in", overflow="fold")
    for each in exercises:
        table.add_row(each.name, Text(each.title).append(f"\n{each.function}({', '.join(each.signature)})", "dim"))
    console.print(table)
    console.print()
    for line in (
        "minicnn exercise NAME --out FILE.py          hands out a file to fill in",
        "minicnn exercise --grade FILE.py             grades it: the first wrong number, and the tap where its sum goes wrong",
        "minicnn exercise NAME --grade FOLDER         grades all files of a folder",
    ):
        console.print(Text(line, "dim"))


def print_grade(console: Console, grade: Grade) -> None:
    """One grade with all that was found."""
    head = Text(grade.result, STYLES[grade.result]).append(f"  {grade.submission}", "bold")
    if grade.exercise:
        head.append(f"  {grade.exercise}, {grade.passed} of {grade.cases} cases right")
    console.print(head)
    console.print(Padding(Text(grade.message), (0, 0, 0, 2), expand=False))
    if grade.finding is not None:
        _print_finding(console, grade.finding)
    if grade.printed.strip():
        console.print(Padding(Text("it printed:", "dim"), (1, 0, 0, 2), expand=False))
        console.print(Padding(Text(printable(grade.printed.rstrip()), "dim"), (0, 0, 0, 4), expand=False))


def _print_finding(console: Console, finding: Finding) -> None:
    if finding.formula:
        console.print(Padding(Text(finding.formula, "dim"), (1, 0, 0, 4), expand=False))
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in _lines(finding):
        table.add_row(name, value)
    console.print(Padding(table, (1, 0, 0, 2), expand=False))


def _lines(finding: Finding) -> Iterator[tuple[str, Text]]:
    if finding.letters:
        yield "at", Text(", ".join(f"{name}={value}" for name, value in finding.letters.items()))
    if finding.tap:
        yield "differs first", Text(finding.tap, "bold")
        yield "yours", Text(finding.yours, "bold red")
    if finding.mistake:
        cases = "in all cases" if finding.in_all_cases else "in this case, not in all"
        yield "likely" if finding.in_all_cases else "perhaps", Text(f"{finding.mistake}: so the same numbers come out {cases}", "yellow")
    if finding.sum:
        yield "the right sum", Text(finding.sum)
    if finding.steps:
        yield "right are", Text(finding.steps)


def print_grades(console: Console, grades: Sequence[Grade]) -> None:
    """A line for every grade, and the counts."""
    table = _table(grades, with_messages=False)
    if console.width - natural_width(console, table) - 1 >= LEAST_MESSAGE:
        console.print(_table(grades, with_messages=True))
    else:
        for each in grades:
            console.print(Text(each.result, STYLES[each.result]).append(f"  {each.submission}  {each.exercise}  {_cases(each)}", "bold"))
            console.print(Padding(Text(each.message), (0, 0, 0, 2), expand=False))
    counts = Counter(each.result for each in grades)
    console.print(Text("\n" + ", ".join(f"{counts[result]} {result}" for result in STYLES if counts[result])))


def _table(grades: Sequence[Grade], with_messages: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for heading in ("Result", "Submission", "Exercise", "Cases"):
        table.add_column(heading, no_wrap=True)
    if with_messages:
        table.add_column("Message", overflow="fold")
    for each in grades:
        row = [Text(each.result, STYLES[each.result]), Text(each.submission), Text(each.exercise), Text(_cases(each))]
        table.add_row(*row, *([Text(each.message)] if with_messages else []))
    return table


def _cases(grade: Grade) -> str:
    return f"{grade.passed} of {grade.cases}" if grade.cases else ""
