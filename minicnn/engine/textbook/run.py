"""One pass over a graph by the textbook loops, every value kept, and the way back."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from minicnn.engine.textbook.operation import Arrays, Called, Pass, operation_of
from minicnn.graph import INPUT, Node, Topology, ValueRef
from minicnn.kernels import textbook
from minicnn.kernels.random_bits import MASK, uniform_bits


class Run:
    """One pass over a graph, every value kept.

    Parameters
    ----------
    parameters : dict
        Parameters and buffers by full name, in the dtype to compute in.
    key : int
        What dropout draws from, as in the plan: the same key gives the same masks.
    noting : bool
        Whether every pass notes the loops that it calls.
    """

    def __init__(
        self, topology: Topology, parameters: Arrays, x: np.ndarray, training: bool = False, key: int = 0, noting: bool = False
    ) -> None:
        self.topology = topology
        self.parameters = parameters
        self.training = training
        self.key = key
        self.noting = noting
        self.values: dict[ValueRef, np.ndarray] = {INPUT: x}
        self.passes = [self._pass(node) for node in topology.nodes]

    def _pass(self, node: Node) -> Pass:
        """Run a node forward."""
        own = {slot.name.rpartition(".")[2]: self.parameters[slot.name] for slot in node.slots}
        inputs = [self.values[ref] for ref in node.inputs]
        at = Pass(
            node, own, inputs, self.training, uniform_bits(self.key & MASK, self.key >> 32, node.index), noted=[] if self.noting else None
        )
        self.values[ValueRef(node.index)] = operation_of(node.layer).forward(at)
        return at

    @property
    def output(self) -> np.ndarray:
        """The network's output."""
        (ref,) = self.topology.outputs
        return self.values[ref]

    def gradients(self, dy: np.ndarray) -> tuple[np.ndarray, Arrays]:
        """Gradients of the input and of every parameter, given the gradient of the output."""
        found: Arrays = {slot.name: np.zeros_like(self.parameters[slot.name]) for slot in self.topology.slots if slot.learns}
        flowing: dict[ValueRef, np.ndarray] = {}
        for node, dy_of_node in self._backwards(dy, flowing):
            dxs, own = operation_of(node.layer).backward(self.passes[node.index], dy_of_node)
            for slot in node.slots:
                if slot.learns:
                    found[slot.name] += own[slot.name.rpartition(".")[2]]  # a layer in several places gives a part at each
            self._pass_on(node, dxs, flowing)
        return flowing.get(INPUT, np.zeros_like(self.values[INPUT])), found

    def gradient_at(self, node: Node, dy: np.ndarray) -> np.ndarray:
        """The gradient of a node's output, given that of the network's; what lies before the node is not computed."""
        flowing: dict[ValueRef, np.ndarray] = {}
        for each, dy_of_node in self._backwards(dy, flowing):
            if each.index == node.index:
                return dy_of_node
            self._pass_on(each, operation_of(each.layer).backward(self.passes[each.index], dy_of_node)[0], flowing)
        return np.zeros_like(self.values[ValueRef(node.index)])

    def _backwards(self, dy: np.ndarray, flowing: dict[ValueRef, np.ndarray]) -> Iterator[tuple[Node, np.ndarray]]:
        """Every node that the output depends on, the last first, with the gradient of its output."""
        (output,) = self.topology.outputs
        flowing[output] = dy
        for node in reversed(self.topology.nodes):
            ref = ValueRef(node.index)
            if ref in flowing:
                yield node, flowing.pop(ref)

    def _pass_on(self, node: Node, dxs: list[np.ndarray], flowing: dict[ValueRef, np.ndarray]) -> None:
        for source, dx in zip(node.inputs, dxs, strict=True):
            flowing[source] = self._sum(node, flowing[source], dx) if source in flowing else dx

    def _sum(self, node: Node, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """What flows back into a value on two ways."""
        total, noted = np.empty_like(first), self.passes[node.index].noted
        rows = {name: each.reshape(len(each), -1) for name, each in (("y", total), ("x1", first), ("x2", second))}
        textbook.add_forward(*rows.values())
        if noted is not None:
            noted.append(Called(textbook.add_forward, {**rows}, rows))
        return total
