"""The loops of a layer and what they are called with: every argument is what has its name, in a textbook run as in a plan."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from math import prod
from typing import Any, TypeVar

from minicnn.errors import GraphError, ShapeError, suggestion
from minicnn.geometry import shape_text
from minicnn.graph import Node
from minicnn.kernels import textbook
from minicnn.kernels.derive import Definition, read
from minicnn.layers import Layer, Shape
from minicnn.layers.base import Loop

Value = TypeVar("Value")
Record = TypeVar("Record")


def nearest(records: Mapping[type[Layer], Record], layer: Layer) -> Record:
    """The record of a layer's class, or of one it derives from; that of `Layer` where a class in between has loops of its own."""
    for kind in type(layer).__mro__:
        if kind in records:
            return records[kind]
        if vars(kind).keys() & {"forward", "backward"}:
            break
    return records[Layer]


def forward_loop(node: Node) -> Callable[..., None]:
    """The loop that defines a layer; a GraphError if there is none, or it stores into anything but y and what the layer keeps."""
    loop, own = loop_called(node, node.layer.loops().forward), ("y", *node.layer.keeps)
    _stores(node, loop, definition(loop).outputs, own)
    return loop


def backward_loops(node: Node, wanted: Iterable[str]) -> list[Callable[..., None]]:
    """Those of its gradients that write something of what is `wanted`: "dx", "dweight", ...; a GraphError if none writes one of them."""
    written = {loop: definition(loop).outputs for loop in (loop_called(node, each) for each in node.layer.loops().backward)}
    parameters = (*(slot.name.rpartition(".")[2] for slot in node.slots), *absent(node))
    gradients = (*numbered("dx", node.inputs[: node.layer.value_inputs]), *(f"d{name}" for name in parameters))
    for loop, outputs in written.items():
        _stores(node, loop, outputs, gradients)
    for name in wanted:
        if not any(name in outputs for outputs in written.values()):
            raise GraphError(f"{node.name}: training needs {name}, but no loop in the backward of {node.layer.kind()} writes it")
    return [loop for loop, outputs in written.items() if any(name in outputs for name in wanted)]


def _stores(node: Node, loop: Callable[..., None], outputs: Sequence[str], own: Sequence[str]) -> None:
    for name in outputs:
        if name not in own:
            raise GraphError(
                f"{node.name}: the loop {loop.__name__} of {node.layer.kind()} stores into {name!r}, but its outputs are {', '.join(own)}"
            )


def loop_called(node: Node, loop: Loop | None) -> Callable[..., None]:
    """A loop of a layer, given itself or by its name; a GraphError if there is none."""
    kind = node.layer.kind()
    if loop is None:
        raise GraphError(f"{node.name}: {kind} has no loops, so that it cannot be run\n  give the class {kind} a forward and a backward")
    found = getattr(textbook, loop.format(n=len(node.input_shapes[0]) - 1), None) if isinstance(loop, str) else loop
    if not callable(found):
        known = [name for name, each in vars(textbook).items() if hasattr(each, "py_func")] if isinstance(loop, str) else []
        raise GraphError(
            f"{node.name}: {loop!r} is no loop that {kind} could run{suggestion(str(loop), known)}\n  give the function itself"
        )
    return found  # type: ignore[no-any-return]


def is_own(node: Node, loop: Callable[..., None]) -> bool:
    """Whether a loop is a user's, or a textbook loop in a user's class: nobody knows yet that its places lie inside its arrays."""
    kinds = [kind for kind in type(node.layer).__mro__ if not kind.__module__.startswith("minicnn.")]
    said = any(vars(kind).keys() & {"forward", "backward", "output_shapes", "parameters", "loops", "loop_settings"} for kind in kinds)
    return said or not loop.__module__.startswith(f"{textbook.__name__}.")


@cache
def definition(loop: Callable[..., None]) -> Definition:
    """What stands in a loop; a SettingError with file and line where that is more than a definition may contain."""
    return read(loop)


def in_axes(node: Node, loop: Callable[..., None], name: str, shape: Shape, images: bool = True) -> Shape:
    """The shape of an array in the axes that a loop has for it; a ShapeError where they do not fit.

    images : the first axis counts images: then (N, C, *space) may be (N, C, L) or (N, F) there.
    """
    own = definition(loop)
    if name in own.settings and any(isinstance(each, ast.Name) and each.id == name for node in own.body for each in ast.walk(node)):
        raise ShapeError(
            f"{node.name}: the loop {loop.__name__} of {node.layer.kind()} uses {name} as a number, but it is an array\n  {name}  {shape_text(shape)}: say {name}[...]"
        )
    axes = own.ranks.get(name, 0)
    if axes in (0, len(shape)):
        return shape
    if images and axes in (2, 3) and len(shape) >= 2:
        return (*shape[: axes - 1], prod(shape[axes - 1 :]))
    here = f"N x {shape_text(shape[1:])}, where N counts images" if images else shape_text(shape)  # it is called for parts of a batch
    raise ShapeError(
        f"{node.name}: the loop {loop.__name__} of {node.layer.kind()} has {axes} axes for {name}, but here it has {len(shape)}"
        f"\n  {name}  {here}"
    )


def by_name(node: Node, loop: Callable[..., None], known: Mapping[str, Value]) -> dict[str, Value]:
    """What a loop is called with; a GraphError if something of its name is not known."""
    for name in definition(loop).arguments:
        if name not in known:
            raise GraphError(
                f"{node.name}: the loop {loop.__name__} of {node.layer.kind()} asks for {name!r}, which is no array or setting of it"
                f"\n  known are {', '.join(known)}"
            )
    return {name: known[name] for name in definition(loop).arguments}


def numbered(letter: str, inputs: Sequence[Value]) -> dict[str, Value]:
    """x where there is one input, x1, x2, ... where there are several."""
    return {letter: inputs[0]} if len(inputs) == 1 else {f"{letter}{n}": x for n, x in enumerate(inputs, 1)}


def trainable(node: Node) -> list[str]:
    """Short names of the parameters that have a gradient: those that are not frozen."""
    return [slot.name.rpartition(".")[2] for slot in node.slots if slot.learns]


def absent(node: Node) -> dict[str, Shape]:
    """Shape of a bias that the loops ask for and the layer does without: zeros will do."""
    layer: Any = node.layer
    if getattr(layer, "bias", True) is not False:
        return {}
    return {spec.name: spec.shape for spec in replace(layer, bias=True).parameters(node.input_shapes) if spec.name == "bias"}
