"""Text of a program, coloured on a terminal and as it is elsewhere."""

from __future__ import annotations

from rich.console import Console
from rich.syntax import Syntax


def print_code(console: Console, text: str, language: str) -> None:
    """Print a program; no line is cut or filled up, so that it runs as it is printed."""
    coloured = Syntax("", language, theme="ansi_dark", background_color="default").highlight(text)
    coloured.rstrip()
    console.print(coloured, soft_wrap=True)
