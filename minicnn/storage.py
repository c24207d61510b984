"""Files that are complete or absent: atomic writes, and named arrays as safetensors.

A file appears under its name only when every byte of it is on disk; a reader never sees half of one.  Equal arrays and metadata
give equal bytes.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from minicnn.errors import CheckpointError, one_line

if TYPE_CHECKING:
    import numpy as np

HEADER_LENGTH_BYTES = 8  # a safetensors file: length of the header, the header as JSON, the arrays
HEADER_ALIGNMENT_BYTES = 8


@contextmanager
def atomic_write(path: str | Path, mode: str = "wb") -> Iterator[IO[Any]]:
    """Open a file to be written whole: `with atomic_write(path, "w") as file: file.write(...)`.

    It is written under a temporary name in the same folder, flushed to the disk and renamed at the end; if anything fails in
    between, the previous file stays.  A symbolic link stays and its target is written; a device or a pipe is written directly,
    because renaming would put a file in its place.

    Raises
    ------
    CheckpointError
        If the file cannot be written.
    """
    target = Path(os.path.realpath(path))
    part = target.with_name(f".{target.name}.{os.urandom(4).hex()}.part")
    in_place = os.path.exists(target) and not os.path.isfile(target)
    try:
        with open(
            target if in_place else part, mode if in_place else mode.replace("w", "x"), encoding=None if "b" in mode else "utf-8"
        ) as file:
            yield file
            file.flush()
            if not in_place:
                os.fsync(file.fileno())
        if not in_place:
            os.replace(part, target)
            _flush_folder(target.parent)
    except OSError as error:
        raise CheckpointError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            part.unlink()


def remove_parts(folder: Path, names: Iterable[str]) -> None:
    """Remove what killed writers of files with these names left behind; nobody may be writing them."""
    pattern = re.compile(rf"\.({'|'.join(map(re.escape, names))})\.[0-9a-f]{{8}}\.part")
    with suppress(OSError):
        for part in [each for each in os.listdir(folder) if pattern.fullmatch(each)]:
            with suppress(OSError):
                (folder / part).unlink()


def _flush_folder(folder: Path) -> None:
    """Flush the new name to disk, if the system allows a folder to be opened."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def save_arrays(path: str | Path, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> None:
    """Write named arrays and their metadata as one safetensors file, atomically."""
    import numpy as np
    from safetensors.numpy import save

    content = memoryview(save({name: np.asarray(array, order="C") for name, array in arrays.items()}, metadata=dict(metadata)))
    end = HEADER_LENGTH_BYTES + int.from_bytes(content[:HEADER_LENGTH_BYTES], "little")
    entries = json.loads(bytes(content[HEADER_LENGTH_BYTES:end]))
    header = json.dumps(entries, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    header += b" " * (-len(header) % HEADER_ALIGNMENT_BYTES)
    with atomic_write(path) as file:  # safetensors writes the metadata in a different order every time
        file.write(len(header).to_bytes(HEADER_LENGTH_BYTES, "little"))
        file.write(header)
        file.write(content[end:])


def load_arrays(path: str | Path, widen: bool = False) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Read what `save_arrays` wrote: (arrays by name, metadata); with `widen`, bfloat16, which NumPy lacks, as float32.

    Raises
    ------
    CheckpointError
        If the file is missing, cut short, broken or not safetensors; the message says which.
    """
    from safetensors import SafetensorError, safe_open

    source = Path(path)
    try:
        if source.is_dir():
            raise CheckpointError(f"{source} is a folder, not a file of weights")
        if source.exists() and not source.is_file():  # a pipe would block
            raise CheckpointError(f"{source} is not a file")
        with safe_open(source, framework="np") as file:
            metadata = dict(file.metadata() or {})
            if any(file.get_slice(name).get_dtype() == "BF16" for name in file.keys()):  # noqa: SIM118 not a dict
                if not widen:
                    raise TypeError("bfloat16")  # which another package may have taught NumPy
                return _widened(source), metadata
            return {name: file.get_tensor(name) for name in file.keys()}, metadata  # noqa: SIM118
    except FileNotFoundError:
        raise CheckpointError(f"{source}: there is no such file") from None
    except OSError as error:
        raise CheckpointError(f"cannot read {source}: {error.strerror or error}") from error
    except SafetensorError as error:
        raise CheckpointError(_diagnosis(source, error)) from error
    except MemoryError:
        raise CheckpointError(f"{source} has {source.stat().st_size:,} bytes, which do not fit into memory") from None
    except (TypeError, AttributeError, ValueError, KeyError) as error:  # bfloat16 and the like
        raise CheckpointError(f"{source} holds a number type that NumPy does not have: {one_line(str(error))}") from error


def _widened(source: Path) -> dict[str, np.ndarray]:
    """The arrays of a file with bfloat16: the upper half of a float32 whose lower half is 0."""
    import numpy as np
    from safetensors import deserialize

    kinds = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
    found = {}
    for name, entry in deserialize(source.read_bytes()):
        kind = entry["dtype"]
        if kind not in kinds:
            raise TypeError(f"{name} is {kind}")
        numbers = np.frombuffer(bytes(entry["data"]), kinds[kind]).reshape(entry["shape"])
        found[name] = (numbers.astype(np.uint32) << 16).view(np.float32) if kind == "BF16" else numbers
    return found


def _diagnosis(source: Path, error: Exception) -> str:
    """What is wrong with a file that safetensors refuses; its own header says how long it should be."""
    size = source.stat().st_size
    with open(source, "rb") as file:
        start = file.read(HEADER_LENGTH_BYTES + 1)
        length = int.from_bytes(start[:HEADER_LENGTH_BYTES], "little")
        if not size:
            return f"{source} is empty"
        if size <= HEADER_LENGTH_BYTES:
            return f"{source} is cut short: {size} bytes are left"
        if start[HEADER_LENGTH_BYTES:] != b"{":
            return f"{source} is not a safetensors file"
        if HEADER_LENGTH_BYTES + length > size:
            return f"{source} is cut short: it ends within its header, after {size:,} bytes"
        file.seek(HEADER_LENGTH_BYTES)
        header = file.read(length)
    try:
        entries = json.loads(header)
        ends = [entry["data_offsets"][1] for name, entry in entries.items() if name != "__metadata__"]
        whole = HEADER_LENGTH_BYTES + length + max(ends, default=0)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
        return f"{source} is broken: its header cannot be read ({one_line(str(error))})"
    if size < whole:
        return f"{source} is cut short: {size:,} of {whole:,} bytes are there"
    return f"{source} is broken: {one_line(str(error))}"
