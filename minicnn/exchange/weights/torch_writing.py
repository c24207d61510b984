"""A dict of tensors as `torch.save` writes it, without PyTorch: `torch.load(path, weights_only=True)` reads it.

The format is described in `torch_file`; the pickle is written instruction by instruction, each with its letter in the protocol.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from minicnn.storage import atomic_write

if TYPE_CHECKING:
    import numpy as np

ROOT = "weights"
PROTOCOL, MARK, TUPLE, REDUCE, PERSISTENT, SET_ITEMS, FALSE, EMPTY_TUPLE, STOP = (
    b"\x80\x02",
    b"(",
    b"t",
    b"R",
    b"Q",
    b"u",
    b"\x89",
    b")",
    b".",
)
DICT = b"ccollections\nOrderedDict\n" + EMPTY_TUPLE + REDUCE
TENSOR, STORAGE = b"ctorch._utils\n_rebuild_tensor_v2\n", b"ctorch\nFloatStorage\n"


def write_torch(path: str | Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write float32 arrays as a dict of tensors, atomically; equal arrays give equal bytes."""
    import numpy as np

    whole = {name: np.asarray(array, "<f4", order="C") for name, array in arrays.items()}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        members = {"data.pkl": _pickle(whole), "byteorder": b"little"}
        members |= {f"data/{number}": array.tobytes() for number, array in enumerate(whole.values())}
        for name, data in {**members, "version": b"3\n"}.items():
            archive.writestr(zipfile.ZipInfo(f"{ROOT}/{name}"), data)  # of 1980: the time is not part of the file
    with atomic_write(path) as file:
        file.write(content.getbuffer())


def _pickle(arrays: Mapping[str, np.ndarray]) -> bytes:
    parts = [PROTOCOL, DICT, MARK]
    for number, (name, array) in enumerate(arrays.items()):
        strides = [stride // array.itemsize for stride in array.strides]
        storage = MARK + _text("storage") + STORAGE + _text(str(number)) + _text("cpu") + _number(array.size) + TUPLE + PERSISTENT
        tensor = MARK + storage + _number(0) + _numbers(array.shape) + _numbers(strides) + FALSE + DICT + TUPLE
        parts += [_text(name), TENSOR, tensor, REDUCE]
    return b"".join((*parts, SET_ITEMS, STOP))


def _text(text: str) -> bytes:
    data = text.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def _number(number: int) -> bytes:
    return b"J" + struct.pack("<i", number) if number < 2**31 else b"\x8a\x08" + struct.pack("<q", number)


def _numbers(numbers: tuple[int, ...] | list[int]) -> bytes:
    return MARK + b"".join(map(_number, numbers)) + TUPLE
