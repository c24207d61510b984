"""Models as files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from google.protobuf.message import DecodeError
from onnx import ModelProto

from minicnn.errors import CheckpointError
from minicnn.storage import atomic_write

MOST_BYTES = 2**31 - 1  # of one message of Protocol Buffers


def write(model: ModelProto, path: str | Path) -> None:
    """Write a model, atomically; equal models give equal bytes."""
    size = model.ByteSize()
    if size > MOST_BYTES:
        raise CheckpointError(f"cannot write {path}: it would have {size:,} bytes, but an ONNX file has at most {MOST_BYTES:,}")
    content = model.SerializeToString(deterministic=True)
    with atomic_write(path) as file:
        file.write(content)


def read(path: str | Path) -> ModelProto:
    """Read a model; a CheckpointError that says what is wrong with the file if it is none."""
    source = Path(path)
    if source.is_dir() or (source.exists() and not source.is_file()):  # a pipe would block
        raise CheckpointError(f"{source} is {'a folder' if source.is_dir() else 'not a file'}, not an ONNX file")
    try:
        size = source.stat().st_size
        if size > MOST_BYTES:
            raise CheckpointError(f"{source} has {size:,} bytes, but an ONNX file has at most {MOST_BYTES:,}")
        content = source.read_bytes()
    except FileNotFoundError:
        raise CheckpointError(f"{source}: there is no such file") from None
    except OSError as error:
        raise CheckpointError(f"cannot read {source}: {error.strerror or error}") from error
    try:
        model = ModelProto.FromString(content)
    except (DecodeError, RecursionError, ValueError) as error:
        raise CheckpointError(f"{source} is not an ONNX file, or cut short") from error
    if not model.HasField("graph") or not model.graph.node:
        raise CheckpointError(f"{source} is not an ONNX file: it has no graph")
    if not all(isinstance(text, str) for text in _texts(model)):  # bytes that are no UTF-8 come as they are
        raise CheckpointError(f"{source} is damaged: its names are not text")
    return model


def _texts(model: ModelProto) -> Iterator[object]:
    """Every name in a model that is read."""
    graph = model.graph
    yield from (model.producer_name, graph.name)
    for node in graph.node:
        yield from (node.op_type, node.name, node.domain, *node.input, *node.output, *(each.name for each in node.attribute))
    yield from (each.name for each in (*graph.input, *graph.output, *graph.initializer))
    yield from (text for tensor in graph.initializer for each in tensor.external_data for text in (each.key, each.value))
    yield from (text for each in model.metadata_props for text in (each.key, each.value))
    yield from (each.domain for each in model.opset_import)
