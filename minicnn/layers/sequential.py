"""Blocks whose parts are listed as arguments, and the simplest of them: one thing after the other."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from minicnn.layers.base import Block, Element, Value, Wiring
from minicnn.layers.setting import elements


class Listed(Block, registered=False):
    """A block whose parts are its one setting beside the name: a tuple, given as arguments one by one."""

    def __post_init__(self) -> None:
        super().__post_init__()
        elements(self.where(), self.setting(), self.parts)

    @classmethod
    def setting(cls) -> str:
        """What its parts are called."""
        return next(each.name for each in fields(cls) if each.name != "name")

    @property
    def parts(self) -> tuple[Element, ...]:
        return getattr(self, self.setting())  # type: ignore[no-any-return]

    @classmethod
    def from_settings(cls, settings: dict[str, Any]) -> Listed:
        return cls(*settings[cls.setting()], name=settings.get("name"))

    def __repr__(self) -> str:
        parts = [repr(part) for part in self.parts] + ([f"name={self.name!r}"] if self.name else [])
        return f"{type(self).__name__}({', '.join(parts)})"


@dataclass(frozen=True, repr=False, init=False)
class Sequential(Listed):
    """What one item gives is what the next one gets.  Without items it is the identity."""

    items: tuple[Element, ...] = ()

    def __init__(self, *items: Element, name: str | None = None) -> None:
        self.store(items=items, name=name)
        self.__post_init__()

    def wire(self, wiring: Wiring[Value], *values: Value) -> tuple[Value, ...]:
        for item in self.items:
            values = wiring.place(item, *values)
        return values
