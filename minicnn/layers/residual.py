"""Residual: a body and a way around it.

    y = body(x) + shortcut(x)          shortcut None: x itself

He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", 2016, equations 1 and 2.
"""

from __future__ import annotations

from dataclasses import dataclass

from minicnn.layers.base import Block, Element, Value, Wiring
from minicnn.layers.join import AddInputs
from minicnn.layers.setting import elements


@dataclass(frozen=True, repr=False)
class Residual(Block):
    """Add what goes through `body` to what goes through `shortcut`; an activation after the sum is a layer of its own."""

    body: Element
    shortcut: Element | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        elements(self.where(), "body", (self.body,))
        if self.shortcut is not None:
            elements(self.where(), "shortcut", (self.shortcut,))

    def wire(self, wiring: Wiring[Value], *values: Value) -> tuple[Value, ...]:
        around = values if self.shortcut is None else wiring.place(self.shortcut, *values)
        return wiring.place(AddInputs(), *wiring.place(self.body, *values), *around)
