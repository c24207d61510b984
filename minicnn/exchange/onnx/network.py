"""An ONNX model as a network."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import ModelProto, TensorProto, ValueInfoProto

from minicnn import layers as L
from minicnn.errors import CheckpointError, GraphError, MinicnnError, one_line
from minicnn.exchange.onnx.model import model_of
from minicnn.exchange.onnx.reading import Part, Reading
from minicnn.exchange.onnx.tensors import arrays_of
from minicnn.geometry import shape_text
from minicnn.network import LONGEST_NAME, Graph
from minicnn.network_file import from_arrays

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

PIXELS = (TensorProto.FLOAT, TensorProto.UINT8, TensorProto.FLOAT16, TensorProto.DOUBLE)
SIZES = ((64, 192), (224, 448), (512, 1024), (16, 48))  # for free axes: two that fit must be read as the same network


def network_of(model: ModelProto, path: Path, input_shape: Sequence[int | None] | None, custom_objects: Sequence[Any]) -> Graph:
    """The network that `read_onnx` gives."""
    arrays = arrays_of(model.graph, path)
    if input_shape is None and (own := _as_written(model, path, arrays, custom_objects)):
        return own
    opset = next((each.version for each in model.opset_import if each.domain in ("", "ai.onnx")), 1)
    images = _images(model, arrays, path)
    batch, shape = _shape(images, path, input_shape)
    try:
        reading = _read(model, arrays, opset, images.name, shape, batch)
        parts, inputs, outputs = _needed(reading)
        net = Graph(_block(parts, inputs, outputs), shape, name=_name(model, path))
    except MinicnnError as error:
        raise GraphError(f"{path}: {error}") from None
    _adopt(net, parts, str(path))
    return net


def _as_written(model: ModelProto, path: Path, arrays: Mapping[str, NDArray[Any]], custom_objects: Sequence[Any]) -> Graph | None:
    """The very network that `write_onnx` wrote: if what its metadata describe, written again, is this file's graph; else None."""
    metadata = {each.key: each.value for each in model.metadata_props}
    if "architecture" not in metadata or model.producer_name != "minicnn":
        return None
    with contextlib.suppress(MinicnnError, RecursionError, OverflowError):
        described = Graph.from_architecture(_parsed(metadata["architecture"]), custom_objects)
        own = {slot.name: arrays[slot.name] for slot in described.slots if slot.name in arrays}
        net = from_arrays(own, metadata, str(path), custom_objects)
        version = next((each.version for each in model.opset_import), 0)
        for preparation in (False, True) if net.preparation else (False,):
            if model_of(net, preparation, version).graph == model.graph:
                return net
    return None


def _parsed(text: str) -> Any:
    from minicnn.schema import parse

    return parse(text, "architecture")


def _images(model: ModelProto, arrays: Mapping[str, NDArray[Any]], path: Path) -> ValueInfoProto:
    """The one input that is no initializer."""
    given = [each for each in model.graph.input if each.name not in arrays]
    if len(given) != 1 or not given[0].type.HasField("tensor_type"):
        names = ", ".join(one_line(each.name) for each in given[:8]) or "none"
        raise GraphError(f"{path}: its graph has {len(given)} inputs ({names}), but a network has one: the images")
    return given[0]


def _shape(images: ValueInfoProto, path: Path, wanted: Sequence[int | None] | None) -> tuple[int, Any]:
    """Images at a time, 0 if that is open, and the shape of one, None where a size is free."""
    tensor = images.type.tensor_type
    if tensor.elem_type not in PIXELS:
        kind = {number: name.lower() for name, number in TensorProto.DataType.items()}.get(tensor.elem_type, "of no kind")
        raise GraphError(f"{path}: its input is {kind}, but must be float or uint8")
    sizes = [each.dim_value or None for each in tensor.shape.dim]
    shape = tuple(sizes[1:])
    if wanted is not None:
        if len(wanted) != len(shape) and shape:
            raise GraphError(f"{path}: its images have {len(shape)} axes, {shape_text(shape)}, but input_shape is {tuple(wanted)}")
        shape = tuple(wanted)
    if not 1 <= len(shape) <= 4 or shape[0] is None or min(each or 1 for each in shape) < 1:
        raise GraphError(
            f"{path}: its input is {shape_text(sizes) or 'of no shape'}, but must be images, channels first: N x C x rows x columns"
            f"\n  give the shape of one: read_onnx(path, input_shape=(3, 224, 224))"
        )
    return sizes[0] or 0 if sizes else 0, shape


