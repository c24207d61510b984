"""One pass over a graph by the textbook loops, every value kept, and the way back."""

from __future__ import annotations

import numpy as np

from minicnn.engine.textbook.operation import Arrays, Caller, Pass, compute, operation_of
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
    caller : function of (node, loop, arguments by name)
        Calls the loops, and may take a note of it.
    """

    def __init__(
        self, topology: Topology, parameters: Arrays, x: np.ndarray, training: bool = False, key: int = 0, caller: Caller = compute
    ) -> None:
        self.topology = topology
        self.parameters = parameters
        self.training = training
        self.key = key
        self.caller = caller
        self.values: dict[ValueRef, np.ndarray] = {INPUT: x}
        self._passes = [self._pass(node) for node in topology.nodes]

    def _pass(self, node: Node) -> Pass:
        """Run a node forward."""
        own = {slot.name.rpartition(".")[2]: self.parameters[slot.name] for slot in node.slots}
        inputs = [self.values[ref] for ref in node.inputs]
        at = Pass(node, own, inputs, self.training, uniform_bits(self.key & MASK, self.key >> 32, node.index), caller=self.caller)
        self.values[ValueRef(node.index)] = operation_of(node.layer).forward(at)
        return at

    @property
    def output(self) -> np.ndarray:
        """The network's output."""
        (ref,) = self.topology.outputs
        return self.values[ref]

    def gradients(self, dy: np.ndarray) -> tuple[np.ndarray, Arrays]:
        """Gradients of the input and of every parameter, given the gradient of the output."""
        (output,) = self.topology.outputs
        flowing: dict[ValueRef, np.ndarray] = {output: dy}
        found: Arrays = {slot.name: np.zeros_like(self.parameters[slot.name]) for slot in self.topology.slots if slot.learns}
        for node in reversed(self.topology.nodes):
            ref = ValueRef(node.index)
            if ref not in flowing:
                continue
            dxs, own = operation_of(node.layer).backward(self._passes[node.index], flowing.pop(ref))
            for slot in node.slots:
                if slot.learns:
                    found[slot.name] += own[slot.name.rpartition(".")[2]]  # a layer in several places gives a part at each
            for source, dx in zip(node.inputs, dxs, strict=True):
                flowing[source] = self._sum(node, flowing[source], dx) if source in flowing else dx
        return flowing.get(INPUT, np.zeros_like(self.values[INPUT])), found

    def _sum(self, node: Node, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """What flows back into a value on two ways."""
        total = np.empty_like(first)
        rows = [each.reshape(len(each), -1) for each in (total, first, second)]
        self.caller(node, textbook.add_forward, dict(zip(("y", "x1", "x2"), rows, strict=True)))
        return total
