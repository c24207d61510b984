"""What a network is made of: layers, which compute, and blocks, which connect layers.

A layer is its settings and nothing else: no parameters, no arrays.  From the shapes of its inputs it knows the shapes of its
outputs, the parameters it needs and what it costs.  Its class is the record of an operation: `forward` and `backward` are the textbook
loops that define it, the engine runs these unless a file of `minicnn.engine.operations` has faster steps for it.

Shapes are those of one image, without the batch: (C, *space) for maps, (F,) for flat features.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import MISSING, dataclass, field, fields
from math import prod
from typing import Any, ClassVar, NamedTuple, Protocol, TypeVar

from minicnn.errors import SettingError, ShapeError
from minicnn.geometry import Axis, Reads
from minicnn.layers.calls import CallSignature, check_call, check_class
from minicnn.layers.registry import register

Shape = tuple[int, ...]
Value = TypeVar("Value")
Kind = TypeVar("Kind", bound="Element")

Loop = str | Callable[..., None]  # a loop, or its name in `minicnn.kernels.textbook`, {n} standing for the number of axes

SPACE = "dhw"  # letters of the axes of a map: the last ones where there are fewer
NAME_PATTERN = re.compile(r"[A-Za-z0-9_\-]+")


class ParameterSpec(NamedTuple):
    """A parameter a layer asks for.

    fan_in : the inputs that meet in one output
    init : "he", "he/10", one of `minicnn.initializers`, a number for all, or "given": the layer has the numbers
    trainable : False for a buffer, which is stored with the parameters but changed by no gradient and not counted
    fan_out : the outputs that one input goes into; 0: as many as fan_in
    """

    name: str
    shape: Shape
    fan_in: int
    init: str | float = "he"
    trainable: bool = True
    fan_out: int = 0

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


class Loops(NamedTuple):
    """The textbook loops of a layer, outputs first; their arguments are given by name.

    forward : y, then what `keeps` names, from x (or x1, x2, ...), parameters, and `loop_settings`; also from key, first_image and
        training where the engine's step draws by chance
    backward : one loop or several, which write dx (or dx1, ...) and a gradient "dweight" for every parameter "weight", from dy and
        whatever of x, y, the parameters, and what forward kept they name
    """

    forward: Loop | None
    backward: tuple[Loop, ...]


class Wiring(Protocol[Value]):
    """What a block is given to connect its parts; `Value` stands for one array on its way through the network."""

    def place(self, element: Element, *values: Value) -> tuple[Value, ...]:
        """Feed values to a layer or block and return what comes out."""

    def called(self, name: str) -> tuple[Layer, tuple[Value, ...]]:
        """The layer of this name among those placed so far, and the values that go into it: within the same named block, or around it."""


@dataclass(frozen=True, repr=False)
class Element:
    """A layer or a block; `name` replaces the default name (conv1, conv2, ...), or opens a scope if it names a block.

    A subclass is known to files by its class name; `class Pool(Layer, registered=False)` is a family of layers, or known to those alone
    who name it in `custom_objects`.
    """

    __signature__ = CallSignature()
    title: ClassVar[str] = ""  # what tables call it; its class name unless given
    inferred: ClassVar[str] = ""  # what others ask for first and follows from the input here

    name: str | None = field(default=None, kw_only=True)

    def __init_subclass__(cls, registered: bool = True, **others: Any) -> None:
        super().__init_subclass__(**others)
        if registered:
            register(cls)

    def __new__(cls: type[Kind], *given: Any, **named: Any) -> Kind:
        check_class(cls)  # type: ignore[arg-type]
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
        return cls.title or cls.__name__

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
class Layer(Element, registered=False):
    """One step of a network.  What a subclass may say of its operation beside its settings:

    forward, backward : its textbook loops, see `Loops`; backward is one or a tuple
    keeps : arrays of the output's shape that forward leaves for backward; "indices" holds whole numbers, any other name floats
    stem : starts its default names; the class name in small letters unless given
    colour, quiet, bypass : how it is drawn: its box; as a word in the box before it; as a way around others
    kind_of_work : the line of a summary's shares that its costs are in
    rectifies : it is max(x, 0), and nothing else
    monotonic : a rectifier before it may as well stand after it, on fewer numbers
    """

    forward: ClassVar[Any] = None
    backward: ClassVar[Any] = ()
    keeps: ClassVar[tuple[str, ...]] = ()
    stem: ClassVar[str] = ""
    colour: ClassVar[str] = "#f4f4f4"
    quiet: ClassVar[bool] = False
    bypass: ClassVar[bool] = False
    kind_of_work: ClassVar[str] = "other"
    rectifies: ClassVar[bool] = False
    monotonic: ClassVar[bool] = False
    output_count: ClassVar[int] = 1
    value_inputs: ClassVar[int | None] = None  # so many inputs are computed with, those after them only lend their shape; None: all
    grows: ClassVar[bool] = False  # a larger input always fits where a smaller one does
    only_moves: ClassVar[bool] = False  # its output is its first input, or some of it, in another shape
    field_varies: ClassVar[bool] = False  # what of the input an output sees depends on where the output lies

    def in_place(self) -> tuple[Layer, ...]:
        """The layers that stand for it in a network, one feeding the next; the last has its name."""
        return (self,)

    def output_shapes(self, where: str, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        """Shapes of the outputs, that of the one input unless said otherwise; a ShapeError that starts with `where` if it does not fit."""
        if len(inputs) != 1:
            raise ShapeError(f"{where} takes one input, but gets {len(inputs)}")
        return inputs

    def loops(self) -> Loops:
        """The textbook loops of these settings."""
        backward = type(self).backward
        return Loops(type(self).forward, backward if isinstance(backward, tuple) else (backward,))

    def loop_settings(self, inputs: tuple[Shape, ...]) -> dict[str, Any]:
        """Numbers for the loops by the names of their arguments: the settings, and those of the window: stride_h, pad_w, ..."""
        found = self.settings()
        axes = self.axes(inputs) or ()
        for letter, axis in zip(SPACE[-len(axes) :], axes, strict=False):
            sizes = {"window": axis.taps, "stride": axis.stride, "pad": axis.before, "pad_after": axis.after, "dilation": axis.dilation}
            found |= {f"{name}_{letter}": size for name, size in sizes.items()}
        return found

    def loop_view(self, name: str, array: Any) -> Any:
        """How the loops see an array of this name: itself, or a view of it."""
        return array

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

    def reads(self, inputs: tuple[Shape, ...]) -> tuple[Reads, ...] | None:
        """The positions an output reads, per axis, as its receptive field needs them; None where it reads its own position only."""
        axes = self.axes(inputs)
        return None if axes is None else tuple(map(Reads.of_window, axes))

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
class Block(Element, ABC, registered=False):
    """Layers and their connections: a picture, not a step.  Nothing of it is left once the network is wired."""

    @abstractmethod
    def wire(self, wiring: Wiring[Value], *values: Value) -> tuple[Value, ...]:
        """Place the parts and return the block's outputs."""
