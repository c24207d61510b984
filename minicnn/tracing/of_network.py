"""A layer of a network, with the numbers that a picture brings there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minicnn import engine
from minicnn.engine.textbook import Run
from minicnn.errors import GraphError, SettingError, suggestion
from minicnn.graph import INPUT, Node
from minicnn.losses import Loss, SoftmaxCrossEntropy
from minicnn.tracing.of_layer import Layered
from minicnn.tracing.trace_table import TraceTable

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from minicnn.network import Graph


def trace(
    net: Graph,
    x: ArrayLike,
    layer: str,
    place: Sequence[int],
    gradient: str | None = None,
    labels: ArrayLike | None = None,
    loss: Loss | None = None,
) -> TraceTable:
    """One number that a layer computes, every product of it, and the fast engine's number beside it.

        minicnn.trace(net, x, "conv2", (3, 4, 5))                                # y[k=3, p=4, q=5] of the one image
        minicnn.trace(net, x, "conv2", (3, 2, 0, 1), gradient="weight", labels=[7])

    Values are those of inference; gradients are those of `net.backward(x, labels)`: in training mode, of the mean loss.

    Parameters
    ----------
    net : Graph
    x : (N, C, *space) float32, or float64
        Prepared numbers, as for `net.forward`.
    layer : str
        Its name, as in the summary.
    place : sequence of int
        An index for each axis of the layer's output (or of the gradient); of a single image, the image's may be left out.
    gradient : str, optional
        "weight", "bias" or another parameter's name, or "input" ("input2": of the second input).
    labels : as for `net.backward`; for a gradient of a classifier, what the network itself answers if not given
    loss : a loss, softmax cross-entropy if not given

    Returns
    -------
    TraceTable
        Its repr is a table; `to_markdown`, `to_latex` and `to_dict` hold every step.

    Raises
    ------
    GraphError, SettingError, ShapeError
        If there is no such layer, gradient or place.
    """
    images = net.check_images("trace", x)
    if not len(images):
        raise SettingError("trace: x holds no images")
    own = net.sized(images.shape[1:])
    node = node_called(own, layer)
    layered = values(own, images, node) if gradient is None else gradients(own, images, node, labels, loss)
    return layered.trace(layered.wanted(gradient), place)


def node_called(net: Graph, name: str) -> Node:
    """The layer of a name, or a GraphError."""
    for node in net.nodes:
        if node.name == name:
            return node
    names = [node.name for node in net.nodes]
    few = ", ".join(names if len(names) <= 12 else [*names[:10], f"... ({len(names)})"])
    raise GraphError(f"{net.name} has no layer {name!r}{suggestion(name, names)}\n  there are {few}")


def values(net: Graph, x: np.ndarray, node: Node) -> Layered:
    """A layer in inference mode, between the numbers that the engine has there."""
    sources = [net.nodes[ref.node].name for ref in node.inputs if ref != INPUT]
    known = net.activations(x, [*sources, node.name])
    inputs = [np.ascontiguousarray(x) if ref == INPUT else known[net.nodes[ref.node].name] for ref in node.inputs]
    return Layered(net.name, node, parameters(net, node, x.dtype), inputs, engine={"y": known[node.name]}, notes=notes(net))


def gradients(net: Graph, x: np.ndarray, node: Node, labels: ArrayLike | None, loss: Loss | None) -> Layered:
    """A layer on the way back from the loss, in training mode."""
    chosen, told = engine.SOFTMAX if loss is None else loss, notes(net)
    targets: Any = labels
    if targets is None:
        if not isinstance(chosen, SoftmaxCrossEntropy) or len(net.output_shape) != 1:
            raise SettingError("trace: a gradient needs something to compare the output with\n  give labels")
        targets = net.forward(x).argmax(axis=1)
        told += (f"label {', '.join(map(str, targets))}: the network's own answer, as none was given",)
    wanted = net.check_labels("trace", targets, len(x), chosen)
    key = engine.dropout_key(net.seed, 0)
    run = Run(net.topology, {name: array.astype(x.dtype) for name, array in net.arrays.items()}, np.ascontiguousarray(x), True, key)
    dy = run.gradient_at(node, chosen.gradient(run.output, wanted, net.input_shape))
    inputs = [run.values[ref] for ref in node.inputs]
    return Layered(net.name, node, parameters(net, node, x.dtype), inputs, dy, key, notes=told)


def parameters(net: Graph, node: Node, dtype: Any) -> dict[str, np.ndarray]:
    """Of a node, by short name."""
    arrays = net.arrays
    return {slot.name.rpartition(".")[2]: np.ascontiguousarray(arrays[slot.name], dtype) for slot in node.slots}


def notes(net: Graph) -> tuple[str, ...]:
    """What a reader must know of the numbers."""
    return (f"untrained: parameters are drawn from seed {net.seed}",) if net.trained_on is None and net.slots else ()
