"""Messages between two processes: an 8-byte length and so many bytes; arguments are an archive of arrays."""

from __future__ import annotations

import io
from typing import IO, Any

import numpy as np

LENGTH_BYTES = 8
LARGEST_MESSAGE = 1 << 26


def pack(arguments: dict[str, Any]) -> bytes:
    """Arguments by name as one archive; plain numbers become arrays without axes."""
    with io.BytesIO() as buffer:
        np.savez(buffer, **{f"argument_{name}": value for name, value in arguments.items()})
        return buffer.getvalue()


def unpack(packed: bytes) -> dict[str, Any]:
    """The arguments of an archive."""
    with np.load(io.BytesIO(packed), allow_pickle=False) as archive:
        arrays = {name.removeprefix("argument_"): archive[name] for name in archive.files}
    return {name: array if array.ndim else array.item() for name, array in arrays.items()}


def send(stream: IO[bytes], message: bytes) -> None:
    """Write one message."""
    stream.write(len(message).to_bytes(LENGTH_BYTES, "little") + message)
    stream.flush()


def receive(stream: IO[bytes]) -> bytes | None:
    """Read one message; None at the end, or if it is none of ours."""
    head = stream.read(LENGTH_BYTES)
    length = int.from_bytes(head, "little")
    if len(head) < LENGTH_BYTES or length > LARGEST_MESSAGE:
        return None
    message = stream.read(length)
    return message if len(message) == length else None
