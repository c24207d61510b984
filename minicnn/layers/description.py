"""Layers and blocks as plain dicts that JSON can hold, and back.

    {"type": "Sequential", "items": [{"type": "Conv2D", "filters": 6, "window": 5, ...}, ...]}

What stands in several places, and so shares its parameters, is described at the first and has a number there; at the others stands
the number alone:

    {"type": "Linear", "features": 84, ..., "shared part": 1}          {"shared part": 1}
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from minicnn.errors import GraphError
from minicnn.layers.base import Element
from minicnn.layers.registry import kind_called

SHARED = "shared part"   # no setting can have a name with a space


def describe(element: Element) -> dict[str, Any]:
    """An element and all within it as a dict of plain values."""
    return _Descriptions(element).of(element)


def build(description: object) -> Element:
    """The element that `describe` described; every setting is checked again."""
    return _build(description, {})


def _build(description: object, shared: dict[int, Element]) -> Element:
    if isinstance(description, dict) and set(description) == {SHARED}:
        return _known(description[SHARED], shared)
    if not isinstance(description, dict) or not isinstance(description.get("type"), str):
        raise GraphError(f"a layer is described by an object with a 'type', but here stands {str(description)[:80]!r}")
    settings = {name: _built(value, shared) for name, value in description.items() if name not in ("type", SHARED)}
    kind = kind_called(description["type"])
    try:
        element = kind.from_settings(settings)
    except (TypeError, KeyError) as error:
        raise GraphError(f"{kind.__name__}: its settings do not fit: {error}") from error
    if SHARED in description:
        number = description[SHARED]
        if not isinstance(number, int) or number in shared:
            raise GraphError(f"{kind.__name__}: its {SHARED!r} is {number!r}, but must be a whole number of its own")
        shared[number] = element
    return element


def _known(number: object, shared: dict[int, Element]) -> Element:
    if not isinstance(number, int) or number not in shared:
        raise GraphError(f"the {SHARED} {number!r} is described nowhere before its second place")
    return shared[number]


def _built(value: object, shared: dict[int, Element]) -> object:
    if isinstance(value, dict):
        return _build(value, shared)
    return tuple(_built(each, shared) for each in value) if isinstance(value, list) else value


class _Descriptions:
    """Descriptions of an element and all within it; each that stands in several places is described once."""

    def __init__(self, element: Element) -> None:
        self._places: Counter[int] = Counter()
        self._numbers: dict[int, int] = {}
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
        return [self._plain(each) for each in value] if isinstance(value, tuple) else value