def _read(model: ModelProto, arrays: Mapping[str, NDArray[Any]], opset: int, name: str, shape: Any, batch: int) -> Reading:
    """The graph for this shape; with free axes, what two sizes have in common."""
    if None not in shape:
        return Reading(model.graph, arrays, opset, name, shape, batch)
    first_error = None
    for pair in SIZES:
        try:
            one, other = (
                Reading(model.graph, arrays, opset, name, tuple(size if each is None else each for each in shape), batch) for size in pair
            )
        except MinicnnError as error:
            first_error = first_error or error
            continue
        if _same(one, other):
            return one
        raise GraphError(
            f"what its nodes do depends on the size of the input, {shape_text(shape)}"
            f"\n  give a size: read_onnx(path, input_shape=(3, 224, 224))"
        )
    raise first_error or GraphError("no input fits")


def _same(one: Reading, other: Reading) -> bool:
    return one.outputs == other.outputs and [_key(each) for each in one.parts] == [_key(each) for each in other.parts]


def _key(part: Part) -> Any:
    return repr(part.element), part.inputs, {name: array.tobytes() for name, array in part.arrays.items()}


def _needed(reading: Reading) -> tuple[list[Part], list[tuple[int, ...]], tuple[int, ...]]:
    """The parts that outputs need, and the values they read, numbered without the others."""
    wanted, pending = set(), [*reading.outputs]
    while pending:
        number = pending.pop()
        if number and number not in wanted:
            wanted.add(number)
            pending += reading.parts[number - 1].inputs
            pending += [winner for winner, (pool, _) in reading.places.items() if _unpools(reading.parts[number - 1], pool.name)]
    kept = sorted(wanted)
    place = {0: 0, **{number: index for index, number in enumerate(kept, 1)}}
    parts = [reading.parts[number - 1] for number in kept]
    return parts, [tuple(place[number] for number in part.inputs) for part in parts], tuple(place[number] for number in reading.outputs)


def _unpools(part: Part, pool: str | None) -> bool:
    return getattr(part.element, "pool", None) == pool and pool is not None


def _block(parts: list[Part], inputs: list[tuple[int, ...]], outputs: tuple[int, ...]) -> L.Element:
    """One part after the other where each reads what the one before gives, else a list of who reads what."""
    if not parts:
        return L.Dropout(0.0)  # the identity, as a network of one layer
    elements = [part.element for part in parts]
    if inputs == [(index,) for index in range(len(parts))] and outputs == (len(parts),):
        return L.Sequential(*elements)
    return L.Wired(tuple(elements), tuple(inputs), outputs=outputs)


def _adopt(net: Graph, parts: list[Part], source: str) -> None:
    """Copy the file's arrays into the network, and float32 it is."""
    own = {id(part.element): part.arrays for part in parts}
    arrays = {}
    for node in net.nodes:
        for slot in node.own_slots:
            arrays[slot.name] = np.asarray(own[id(node.layer)][slot.name.rpartition(".")[2]], np.float32).reshape(slot.shape)
    if any(not np.isfinite(array).all() for array in arrays.values()):
        raise CheckpointError(f"{source}: its weights hold values that are infinite or NaN")
    net.adopt(arrays, source)


def _name(model: ModelProto, path: Path) -> str:
    name = model.graph.name
    return name if name and name.isprintable() and len(name) <= LONGEST_NAME else path.stem[:LONGEST_NAME] or "network"
