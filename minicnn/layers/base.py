"""What a network is made of: layers, which compute, and blocks, which connect layers.

A layer is its settings and nothing else: no parameters, no arrays.  From the shapes of its inputs it knows the shapes of its
outputs, the parameters it needs and what it costs; the engine reads `kernel` to find the code that does the work.

Shapes are those of one image, without the batch: (C, *space) for maps, (F,) for flat features.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import MISSING, dataclass, field, fields
from math import prod
from typing import Any, ClassVar, NamedTuple, Protocol, TypeVar

from minicnn.errors import SettingError
from minicnn.geometry import Axis
from minicnn.layers.calls import CallSignature, check_call

Shape = tuple[int, ...]
Value = TypeVar("Value")
Kind = TypeVar("Kind", bound="Element")

NAME_PATTERN = re.compile(r"[A-Za-z0-9_\-]+")


class ParameterSpec(NamedTuple):
    """A parameter a layer asks for.

    fan_in : the inputs that meet in one output
    init : "he", "he/10", "zeros", "ones", a number for all, or "given": the layer has the numbers
    trainable : False for a buffer, which is stored with the parameters but changed by no gradient and not counted
    """

    name: str
    shape: Shape
    fan_in: int
    init: str | float = "he"
    trainable: bool = True

    @property
    def size(self) -> int:
        return prod(self.shape)


class Cost(NamedTuple):
    """What a layer costs for one image; None where it is not counted.

    formula : the number of parameters, written out, as in "(11*11*3 + 1) * 96"
    macs : multiplications of a weight by an activation, taps on padding included, bias not
    connections : one per tap and one per bias, per output
    """

    formula: str | None = None
    macs: int | None = None
    connections: int | None = None


class Wiring(Protocol[Value]):
    """What a block is given to connect its parts; `Value` stands for one array on its way through the network."""

    def place(self, element: Element, *values: Value) -> tuple[Value, ...]:
        """Feed values to a layer or block and return what comes out."""


@dataclass(frozen=True, repr=False)
class Element:
    """A layer or a block; `name` replaces the default name (conv1, conv2, ...), or opens a scope if it names a block."""

    __signature__ = CallSignature()
    inferred: ClassVar[str] = ""  # what others ask for first and follows from the input here

    name: str | None = field(default=None, kw_only=True)

    def __new__(cls: type[Kind], *given: Any, **named: Any) -> Kind:
        if given or named:  # a copy is made without
            check_call(cls, given, named)
        return super().__new__(cls)

    def __post_init__(self) -> None:
        if self.name is not None and not (isinstance(self.name, str) and NAME_PATTERN.fullmatch(self.name)):
            raise SettingError(f"{self.kind()}: name is {self.name!r}, but must be made of letters, digits, _ and -")
        if self.name == "input":
            raise SettingError(f"{self.kind()}: the name 'input' is kept for the network's input")

    @classmethod
    def kind(cls) -> str:
        """What a table calls it."""
        return cls.__name__

    def where(self) -> str:
        """How a message about a setting calls it."""
        return self.kind() if self.name is None else f"{self.name} ({self.kind()!r})"

    def settings(self) -> dict[str, Any]:
        """Every setting by name, as given to the constructor."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @classmethod
    def from_settings(cls, settings: dict[str, Any]) -> Element:
        """The inverse of `settings`: every check of the constructor applies."""
        return cls(**settings)

    def store(self, **settings: object) -> None:
        """Store settings in their normal form while constructing (a frozen dataclass allows it only this way)."""
        for name, value in settings.items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        given = [(each, getattr(self, each.name)) for each in fields(self) if each.name != "name"]
        parts = [
            repr(value) if each.default is MISSING else f"{each.name}={value!r}"
            for each, value in given
            if each.default is MISSING or value != each.default
        ]
        if self.name is not None:
            parts.append(f"name={self.name!r}")
        return f"{type(self).__name__}({', '.join(parts)})"


@dataclass(frozen=True, repr=False)
class Layer(Element, ABC):
    """One step of a network, computed by the kernel family `kernel`; `stem` starts its default names."""

    kernel: ClassVar[str]
    stem: ClassVar[str]
    output_count: ClassVar[int] = 1
    value_inputs: ClassVar[int | None] = None  # so many inputs are computed with, those after them only lend their shape; None: all
    grows: ClassVar[bool] = False  # a larger input always fits where a smaller one does
    only_moves: ClassVar[bool] = False  # its output is its first input, or some of it, in another shape
    field_varies: ClassVar[bool] = False  # what of the input an output sees depends on where the output lies

    @abstractmethod
    def output_shapes(self, where: str, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        """Shapes of the outputs; a ShapeError that starts with `where` if the inputs do not fit."""

    def parameters(self, inputs: tuple[Shape, ...]) -> tuple[ParameterSpec, ...]:
        """Parameters for inputs of these shapes, in a fixed order."""
        return ()

    def given(self, name: str, shape: Shape) -> Sequence[float]:
        """The numbers of a parameter whose init is "given", the last axis running fastest."""
        raise NotImplementedError(f"{self.kind()} gives no numbers for {name}")

    def cost(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Cost:
        """Cost for one image."""
        return Cost()

    def axes(self, inputs: tuple[Shape, ...]) -> tuple[Axis, ...] | None:
        """The window an output position sees, per axis, all settings resolved; None where it sees its own position only."""
        return None

    def brief(self) -> tuple[str, ...]:
        """The settings that matter, in words: ("5x5", "padding 2")."""
        return ()

    def size_steps(self, inputs: tuple[Shape, ...]) -> str:
        """How the output size comes about, with its numbers; empty where there is nothing to work out."""
        return ""

    def repairs(self, inputs: tuple[Shape, ...]) -> tuple[str, ...]:
        """Changes of a setting that would make inputs of these shapes fit, each to stand after "use"."""
        return ()


@dataclass(frozen=True, repr=False)
class Block(Element, ABC):
    """Layers and their connections: a picture, not a step.  Nothing of it is left once the network is wired."""

    @abstractmethod
    def wire(self, wiring: Wiring[Value], *values: Value) -> tuple[Value, ...]:
        """Place the parts and return the block's outputs."""
