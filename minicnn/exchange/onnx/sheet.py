"""The graph of an ONNX model while it is written: nodes in order, initializers, names that nothing else has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper

from minicnn.graph import Node

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

REDUCTIONS_WITH_INPUT = 18  # since this opset the axes of ReduceMax are an input


class Sheet:
    """Layers are written onto it one after the other; each value is called by its name.

    arrays : parameters and buffers of the network by name
    opset : version of the operators
    free : whether axes of the input are free, so that nothing may depend on their size
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]], opset: int, free: bool) -> None:
        self.opset, self.free = opset, free
        self.nodes: dict[str, list[NodeProto]] = {}  # by the layer that they were written for
        self.initializers: dict[str, TensorProto] = {}
        self._arrays = arrays
        self._taken = {*arrays, "input", "output"}
        self._layer = ""

    def begin(self, name: str) -> None:
        """What follows is written for the layer of this name."""
        self._layer = name
        self.nodes.setdefault(name, [])

    def value(self, hint: str) -> str:
        """A name for a value: the hint, with a number if something else is called so."""
        name, number = hint, 1
        while name in self._taken:
            number += 1
            name = f"{hint}_{number}"
        self._taken.add(name)
        return name

    def node(self, operator: str, *inputs: str, outputs: int = 1, **attributes: Any) -> Any:
        """Add a node; the name of its output, a tuple of names if it has several.  An input "" is left out."""
        while inputs and not inputs[-1]:
            inputs = inputs[:-1]
        names = [self.value(f"{self._layer}/{operator}") for _ in range(outputs)]
        self.nodes[self._layer].append(helper.make_node(operator, inputs, names, name=names[0], **attributes))
        return names[0] if outputs == 1 else tuple(names)

    def constant(self, what: str, values: Any, kind: Any = np.float32) -> str:
        """Numbers that no training changes, as an initializer; `what` they are."""
        name = self.value(f"{self._layer}/{what}")
        self.initializers[name] = numpy_helper.from_array(np.asarray(values, dtype=kind), name)
        return name

    def integers(self, what: str, values: Any) -> str:
        """Sizes, places or axes."""
        return self.constant(what, values, np.int64)

    def parameter(self, node: Node, name: str) -> str:
        """A parameter or buffer of a layer under its name in the network; "" if the layer has none of this name."""
        for slot in node.slots:
            if slot.name.rpartition(".")[2] == name:
                if slot.name not in self.initializers:
                    self.initializers[slot.name] = numpy_helper.from_array(np.ascontiguousarray(self._arrays[slot.name]), slot.name)
                return slot.name
        return ""

    def reshape(self, x: str, shape: Sequence[int]) -> str:
        """0 keeps an axis, -1 takes what is left."""
        return self.node("Reshape", x, self.integers("shape", shape))  # type: ignore[no-any-return]

    def slice(self, x: str, axes: Sequence[int], starts: Sequence[int], ends: Sequence[int], steps: Sequence[int] = ()) -> str:
        """Part of an array; steps of 1 unless given."""
        given = [self.integers("starts", starts), self.integers("ends", ends), self.integers("axes", axes)]
        if any(step != 1 for step in steps):
            given.append(self.integers("steps", steps))
        return self.node("Slice", x, *given)  # type: ignore[no-any-return]

    def gather(self, x: str, axis: int, places: Any) -> str:
        return self.node("Gather", x, self.integers("places", places), axis=axis)  # type: ignore[no-any-return]

    def pad(self, x: str, pairs: Sequence[tuple[int, int]], value: float = 0.0, mode: str = "constant") -> str:
        """Pixels before and after each of the last axes; x itself if there are none."""
        if not any(map(any, pairs)):
            return x
        return self.node("Pad", x, *self._pads(pairs, value, mode), mode=mode)  # type: ignore[no-any-return]

    def _pads(self, pairs: Sequence[tuple[int, int]], value: float, mode: str) -> list[str]:
        before, after = ([0, 0, *(pair[side] for pair in pairs)] for side in (0, 1))
        return [self.integers("pads", [*before, *after]), *([self.constant("value", value)] if mode == "constant" else [])]

    def reduce(self, operator: str, x: str, axis: int) -> str:
        """ReduceMax and others over one axis, which disappears."""
        if self.opset < REDUCTIONS_WITH_INPUT and operator != "ReduceSum":
            return self.node(operator, x, axes=[axis], keepdims=0)  # type: ignore[no-any-return]
        return self.node(operator, x, self.integers("axes", [axis]), keepdims=0)  # type: ignore[no-any-return]
