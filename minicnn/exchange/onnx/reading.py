"""A file's graph while it is read: parts in order, and what each value is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from onnx import GraphProto, NodeProto, helper

from minicnn import layers as L
from minicnn.errors import GraphError, MinicnnError, one_line, quoted
from minicnn.exchange.onnx.constants import FOLDS, Folding
from minicnn.exchange.onnx.operators import MOST_AXES, Operator, Padding, Value
from minicnn.exchange.onnx.readers import READERS
from minicnn.geometry import LARGEST_SETTING
from minicnn.layers import Element, Layer, Shape
from minicnn.layers.max_pool import MaxPool

if TYPE_CHECKING:
    from numpy.typing import NDArray

ANY_BATCH = 1_000_003  # stands for the number of images where the file leaves it open: no size is a multiple of it
SHOWN = 12  # refused nodes that a message names
MISFITS = (TypeError, ValueError, IndexError, KeyError, AttributeError, ArithmeticError, UnicodeError, RecursionError, MemoryError)


class Part(NamedTuple):
    """A layer or block of the network.  arrays : its parameters and buffers by their own names"""

    element: Element
    inputs: tuple[int, ...]
    shape: Shape
    arrays: Mapping[str, NDArray[Any]]


class Reading:
    """The graph for one shape of the input.

    batch : images at a time, if the file says so
    """

    def __init__(
        self, graph: GraphProto, constants: Mapping[str, NDArray[Any]], opset: int, input_name: str, shape: Shape, batch: int
    ) -> None:
        self.opset, self.batch = opset, batch or ANY_BATCH
        self.parts: list[Part] = []
        self._paddings: dict[int, Padding] = {}  # by the number of the padded value
        self._reshaped: dict[Value, Value] = {}
        self.places: dict[int, tuple[MaxPool, Value]] = {}  # by the number of what a max pooling gives: the pooling, what it read
        self._shapes: list[Shape] = [shape]
        self._known: dict[str, Any] = {**constants, input_name: Value(0, shape)}
        self._shared: dict[tuple[str, tuple[str, ...]], tuple[Layer, Mapping[str, NDArray[Any]]]] = {}
        self._names: set[str] = {"input"}
        self._folding = Folding()
        read = [name for node in graph.node for name in node.input] + [each.name for each in graph.output]
        refused = [each for each in (self._take(node, frozenset(read)) for node in graph.node) if each]
        if refused:
            raise GraphError(_refusal(refused))
        self.outputs = [self._output(each.name) for each in graph.output]

    def layer(self, layer: Layer, *values: Value, weights_of: tuple[str, ...] = (), **arrays: NDArray[Any]) -> Value:
        """Add a layer; `weights_of` names the file's arrays that its parameters are from: the same layer of the same arrays is shared."""
        values = tuple(map(self._in_shape, values))
        shapes = tuple(value.shape for value in values)
        if weights_of:
            known = self._shared.get((repr(layer), weights_of))
            if known and all(np.array_equal(array, known[1][name]) for name, array in arrays.items()):
                layer = known[0]
            elif not known:
                key, layer = (repr(layer), weights_of), self._called(layer, weights_of[0])
                self._shared[key] = (layer, arrays)
        (output,) = layer.output_shapes("it", shapes)
        for spec in layer.parameters(shapes):
            given: Any = arrays.get(spec.name)
            if np.shape(given) != spec.shape:
                raise GraphError(f"its {spec.name} has the shape {np.shape(given)}, but must have {spec.shape}")
        return self.place(layer, values, output, arrays)

    def place(self, element: Element, values: Sequence[Value], shape: Shape, arrays: Mapping[str, NDArray[Any]]) -> Value:
        """Add a part whose output shape is known."""
        if prod(shape) > LARGEST_SETTING:
            raise GraphError(f"it makes an image of {shape}, {prod(shape):,} numbers")
        for value in values:
            if value.number in self._paddings and self._paddings[value.number].fill:
                raise GraphError(f"it reads a map padded with {self._paddings[value.number].fill:g}, which only a max pooling can")
        self.parts.append(Part(element, tuple(value.number for value in values), shape, arrays))
        self._shapes.append(shape)
        return Value(len(self.parts), shape)

    def _called(self, layer: Layer, weight: str) -> Layer:
        """The layer with the name that its weights have in the file, if it can have it."""
        name = "".join(each if each.isascii() and (each.isalnum() or each in "_-") else "_" for each in weight.rpartition(".")[0])
        if not name.strip("_") or name in self._names:
            return layer
        self._names.add(name)
        return type(layer)(**{**layer.settings(), "name": name})

    def free_name(self, stem: str) -> str:
        """A name that no layer has."""
        number = 1
        while f"{stem}{number}" in self._names:
            number += 1
        self._names.add(f"{stem}{number}")
        return f"{stem}{number}"

    def shape_of(self, number: int) -> Shape:
        """The shape of a value, for one image."""
        return self._shapes[number]

    def reshaped(self, value: Value, shape: Shape) -> Value:
        """The same numbers in another shape, which costs nothing: a layer stands for it where something reads it in that shape."""
        if prod(value.shape) != prod(shape):
            raise GraphError(f"it makes {shape} of an image of {value.shape}")
        return Value(value.number, shape)

    def _in_shape(self, value: Value) -> Value:
        """A value whose part gives it in its shape."""
        if value.shape == self._shapes[value.number]:
            return value
        if value not in self._reshaped:
            if not 1 <= len(value.shape) <= MOST_AXES:
                raise GraphError(f"its images have {len(value.shape)} axes, {value.shape}, but may have one to {MOST_AXES}")
            layer = L.Flatten() if len(value.shape) == 1 else L.Reshape(value.shape)
            self._reshaped[value] = self.place(layer, [Value(value.number, self._shapes[value.number])], value.shape, {})
        return self._reshaped[value]

    def padding_of(self, value: Value) -> Padding | None:
        """What a value was before it was padded, if it was."""
        return self._paddings.get(value.number) if value.shape == self._shapes[value.number] else None

    def note_padding(self, value: Value, padding: Padding) -> None:
        """Keep what a value was before it was padded."""
        self._paddings[value.number] = padding

    def _take(self, node: NodeProto, read: frozenset[str]) -> tuple[str, str, str] | None:
        """Read a node; if that is not possible, its kind, its name and why."""
        kind, name = one_line(node.op_type)[:80], one_line(node.name or (node.output[0] if node.output else ""))[:80]
        given = [self._known.get(each) if each else None for each in node.input]
        if any(each and each not in self._known for each in node.input):
            return None if kind in READERS else (kind, name, "")  # behind a node that is refused; of those not known each is named
        try:
            if node.domain not in ("", "ai.onnx"):
                raise GraphError(f"its domain is {quoted(node.domain)}")
            attributes = {each.name: helper.get_attribute_value(each) for each in node.attribute}
            used = tuple(bool(each) and each in read for each in node.output)
            operator = Operator(kind, name, tuple(given), tuple(node.input), attributes, self.opset, used)
            outputs: Any
            if kind == "Shape" and isinstance(given[0], Value):
                operator = Operator(kind, name, (np.array([self.batch, *given[0].shape]),), (), attributes, self.opset, used)
                outputs = self._folding(operator)
            elif kind in FOLDS and not any(isinstance(each, Value) for each in given):
                outputs = self._folding(operator)
            elif kind in READERS:
                outputs = READERS[kind](self, operator)
            else:
                return kind, name, "" if kind not in FOLDS else "its inputs depend on the images"
        except MinicnnError as error:
            return kind, name, one_line(error.headline)
        except MISFITS as error:
            return kind, name, one_line(f"its inputs or attributes do not fit: {error}")[:200]
        each_output = [outputs] if isinstance(outputs, Value | np.ndarray) else list(outputs)
        for output, result in zip(node.output, each_output, strict=False):
            self._known[output] = result
        return None

    def _output(self, name: str) -> int:
        found = self._known.get(name)
        if not isinstance(found, Value):
            raise GraphError(f"its output {quoted(name)} {'is made by no node' if found is None else 'does not depend on the images'}")
        found = self._in_shape(found)
        if self._paddings.get(found.number, Padding(found, (), 0.0)).fill:
            raise GraphError(f"its output {quoted(name)} is padded with an infinite number")
        return found.number


def _refusal(refused: Iterable[tuple[str, str, str]]) -> str:
    """All nodes that have no counterpart: what they are, and where they stand."""
    listed = list(refused)
    kinds = list(dict.fromkeys(kind for kind, _, _ in listed))
    lines = []
    for kind in kinds:
        own = [(name, why) for each, name, why in listed if each == kind]
        names = ", ".join(name for name, _ in own[:SHOWN] if name) + (f" and {len(own) - SHOWN} more" if len(own) > SHOWN else "")
        reasons = "; ".join(dict.fromkeys(why for _, why in own if why))
        lines.append(f"  {kind:<20} at {names or 'a node without a name'}{f': {reasons}' if reasons else ''}")
    return f"it has nodes without a counterpart here: {', '.join(kinds)}\n" + "\n".join(lines)
