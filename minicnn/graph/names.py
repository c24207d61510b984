"""Nodes and parameters by name or pattern, as users choose them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import TypeAlias

from minicnn.errors import GraphError, quoted, suggestion

SHOWN = 20  # names that a message lists

Patterns: TypeAlias = "str | Iterable[str]"


def chosen(where: str, patterns: Patterns, known: Sequence[str], what: str) -> list[str]:
    """The known names that any of the patterns fits ("conv1", "stage2.*"), in their own order.

    Raises
    ------
    GraphError
        If a pattern fits none; `what` says what there would be, as in "layer".
    """
    wanted = [patterns] if isinstance(patterns, str) else list(patterns) if isinstance(patterns, Iterable) else [patterns]
    for each in wanted:
        if not isinstance(each, str) or not any(_fits(name, each) for name in known):
            raise GraphError(f"{where}: there is no {what} called {quoted(each)}{suggestion(each, known)}\n  choose from {shown(known)}")
    return [name for name in known if any(_fits(name, each) for each in wanted)]


def shown(names: Sequence[str]) -> str:
    """Names for a message, the middle left out where they are many."""
    return ", ".join(names if len(names) <= SHOWN else [*names[: SHOWN // 2], "...", *names[-SHOWN // 2 :]])


def _fits(name: str, pattern: str) -> bool:
    return name == pattern or fnmatchcase(name, pattern)
