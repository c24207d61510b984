"""Layers connected one by one: a list that says of each which values go into it, for networks that no nest of blocks describes.

    Wired((Conv2D(8, 3, padding=1), ReLU(), Conv2D(8, 3, padding=1), AddInputs()), ((0,), (1,), (2,), (3, 1)))

Value 0 goes into the block, value i comes out of the i-th part, counted from 1: here the sum is of what the second convolution and the
first give.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

from minicnn.errors import GraphError, SettingError
from minicnn.layers.base import Block, Element, Value, Wiring
from minicnn.layers.setting import elements


@dataclass(frozen=True, repr=False)
class Wired(Block):
    """Parts in an order in which they can be computed.

    parts : layers and blocks, each of which gives one value
    inputs : for each of them the numbers of the values that go into it
    outputs : the numbers of the values that come out; none given, the last
    """

    parts: tuple[Element, ...]
    inputs: tuple[tuple[int, ...], ...]
    _: KW_ONLY
    outputs: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        where = self.where()
        for name in ("parts", "inputs", "outputs"):
            if not isinstance(getattr(self, name), tuple | list):
                raise SettingError(f"{where}: {name} is {getattr(self, name)!r}, but must be a list")
        elements(where, "parts", self.parts)
        if len(self.inputs) != len(self.parts):
            raise SettingError(f"{where}: there are {len(self.parts)} parts, but inputs of {len(self.inputs)}")
        for number, given in enumerate(self.inputs):
            self._check_numbers(f"part {number + 1} reads", given, number)
        self._check_numbers("its outputs are", self.outputs, len(self.parts))
        self.store(parts=tuple(self.parts), inputs=tuple(map(tuple, self.inputs)), outputs=tuple(self.outputs))

    def _check_numbers(self, what: str, numbers: object, last: int) -> None:
        if not isinstance(numbers, tuple | list) or not all(type(each) is int and 0 <= each <= last for each in numbers):
            raise SettingError(f"{self.where()}: {what} {numbers!r}, but must be numbers of values from 0 to {last}, as in (0,)")

    def wire(self, wiring: Wiring[Value], *values: Value) -> tuple[Value, ...]:
        if len(values) != 1:
            raise GraphError(f"{self.where()} takes one input, but gets {len(values)}")
        known = [*values]
        for part, numbers in zip(self.parts, self.inputs, strict=True):
            given = wiring.place(part, *(known[number] for number in numbers))
            if len(given) != 1:
                raise GraphError(f"{self.where()}: {part!r} gives {len(given)} values, but a part gives one")
            known.append(given[0])
        return tuple(known[number] for number in self.outputs or (-1,))
