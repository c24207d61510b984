"""Branches: the same input goes several ways, and the ways meet again.

    Concat(a, b)(x) = a(x) and b(x), one after the other by channel         Add(a, b)(x) = a(x) + b(x)
                                                                                    Multiply(a, b)(x) = a(x) * b(x)

Szegedy et al., "Going Deeper with Convolutions", 2015, figure 2.  An empty `Sequential()` as a branch passes its input on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from minicnn.errors import SettingError
from minicnn.layers.base import Element, Layer, Value, Wiring
from minicnn.layers.join import AddInputs, ConcatChannels, MultiplyInputs
from minicnn.layers.sequential import Listed


@dataclass(frozen=True, repr=False, init=False)
class Branches(Listed, registered=False):
    """Several ways from one input, joined by a layer."""

    join: ClassVar[type[Layer]]

    branches: tuple[Element, ...] = ()

    def __init__(self, *branches: Element, name: str | None = None) -> None:
        self.store(branches=branches, name=name)
        self.__post_init__()

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.branches) < 2:
            raise SettingError(f"{self.where()}: needs at least two branches, but gets {len(self.branches)}")

    def wire(self, wiring: Wiring[Value], *values: Value) -> tuple[Value, ...]:
        ends = [end for branch in self.branches for end in wiring.place(branch, *values)]
        return wiring.place(self.join(), *ends)


class Concat(Branches):
    """Branches joined by channel: all give the same spatial size."""

    join = ConcatChannels


class Add(Branches):
    """Branches added up: all give the same shape."""

    join = AddInputs


class Multiply(Branches):
    """Branches multiplied, number by number: all give the same shape.

    A highway layer with a carry gate of its own, y = H(x)*T(x) + x*C(x):

        Add(Multiply(H, T), Multiply(Sequential(), C))

    Srivastava, Greff, Schmidhuber, "Highway Networks", 2015, equation 2.
    """

    join = MultiplyInputs

    def wire(self, wiring: Wiring[Value], *values: Value) -> tuple[Value, ...]:
        """Three and more are the product of the first two times the third, and so on."""
        first, *others = [end for branch in self.branches for end in wiring.place(branch, *values)]
        for other in others:
            (first,) = wiring.place(MultiplyInputs(), first, other)
        return (first,)
