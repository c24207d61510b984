"""One node of a file as the functions that read it see it, and the table of these functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from minicnn.errors import GraphError, quoted
from minicnn.geometry import Pair
from minicnn.layers import Shape

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from minicnn.exchange.onnx.reading import Reading

Reader = Callable[["Reading", "Operator"], "Value | tuple[Any, ...]"]

MOST_AXES = 4  # of an image, its channels among them
MOST_PLACES = 1 << 20  # along an axis, where each is listed
READERS: dict[str, Reader] = {}


def reads(*kinds: str) -> Callable[[Reader], Reader]:
    """Enter a function as the one that reads nodes of these kinds; a decorator."""

    def enter(reader: Reader) -> Reader:
        READERS.update(dict.fromkeys(kinds, reader))
        return reader

    return enter


class Value(NamedTuple):
    """What depends on the images: number 0 is the input, number i what the i-th part gives.  shape : of one image."""

    number: int
    shape: Shape


class Padding(NamedTuple):
    """What a padded value was before, for the layer behind that can pad by itself."""

    value: Value
    pairs: tuple[Pair, ...]
    fill: float


@dataclass(frozen=True)
class Operator:
    """A node whose inputs are known.

    inputs : values, constants, or None where one is left out
    used : for each output, whether something reads it
    """

    kind: str
    name: str
    inputs: tuple[Any, ...]
    input_names: tuple[str, ...]
    attributes: Mapping[str, Any]
    opset: int
    used: tuple[bool, ...]

    def get(self, index: int) -> Any:
        """An input, None if it is left out."""
        return self.inputs[index] if index < len(self.inputs) else None

    def value(self, index: int = 0) -> Value:
        """An input that depends on the images."""
        found = self.get(index)
        if not isinstance(found, Value):
            raise GraphError(f"its input {index + 1} is {'missing' if found is None else 'a constant'}, but must depend on the images")
        return found

    def values(self) -> list[Value]:
        """All inputs, each of which must depend on the images."""
        return [self.value(index) for index in range(len(self.inputs))]

    def constant(self, index: int, what: str) -> NDArray[Any]:
        """An input that must be the same for all images."""
        found = self.get(index)
        if not isinstance(found, np.ndarray):
            raise GraphError(f"its {what} {'is missing' if found is None else 'depends on the images'}, but must be constant")
        return found

    def numbers(self, index: int, what: str) -> NDArray[Any]:
        """The same as float32."""
        with np.errstate(all="ignore"):
            return self.constant(index, what).astype(np.float32)

    def flag(self, name: str, default: int = 0) -> bool:
        return bool(self.integer(name, default))

    def integer(self, name: str, default: int) -> int:
        return self._of(name, default, int)  # type: ignore[no-any-return]

    def real(self, name: str, default: float) -> float:
        return float(self._of(name, default, (int, float)))

    def word(self, name: str, default: str) -> str:
        found = self._of(name, default, (str, bytes))
        return found.decode(errors="replace") if isinstance(found, bytes) else found  # type: ignore[no-any-return]

    def integers(self, name: str, default: Any = None) -> tuple[int, ...] | None:
        """A list of whole numbers."""
        found = self.attributes.get(name, default)
        if found is not None and not (isinstance(found, list | tuple) and all(isinstance(each, int) for each in found)):
            raise GraphError(f"its {name} is {quoted(found)}, but must be a list of whole numbers")
        return None if found is None else tuple(found)

    def _of(self, name: str, default: Any, kinds: Any) -> Any:
        found = self.attributes.get(name, default)
        if not isinstance(found, kinds):
            raise GraphError(f"its {name} is {quoted(found)}, of another kind than {quoted(default)}")
        return found

    def only_first_output(self) -> None:
        """Refuse a node of which more than the first output is read."""
        if any(self.used[1:]):
            raise GraphError("more than its first output is read")


def check_places(*counts: int) -> None:
    """Refuse an axis that is too long to be listed, before it is."""
    if max(counts) > MOST_PLACES:
        raise GraphError(f"it moves {max(counts):,} places of an axis, but at most {MOST_PLACES:,} are listed")


def axis_of(axis: int, value: Value) -> int:
    """An axis counted from the first, the images' axis being 0."""
    rank = 1 + len(value.shape)
    if not -rank <= axis < rank:
        raise GraphError(f"its axis {axis} is not one of an array with {rank}")
    return axis % rank
