"""A network run by the textbook loops to be counted: do the formulas of the summary say what the loops do?

How a loop counts its own products: it is given ones.  Where every weight and every pixel is 1, every product is 1, and a sum of
products is their number; a tap that the loop skips adds nothing, and a bias of 1 adds one.  So

    sum of y,        padding left to the loop           useful MACs
    sum of y,        padding laid around as ones        MACs
    what biases of 1 add to that                        connections, with the MACs
    sum of dweight and of dx, for a dy of ones          backward MACs

All of these are exact: no single sum comes near 2^24, where float32 begins to leave out numbers.  Memory and parameters are counted
from the arrays of an ordinary run of the whole network.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from minicnn.engine.textbook import Pass, Run, operation_of
from minicnn.graph import Node, Summary, SummaryRow, ValueRef, summarize
from minicnn.graph.cost import learning, learns_before
from minicnn.random import generator

if TYPE_CHECKING:
    from minicnn.network import Graph

QUANTITIES = ("params", "buffers", "activation_bytes", "macs", "useful_macs", "backward_macs", "connections")


class Count(NamedTuple):
    """One number of the summary, and the same number counted; None where neither is known."""

    layer: str
    quantity: str
    formula: int | None
    counted: int | None


class Check(NamedTuple):
    """What was compared: every quantity of every layer that has one, and the sums of both sides."""

    summary: Summary
    counts: tuple[Count, ...]

    @property
    def differences(self) -> tuple[Count, ...]:
        return tuple(each for each in self.counts if each.formula != each.counted)

    def totals(self) -> tuple[Count, ...]:
        """Sums over all layers, one for every quantity."""
        return tuple(
            Count(
                "total",
                name,
                *(sum(getattr(each, side) or 0 for each in self.counts if each.quantity == name) for side in ("formula", "counted")),
            )
            for name in QUANTITIES
        )


def check(net: Graph) -> Check:
    """Run a network once as it is and once layer by layer on ones; compare all that its summary says."""
    summary = summarize(net.topology, net.name)
    x = generator(net.seed, "count").standard_normal((1, *net.input_shape), dtype=np.float32)
    run = Run(net.topology, net.arrays, x)
    depends = learning(net.topology)
    counts = []
    for node, row in zip(net.topology.nodes, summary.layers, strict=True):
        counted = _arrays(node, run) | _products(node, row, learns_before(node, depends))
        counts += [
            Count(node.name, name, getattr(row, name), counted.get(name))
            for name in QUANTITIES
            if getattr(row, name) is not None or counted.get(name) is not None
        ]
    return Check(summary, tuple(counts))


def _arrays(node: Node, run: Run) -> dict[str, int]:
    """Numbers and bytes in the arrays that the run holds for this layer."""

    def held(trainable: bool) -> int:
        return sum(run.parameters[slot.name].size for slot in node.own_slots if slot.trainable is trainable)

    return {"params": held(True), "buffers": held(False), "activation_bytes": run.values[ValueRef(node.index)].nbytes}


def _products(node: Node, row: SummaryRow, learns: bool) -> dict[str, int]:
    """Products and biases, counted by the loops themselves; empty for a layer that the summary does not count."""
    if row.connections is None:
        return {}
    with_biases = _total(_forward(node, bias=1))
    if row.macs is None:
        return {"connections": with_biases}
    whole = _with_padding_in_input(node)
    macs, useful = (_total(_forward(each, bias=0)) for each in (whole, node))
    of_input, of_weights = _backward(whole)
    return {
        "macs": macs,
        "useful_macs": useful,
        "connections": macs + with_biases - useful,
        "backward_macs": of_weights + (of_input if learns else 0),
    }


def _with_padding_in_input(node: Node) -> Node:
    """The same layer, its padding laid around the input; of a transposed one, what it cuts off kept in the output."""
    axes = node.layer.axes(node.input_shapes)
    if axes is None or not hasattr(node.layer, "padding") or not any(axis.before or axis.after for axis in axes):
        return node
    layer: Any = node.layer
    if hasattr(layer, "output_padding"):
        plain = replace(layer, padding=0, output_padding=0)
        return replace(node, layer=plain, output_shapes=plain.output_shapes(node.name, node.input_shapes))
    channels = node.input_shapes[0][0]
    return replace(
        node, layer=replace(layer, padding=0), input_shapes=((channels, *(axis.size + axis.before + axis.after for axis in axes)),)
    )


def _ones(node: Node, bias: int) -> Pass:
    """A layer's parameters and inputs, all ones; centres of distances, which it gives itself, at 0, a pixel away."""
    names = {slot.name.rpartition(".")[2]: slot for slot in node.slots}
    own = {name: np.full(slot.shape, bias if name == "bias" else slot.init != "given", np.float32) for name, slot in names.items()}
    return Pass(node, own, [np.ones((1, *shape), np.float32) for shape in node.input_shapes])


def _forward(node: Node, bias: int) -> np.ndarray:
    return operation_of(node.layer).forward(_ones(node, bias))


def _backward(node: Node) -> tuple[int, int]:
    """Products in the gradients of input and weights, for a gradient of ones."""
    (dx,), own = operation_of(node.layer).backward(_ones(node, bias=0), np.ones((1, *node.output_shapes[0]), np.float32))
    return _total(dx), sum(_total(gradient) for name, gradient in own.items() if name != "bias")


def _total(values: np.ndarray) -> int:
    """The sum of whole numbers; a distance comes with a minus."""
    return round(abs(float(values.sum(dtype=np.float64))))
