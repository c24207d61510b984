"""A layer without steps of its own: the loops that define it, with the images innermost, are its steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicnn.engine.operations.operation import lower
from minicnn.errors import GraphError
from minicnn.graph import Node
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.layers import Layer

if TYPE_CHECKING:
    from minicnn.engine.planner import Planner


def run_forward(plan: Planner, node: Node) -> None:
    raise GraphError(f"{node.name}: {node.layer.kind()} has no steps")


def run_backward(plan: Planner, node: Node, dy: Activation) -> None:
    raise GraphError(f"{node.name}: {node.layer.kind()} has no steps")


lower(Layer, run_forward, run_backward)
