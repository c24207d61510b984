"""Lines for a terminal: text from files, servers and folders is shown, never interpreted.

Names in files can hold escape sequences that move the cursor, rename the window or hide text.  All output of the command line
passes through here or through a console of `render/console.py`, which uses this module too.
"""

from __future__ import annotations

import json
import math
from typing import Any

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


def json_text(record: Any, indent: int | None = None) -> str:
    """A record as JSON.  NaN and infinities, which JSON lacks, are null: `JSON.parse` and jq refuse Python's own words for them."""
    return json.dumps(_finite(record), indent=indent, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
