"""Where the command line writes: the one place that decides on width, colour and characters.

On a terminal a table takes the available width.  In a pipe there is no limit: a table takes what it needs and is never cut.
NO_COLOR, COLUMNS and the encoding of the stream are respected (Rich does most of it).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from minicnn.cli.echo import printable

PIPE_WIDTH = 200  # room in a pipe; a table that needs more gets it
UNLIMITED = 100_000


class PipedConsole(Console):
    """A console that escapes control characters, and leaves a closed pipe to `main`, where it is not an error:
    `minicnn summary lenet | head -1`."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=printable(segment.text))

    def render_str(self, text: str, **settings: Any) -> Text:
        return super().render_str(printable(text), **settings)  # so that a column is as wide as what is shown in it

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def stdout_console() -> Console:
    """For results."""
    return make_console(sys.stdout)


def stderr_console() -> Console:
    """For progress and warnings."""
    return make_console(sys.stderr)


def make_console(stream: TextIO) -> Console:
    """A console that interprets nothing it prints: no markup, no emoji codes, no guessed highlights."""
    width = None if stream.isatty() or "COLUMNS" in os.environ else PIPE_WIDTH
    return PipedConsole(file=stream, width=width, markup=False, emoji=False, highlight=False)


def natural_width(console: Console, renderable: RenderableType) -> int:
    """The width of something without a limit."""
    return console.measure(renderable, options=console.options.update(width=UNLIMITED)).maximum


def print_whole(console: Console, renderable: RenderableType) -> None:
    """Print something that must not be cut: if the console is too narrow, lines run over its edge."""
    width = console.width
    console.width = max(width, natural_width(console, renderable))
    try:
        console.print(renderable)
    finally:
        console.width = width
