"""Highway: a gate decides, number by number, how much of a body's output and how much of its input goes on.

    y = t*h + (1 - t)*x          h = body(x),  t = gate(x) between 0 and 1

Srivastava, Greff, Schmidhuber, "Highway Networks", 2015, equation 3.
"""

from __future__ import annotations

from dataclasses import dataclass

from minicnn.layers.base import Block, Element, Value, Wiring
from minicnn.layers.join import GateInputs
from minicnn.layers.setting import elements


@dataclass(frozen=True, repr=False)
class Highway(Block):
    """Mix what `body` makes of the input with the input itself, as `gate` says; both keep its shape, the gate ends in Sigmoid()."""

    body: Element
    gate: Element

    def __post_init__(self) -> None:
        super().__post_init__()
        elements(self.where(), "body", (self.body,))
        elements(self.where(), "gate", (self.gate,))

    def wire(self, wiring: Wiring[Value], *values: Value) -> tuple[Value, ...]:
        return wiring.place(GateInputs(), *wiring.place(self.body, *values), *wiring.place(self.gate, *values), *values)
