"""The list of networks: each entry knows its source and how to build it."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from minicnn.errors import SettingError
from minicnn.geometry import whole_number
from minicnn.graph import Summary
from minicnn.layers import Element, Shape
from minicnn.network import Graph


class Paper(NamedTuple):
    """Where a network was described."""

    authors: str
    title: str
    year: int


@dataclass(frozen=True)
class ZooEntry:
    """A network of the zoo: where it comes from, and its form unless asked for otherwise."""

    name: str
    paper: Paper
    title: str
    input_shape: Shape
    classes: int
    element: Callable[..., Element]

    @property
    def source(self) -> str:
        """Title, paper and year in one line."""
        return f"{self.title}: {self.paper.authors}, {self.paper.title}, {self.paper.year}"

    def build(self, classes: int | None = None, input_shape: Shape | None = None, seed: int = 0) -> Graph:
        """The network, for another number of classes or another input if given."""
        count = self.classes if classes is None else whole_number(self.name, "classes", classes, least=1)
        return Graph(self.element(classes=count), self.input_shape if input_shape is None else input_shape, seed=seed, name=self.name)

    def summary(self, classes: int | None = None, input_shape: Shape | None = None) -> Summary:
        """Its layers and costs, in its own form unless asked for another."""
        return self.build(classes, input_shape).summary()


ENTRIES: dict[str, ZooEntry] = {}


def network(name: str, paper: Paper, **entry: Any) -> Callable[[Callable[..., Element]], Callable[..., Element]]:
    """Enter the function that builds a network's layers into the zoo; a decorator."""
    def enter(element: Callable[..., Element]) -> Callable[..., Element]:
        ENTRIES[name] = ZooEntry(name, paper, element=element, **entry)
        return element
    return enter


def entries() -> tuple[ZooEntry, ...]:
    """All networks, the oldest first."""
    return tuple(sorted(ENTRIES.values(), key=lambda entry: entry.paper.year))


def names() -> tuple[str, ...]:
    """The names of all networks, the oldest first."""
    return tuple(entry.name for entry in entries())


def find(name: str) -> ZooEntry:
    """The entry of a network, or a SettingError with the names that come close."""
    entry = ENTRIES.get(name)
    if entry is None:
        close = difflib.get_close_matches(str(name).lower(), ENTRIES, n=3, cutoff=0.6)
        hint = f"did you mean {' or '.join(close)}?" if close else f"known are {', '.join(names())}"
        raise SettingError(f"there is no network called {name!r} in the zoo: {hint}\n  'minicnn zoo' lists them all")
    return entry


def build(name: str, classes: int | None = None, input_shape: Shape | None = None, seed: int = 0) -> Graph:
    """A network of the zoo by name.

    Parameters
    ----------
    name : str
        As in `names()`.
    classes, input_shape : int, (C, *space)
        Where they differ from the entry's.
    seed : int
        The seed its parameters are drawn from, on first use.
    """
    return find(name).build(classes, input_shape, seed)
