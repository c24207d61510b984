"""Layers and blocks as plain dicts that JSON can hold, and back.

    {"type": "Sequential", "items": [{"type": "Conv2D", "filters": 6, "window": 5, ...}, ...]}

What stands in several places, and so shares its parameters, is described at the first and has a number there; at the others stands
the number alone:

    {"type": "Linear", "features": 84, ..., "shared part": 1}          {"shared part": 1}

A function among the settings is described by its name alone, for code is never read from a file:

    {"type": "Variant", "index_map": {"function": "circular"}, ...}
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from minicnn.errors import GraphError, quoted
from minicnn.layers.base import Element
from minicnn.layers.registry import function_called, kind_called, with_own

FUNCTION = "function"
SHARED = "shared part"  # no setting can have a name with a space
MOST_PARTS = 1 << 13  # layers and blocks, ten times as many as in the largest network here, counted wherever they stand: parts in each
# other twice make 2**depth of a few words
MOST_LEVELS = 100  # of blocks in blocks, each a few calls deep when they are wired


def describe(element: Element) -> dict[str, Any]:
    """An element and all within it as a dict of plain values."""
    return _Descriptions(element).of(element)


def build(description: object, custom_objects: Sequence[Any] = ()) -> Element:
    """The element that `describe` described; every setting is checked again.  `custom_objects` are classes and functions known here
    by their names.

    Raises
    ------
    GraphError, SettingError, ShapeError
        If it describes none, or one of more parts, or of more in each other, than a network may have.
    """
    part = _build(description, {}, with_own(custom_objects))
    if not isinstance(part.value, Element):
        raise GraphError(f"a layer is described by an object with a 'type', but here stands {quoted(description)}")
    return part.value


class _Part(NamedTuple):
    """What a description became.  parts: layers and blocks in it, a shared one as often as it stands there;  levels: in each other."""

    value: Any
    parts: int = 0
    levels: int = 0


def _build(description: object, shared: dict[int, _Part], kinds: Mapping[str, Any]) -> _Part:
    """An element from an object, a tuple from a list, anything else as it is."""
    if isinstance(description, list):
        return _joined([_build(each, shared, kinds) for each in description], tuple)
    if not isinstance(description, dict):
        return _Part(description)
    if set(description) == {SHARED}:
        return _known(description[SHARED], shared)
    if set(description) == {FUNCTION}:
        return _Part(function_called(description[FUNCTION], kinds))
    if not isinstance(description.get("type"), str):
        raise GraphError(f"a layer is described by an object with a 'type', but here stands {quoted(description)}")
    names = [name for name in description if name not in ("type", SHARED)]
    settings = _joined([_build(description[name], shared, kinds) for name in names], list)
    kind = kind_called(description["type"], kinds)
    try:
        element = kind.from_settings(dict(zip(names, settings.value, strict=True)))
    except (TypeError, KeyError, AttributeError) as error:
        raise GraphError(f"{kind.__name__}: its settings do not fit: {error}") from error
    part = _Part(element, settings.parts + 1, settings.levels + 1)
    if part.parts > MOST_PARTS or part.levels > MOST_LEVELS:
        raise GraphError(f"a network has at most {MOST_PARTS:,} layers and blocks, nested at most {MOST_LEVELS} deep")
    if SHARED in description:
        number = description[SHARED]
        if type(number) is not int or number in shared:
            raise GraphError(f"{kind.__name__}: its {SHARED!r} is {quoted(number)}, but must be a whole number of its own")
        shared[number] = part
    return part


def _joined(parts: list[_Part], kind: type) -> _Part:
    return _Part(kind(part.value for part in parts), sum(part.parts for part in parts), max((part.levels for part in parts), default=0))


def _known(number: object, shared: dict[int, _Part]) -> _Part:
    if type(number) is not int or number not in shared:
        raise GraphError(f"the {SHARED} {quoted(number)} is described nowhere before its second place")
    return shared[number]


class _Descriptions:
    """Descriptions of an element and all within it; each that stands in several places is described once."""

    def __init__(self, element: Element) -> None:
        self._places: Counter[int] = Counter()
        self._numbers: dict[int, int] = {}
        self._functions: dict[str, object] = {}
        self._count(element)

    def _count(self, value: object) -> None:
        if isinstance(value, tuple):
            for each in value:
                self._count(each)
        elif isinstance(value, Element):
            self._places[id(value)] += 1
            if self._places[id(value)] == 1:
                self._count(tuple(value.settings().values()))

    def of(self, element: Element) -> dict[str, Any]:
        if id(element) in self._numbers:
            return {SHARED: self._numbers[id(element)]}
        described = {"type": type(element).__name__, **{name: self._plain(value) for name, value in element.settings().items()}}
        if self._places[id(element)] > 1:
            described[SHARED] = self._numbers[id(element)] = len(self._numbers) + 1
        return described

    def _plain(self, value: object) -> object:
        if isinstance(value, Element):
            return self.of(value)
        if callable(value):
            name = getattr(value, "__name__", type(value).__name__)
            if self._functions.setdefault(name, value) is not value:
                raise GraphError(f"two functions of the network are called {name}, but its file knows them by their names alone")
            return {FUNCTION: name}
        return [self._plain(each) for each in value] if isinstance(value, tuple) else value
