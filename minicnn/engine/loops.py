"""The loops of a layer and what they are called with: every argument is what has its name, in a textbook run as in a plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from math import prod
from typing import Any, TypeVar

from numba import njit

from minicnn.errors import GraphError, ShapeError
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
    """The loop that defines a layer, compiled; a GraphError if there is none."""
    return compiled(node, node.layer.loops().forward)


def backward_loops(node: Node, wanted: Iterable[str]) -> list[Callable[..., None]]:
    """Those of its gradients that write something of what is `wanted`: "dx", "dweight", ...; a GraphError if none writes one of them."""
    written = {loop: definition(loop).outputs for loop in (compiled(node, each) for each in node.layer.loops().backward)}
    for name in wanted:
        if not any(name in outputs for outputs in written.values()):
            raise GraphError(f"{node.name}: training needs {name}, but no loop in the backward of {node.layer.kind()} writes it")
    return [loop for loop, outputs in written.items() if any(name in outputs for name in wanted)]


def compiled(node: Node, loop: Loop | None) -> Callable[..., None]:
    """A loop of a layer; a GraphError if there is none."""
    if loop is None:
        kind = node.layer.kind()
        raise GraphError(f"{node.name}: {kind} has no loops, so that it cannot be run\n  give the class {kind} a forward and a backward")
    if isinstance(loop, str):
        return getattr(textbook, loop.format(n=len(node.input_shapes[0]) - 1))  # type: ignore[no-any-return]
    return loop if hasattr(loop, "py_func") else _with_numba(loop)


@cache
def _with_numba(loop: Callable[..., None]) -> Callable[..., None]:
    return njit(error_model="numpy", nogil=True)(loop)  # type: ignore[no-any-return]


@cache
def definition(loop: Callable[..., None]) -> Definition:
    """What stands in a loop; a SettingError with file and line where that is more than a definition may contain."""
    return read(loop)


def in_axes(node: Node, loop: Callable[..., None], name: str, shape: Shape, images: bool = True) -> Shape:
    """The shape of an array in the axes that a loop has for it; a ShapeError where they do not fit.

    images : the first axis counts images: then (N, C, *space) may be (N, C, L) or (N, F) there.
    """
    axes = definition(loop).ranks.get(name, 0)
    if axes in (0, len(shape)):
        return shape
    if images and axes in (2, 3) and len(shape) >= 2:
        return (*shape[: axes - 1], prod(shape[axes - 1 :]))
    raise ShapeError(
        f"{node.name}: the loop {loop.__name__} of {node.layer.kind()} has {axes} axes for {name}, but here it has {len(shape)}"
        f"\n  {name}  {shape_text(shape)}{', images first' if images else ''}"
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
    """Short names of the parameters that have a gradient."""
    return [slot.name.rpartition(".")[2] for slot in node.slots if slot.trainable]


def absent(node: Node) -> dict[str, Shape]:
    """Shape of a bias that the loops ask for and the layer does without: zeros will do."""
    layer: Any = node.layer
    if getattr(layer, "bias", True) is not False:
        return {}
    return {spec.name: spec.shape for spec in replace(layer, bias=True).parameters(node.input_shapes) if spec.name == "bias"}
