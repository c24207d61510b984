"""Models as files."""

from __future__ import annotations

from pathlib import Path

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
