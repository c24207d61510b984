"""Files of `torch.save`, without PyTorch: the arrays of a dict of tensors, read but never run.

Since PyTorch 1.6 such a file is a ZIP archive of members that are not compressed:

    NAME/data.pkl         the values as a pickle, in which storages are mentioned by key
    NAME/data/KEY         the numbers of one storage, little endian
    NAME/byteorder        "little"; older files lack it

Before, it was five pickles one after the other (a magic number, the version, sizes of the machine's numbers, the values, the keys of the
storages), then for every key its count of numbers as int64 and the numbers.  Many of torchvision's files are of that kind.

A tensor is a storage, an offset, sizes and strides.  Source: torch/serialization.py and torch/_utils.py of PyTorch 2.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from minicnn.errors import CheckpointError, one_line, quoted
from minicnn.exchange.weights.pickles import Name, Persistent, Treatments, read_pickle

if TYPE_CHECKING:
    import numpy as np

ZIP_START = b"PK\x03\x04"
MAGIC = 0x1950A86A20F9469CFC6C
PICKLE_START = b"\x80"
ADVICE = "\n  save the weights alone: torch.save(model.state_dict(), 'weights.pth')"
MOST_LEVELS = 3  # dicts around the one with the tensors

STORAGES = {  # NumPy's name of the numbers; bfloat16 is the upper half of a float32, and read as whole numbers first
    "torch.FloatStorage": "<f4",
    "torch.HalfStorage": "<f2",
    "torch.DoubleStorage": "<f8",
    "torch.BFloat16Storage": "bfloat16",
    "torch.LongStorage": "<i8",
    "torch.IntStorage": "<i4",
    "torch.ShortStorage": "<i2",
    "torch.CharStorage": "i1",
    "torch.ByteStorage": "u1",
    "torch.BoolStorage": "?",
}


class StoredTensor(NamedTuple):
    """A tensor that is described, but not read yet; offset and strides count numbers."""

    storage: tuple[Any, ...]
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any, *others: Any) -> StoredTensor:
    if not isinstance(storage, Persistent) or not isinstance(storage.key, tuple):
        raise ValueError("a tensor without a storage")
    counts = (offset, *shape, *strides)
    if len(shape) != len(strides) or not all(type(count) is int and count >= 0 for count in counts):
        raise ValueError("a tensor of no shape")
    return StoredTensor(storage.key, offset, tuple(shape), tuple(strides))


KNOWN: Treatments = {
    "collections.OrderedDict": lambda items=(): dict(items),
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_parameter": lambda tensor, *others: tensor,
    "torch.Size": tuple,
    "torch.device": lambda *words: words,
    **dict.fromkeys(STORAGES),
}


def is_torch_file(start: bytes) -> bool:
    """Whether a file that starts with these bytes may be one of `torch.save`."""
    return start.startswith((ZIP_START, PICKLE_START))


def read_torch(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a dict of tensors, by the names in it; those of a dict in a dict, as in {"state_dict": ...}, alone.

    Numbers keep their type, but bfloat16 becomes float32, which holds all of them.

    Raises
    ------
    CheckpointError
        If the file wants to call anything but what tensors are made of, holds no tensors, or is cut or broken.
    """
    source = str(path)
    try:
        with open(path, "rb") as file:
            start = file.read(len(ZIP_START))
            file.seek(0)
            arrays = dict(_of_archive(file, source) if start.startswith(ZIP_START) else _of_pickles(file, source))
    except CheckpointError:
        raise
    except FileNotFoundError:
        raise CheckpointError(f"{source}: there is no such file") from None
    except (OSError, zipfile.BadZipFile, EOFError, MemoryError, RuntimeError, OverflowError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{source} is cut short or broken: {one_line(str(error)) or type(error).__name__}") from error
    return arrays


def _of_archive(file: IO[bytes], source: str) -> Iterator[tuple[str, np.ndarray]]:
    with zipfile.ZipFile(file) as archive:
        members = {each.filename: each for each in archive.infolist()}
        values = next((name for name in members if name.endswith("/data.pkl")), None)
        if any(name.endswith("/constants.pkl") for name in members):
            raise CheckpointError(f"{source} is a TorchScript program, not a file of weights{ADVICE}")
        if values is None:
            raise CheckpointError(f"{source} is a ZIP archive, but not one of torch.save: it holds no data.pkl")
        if any(each.compress_type != zipfile.ZIP_STORED for each in members.values()):
            raise CheckpointError(f"{source} is not as torch.save writes it: its members are compressed")
        root = values.removesuffix("data.pkl")
        order = archive.read(f"{root}byteorder").decode() if f"{root}byteorder" in members else "little"
        if order != "little":
            raise CheckpointError(f"{source} was written on a big-endian machine: save it again on another")
        tensors = _tensors(read_pickle(io.BytesIO(archive.read(values)), source, KNOWN, ADVICE).value, source)
        storages: dict[str, bytes] = {}
        for name, tensor in tensors.items():
            key = f"{root}data/{tensor.storage[2]}"
            if key not in members:
                raise CheckpointError(f"{source} is broken: the numbers of {one_line(name)} are missing")
            if key not in storages:
                storages[key] = archive.read(key)
            yield name, _array(tensor, storages[key], name, source)


def _of_pickles(file: IO[bytes], source: str) -> Iterator[tuple[str, np.ndarray]]:
    if read_pickle(file, source, KNOWN, ADVICE).value != MAGIC:
        raise CheckpointError(f"{source} is a pickle, but not a file of torch.save{ADVICE}")
    for _ in ("version", "sizes of the machine's numbers"):
        read_pickle(file, source, {}, ADVICE)
    values = read_pickle(file, source, KNOWN, ADVICE)
    tensors = _tensors(values.value, source)
    kinds = {each.key[2]: each.key for each in values.outside if isinstance(each.key, tuple) and len(each.key) > 2}
    keys = read_pickle(file, source, {}, ADVICE).value
    storages = {}
    for key in keys if isinstance(keys, list) else ():
        count = int.from_bytes(file.read(8), "little")
        if key not in kinds:
            raise CheckpointError(f"{source} is broken: it has numbers that belong to no tensor")
        storages[key] = file.read(count * _size(kinds[key], source))
    for name, tensor in tensors.items():
        if tensor.storage[2] not in storages:
            raise CheckpointError(f"{source} is broken: the numbers of {one_line(name)} are missing")
        yield name, _array(tensor, storages[tensor.storage[2]], name, source)


def _tensors(value: Any, source: str) -> dict[str, StoredTensor]:
    """The dict of tensors among what was saved."""
    level = [value]
    for _ in range(MOST_LEVELS):
        found = [each for each in level if isinstance(each, dict) and any(isinstance(one, StoredTensor) for one in each.values())]
        if found:
            best = max(found, key=len)
            return {str(name): each for name, each in best.items() if isinstance(each, StoredTensor)}
        level = [each for outer in level if isinstance(outer, dict) for name, each in outer.items() if name != "optimizer"]
    raise CheckpointError(f"{source} holds no dict of tensors{ADVICE}")


def _size(storage: tuple[Any, ...], source: str) -> int:
    """Bytes of one number of a storage."""
    import numpy as np

    kind = storage[1].path if len(storage) > 2 and isinstance(storage[1], Name) else None
    if kind not in STORAGES:
        raise CheckpointError(f"{source} holds numbers of a kind that is not known: {quoted(kind)}")
    return 2 if STORAGES[kind] == "bfloat16" else np.dtype(STORAGES[kind]).itemsize


def _array(tensor: StoredTensor, data: bytes, name: str, source: str) -> np.ndarray:
    """The numbers of a tensor; a CheckpointError if they do not lie within its storage."""
    import numpy as np

    size = _size(tensor.storage, source)
    kind = STORAGES[tensor.storage[1].path]
    numbers = np.frombuffer(data[: len(data) // size * size], "<u2" if kind == "bfloat16" else kind)
    last = tensor.offset + sum((extent - 1) * stride for extent, stride in zip(tensor.shape, tensor.strides, strict=True))
    if prod(tensor.shape) == 0:
        return np.zeros(tensor.shape, np.float32)
    if last >= numbers.size or prod(tensor.shape) > numbers.size:
        raise CheckpointError(f"{source} is broken: {one_line(name)} is {tensor.shape}, but only {numbers.size:,} numbers of it are there")
    step = tuple(stride * numbers.itemsize for stride in tensor.strides)
    seen = np.lib.stride_tricks.as_strided(numbers[tensor.offset :], tensor.shape, step, writeable=False)
    whole = np.ascontiguousarray(seen).reshape(tensor.shape)
    return widened(whole) if kind == "bfloat16" else whole


def widened(halves: np.ndarray) -> np.ndarray:
    """bfloat16, given as uint16, as float32: the lower half of every number is 0."""
    import numpy as np

    return (halves.astype(np.uint32) << 16).view(np.float32)
