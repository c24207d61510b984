"""`minicnn lab`: the experiments of the lectures, each by one command."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from minicnn.cli.echo import json_text
from minicnn.cli.options import format_option
from minicnn.errors import MinicnnError, SettingError, quoted, raised, suggestion

if TYPE_CHECKING:
    from minicnn.labs import Lab, Row


@click.command()
@click.argument("name", required=False, metavar="[LAB|FILE.py]")
@click.option("--quick", is_flag=True, help="Fewer images, epochs and seeds, in seconds: the same code, weaker verdicts.")
@click.option("--explain", is_flag=True, help="Say what to look at, and give two exercises; run nothing.")
@click.option("--out", metavar="FOLDER", help="Write the figure (LAB.svg) and the rows (LAB.json) there.")
@format_option
def lab(name: str | None, quick: bool, explain: bool, out: str | None, form: str) -> None:
    """Run an experiment of the lectures: what they say, what you get, and a verdict computed from the figures.

    LAB is a name from the list that 'minicnn lab' prints; FILE.py a copy of one, changed by you.

    The exit status is 0 also where an effect is not seen.
    """
    from minicnn.cli.render.console import stdout_console
    from minicnn.cli.render.lab import print_labs, print_meaning
    from minicnn.labs import LABS

    if name is None:
        if quick or explain or out:
            raise click.UsageError("say which lab: 'minicnn lab' lists them")
        if form == "json":
            click.echo(json_text([{"name": each.name, "title": each.title, "seconds": each.seconds} for each in LABS], indent=1))
        else:
            print_labs(stdout_console(), LABS)
        return
    chosen, path = wanted(name)
    if explain:
        if form == "json":
            click.echo(json_text(meaning(chosen), indent=1))
        else:
            print_meaning(stdout_console(), chosen, path)
        return
    perform(chosen, quick, None if out is None else Path(out), form)


def wanted(word: str) -> tuple[Lab, str]:
    """The lab that a word on the command line means, and the file it stands in."""
    from minicnn.cli.python_file import definitions
    from minicnn.labs import LABS, Lab, find

    if not word.endswith(".py"):
        names = [each.name for each in LABS]
        if word not in names:
            raise click.UsageError(f"there is no lab called {word!r}{suggestion(word, names)}\n  there are {', '.join(names)}")
        found = find(word)
        return found, found.run.__code__.co_filename
    own = definitions(word).get("LAB")
    if not isinstance(own, Lab):
        raise SettingError(
            f"{word} defines no LAB\n  as in LAB = Lab('name', 'title', sources=(), look='', exercises=('', ''), run=run, seconds=60)"
        )
    return own, word


def meaning(lab: Lab) -> dict[str, object]:
    return {
        "lab": lab.name,
        "title": lab.title,
        "sources": lab.sources,
        "look": lab.look,
        "exercises": lab.exercises,
        "seconds": lab.seconds,
    }


def perform(lab: Lab, quick: bool, folder: Path | None, form: str) -> None:
    """Run a lab; show its rows and figures as they come, and write them."""
    from minicnn.cli.render.chart import print_figure
    from minicnn.cli.render.console import stderr_console, stdout_console
    from minicnn.cli.render.lab import print_end, print_row, print_start
    from minicnn.cli.render.waiting import Waiting
    from minicnn.labs import Progress, Row

    console, shown = stdout_console(), form == "table"
    rows: list[Row] = []
    figures = []
    if folder is not None and folder.exists() and not folder.is_dir():
        raise SettingError(f"lab: {folder} is a file, but --out names a folder")
    if shown:
        print_start(console, lab, quick)
    begin = time.perf_counter()
    with Waiting(stderr_console()) as waiting:
        for result in results(lab, quick):
            if isinstance(result, Progress):
                waiting.show(result.words)
                continue
            waiting.clear()
            if isinstance(result, Row):
                rows.append(result)
            else:
                figures.append(result)
            if shown and isinstance(result, Row):
                print_row(console, result)
            elif shown:
                console.print()
                print_figure(console, result)
    seconds = round(time.perf_counter() - begin, 1)
    record = {"lab": lab.name, "rows": [vars(row) for row in rows], "seconds": seconds}
    if shown:
        print_end(console, rows, seconds, quick)
    else:
        click.echo(json_text(record, indent=1))
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        write(folder, lab.name, figures, record, shown)


def results(lab: Lab, quick: bool):  # type: ignore[no-untyped-def]
    """What a lab yields; what goes wrong in a user's file is said as an error of that file."""
    from minicnn.charts import Chart, PictureGrid
    from minicnn.labs import Progress, Row

    try:
        for result in lab.run(quick):
            if not isinstance(result, (Progress, Row, Chart, PictureGrid)):
                raise TypeError(
                    f"run yields {quoted(result)}, but what is shown is a Progress, a Row, or a Chart or PictureGrid of minicnn.charts"
                )
            yield result
    except (MinicnnError, MemoryError, OSError):
        raise
    except Exception as error:
        if lab.run.__module__.startswith("minicnn."):
            raise
        file = lab.run.__code__.co_filename
        raise SettingError(f"{file} {raised(error, file)}") from error


def write(folder: Path, name: str, figures: list, record: dict, shown: bool) -> None:  # type: ignore[type-arg]
    """The rows as JSON, the figures as one picture."""
    from minicnn.charts import svg
    from minicnn.storage import atomic_write

    texts = {folder / f"{name}.json": json_text(record, indent=1) + "\n"}
    if figures:
        texts[folder / f"{name}.svg"] = svg(figures)
    for path, text in texts.items():
        with atomic_write(path, "w") as file:
            file.write(text)
        if shown:
            click.echo(f"written: {path}")
