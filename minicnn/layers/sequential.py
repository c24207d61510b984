"""Sequential: one thing after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from minicnn.layers.base import Block, Element, Value, Wiring
from minicnn.layers.setting import elements


@dataclass(frozen=True, repr=False, init=False)
class Sequential(Block):
    """What one item gives is what the next one gets.  Without items it is the identity."""

    items: tuple[Element, ...] = ()

    def __init__(self, *items: Element, name: str | None = None) -> None:
        self.store(items=items, name=name)
        self.__post_init__()

    def __post_init__(self) -> None:
        super().__post_init__()
        elements(self.where(), "items", self.items)

    def wire(self, wiring: Wiring[Value], *values: Value) -> tuple[Value, ...]:
        for item in self.items:
            values = wiring.place(item, *values)
        return values

    @classmethod
    def from_settings(cls, settings: dict[str, Any]) -> Sequential:
        return cls(*settings["items"], name=settings.get("name"))

    def __repr__(self) -> str:
        parts = [repr(item) for item in self.items] + ([f"name={self.name!r}"] if self.name else [])
        return f"{type(self).__name__}({', '.join(parts)})"
