"""Lines for a terminal: text from files, servers and folders is shown, never interpreted.

Names in files can hold escape sequences that move the cursor, rename the window or hide text.  All output of the command line
passes through here or through a console of `render/console.py`, which uses this module too.
"""

from __future__ import annotations

import click

from minicnn.errors import one_line

LONGEST_LINE = 4000  # of an error, so that a message that quotes a whole file ends somewhere


def printable(text: str) -> str:
    """Text of several lines, safe for a terminal."""
    return "\n".join(map(one_line, text.split("\n")))


def echo(text: str, err: bool = False, nl: bool = True) -> None:
    """`click.echo` of `printable` text."""
    click.echo(printable(text), err=err, nl=nl)


def echo_error(message: str) -> None:
    """An error, its first line marked."""
    for line in f"Error: {message}".split("\n"):
        echo(line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}...", err=True)
