"""The list of networks: each entry knows its source and how to build it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from minicnn.errors import SettingError, suggestion
from minicnn.geometry import whole_number
from minicnn.graph import Summary
from minicnn.layers import Element, Shape
from minicnn.layers.setting import number
from minicnn.network import Graph
from minicnn.recipe import Recipe


class Paper(NamedTuple):
    """Where a network was described."""

    authors: str
    title: str
    year: int


DIVE = Paper("Zhang et al.", "Dive into Deep Learning", 2023)


@dataclass(frozen=True)
class ZooEntry:
    """A network of the zoo: its source, and its default form.

    classes : None for a block, which has no classes
    widths : whether it can be built with more or fewer filters
    recipe : how to train it; None where it was not tried
    """

    name: str
    paper: Paper
    title: str
    input_shape: Shape
    element: Callable[..., Element]
    classes: int | None = None
    widths: bool = True
    recipe: Recipe | None = None

    @property
    def source(self) -> str:
        """Title, paper and year in one line."""
        return f"{self.title}: {self.paper.authors}, {self.paper.title}, {self.paper.year}"

    def build(
        self,
        classes: int | None = None,
        input_shape: Sequence[int | None] | None = None,
        seed: int = 0,
        width: float | None = None,
        init: str | None = None,
    ) -> Graph:
        """The network, for another number of classes, another input, or so many times its filters if given."""
        if self.classes is None and classes is not None:
            raise SettingError(f"{self.name}: classes is {classes!r}, but a block has none")
        if self.classes is None:
            element = self.element()
        else:
            element = self.element(classes=self.classes if classes is None else whole_number(self.name, "classes", classes, least=1))
        if width is not None:
            element = self._with_width(element, width)
        net = Graph(element, self.input_shape if input_shape is None else input_shape, seed=seed, name=self.name, init=init)
        net.recipe = self.recipe
        return net

    def _with_width(self, element: Element, width: float) -> Element:
        factor = number(self.name, "width", width, least=0, above=True)
        if not self.widths:
            raise SettingError(f"{self.name}: width is {width!r}, but it has one width only")
        from minicnn.zoo.widths import with_width

        return with_width(element, factor, keep_last=self.classes is not None)

    def summary(self, classes: int | None = None, input_shape: Sequence[int | None] | None = None, width: float | None = None) -> Summary:
        """Its layers and costs, by default in its own form."""
        return self.build(classes, input_shape, width=width).summary()


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
    """The entry of a network, its name in any case, or a SettingError with the names that come close."""
    entry = ENTRIES.get(str(name).lower())
    if entry is None:
        hint = suggestion(name, ENTRIES) or f", which has {len(ENTRIES)}"
        raise SettingError(f"there is no network called {name!r} in the zoo{hint}\n  'minicnn zoo' lists them all")
    return entry


def build(
    name: str,
    classes: int | None = None,
    input_shape: Sequence[int | None] | None = None,
    seed: int = 0,
    width: float | None = None,
    init: str | None = None,
) -> Graph:
    """A network of the zoo by name.

    Parameters
    ----------
    name : str
        As in `names()`.
    classes, input_shape : int, (C, *space)
        Where they differ from the entry's; None for a size leaves it free, where the network allows that.
    seed : int
        The seed its parameters are drawn from, on first use.
    width : float, optional
        So many times the filters of every layer but the last, rounded: 1/16 makes a network to try things with.
    init : str, optional
        What weights start from, as in "glorot" or "gaussian=0.01"; see `minicnn.initializers`.
    """
    return find(name).build(classes, input_shape, seed, width, init)
