"""A file of weights, whoever wrote it: which kind it is, and its arrays under its own names."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from minicnn.errors import CheckpointError
from minicnn.exchange.weights.torch_file import PICKLE_START, ZIP_START, read_torch
from minicnn.storage import load_arrays

if TYPE_CHECKING:
    import numpy as np

HDF5_START = b"\x89HDF\r\n\x1a\n"
KERAS_WEIGHTS = "model.weights.h5"  # within a .keras file
OTHERS_ENDS = (".pth", ".pt", ".keras", ".h5")  # names by which nobody expects a file of safetensors
SAFETENSORS, TORCH, KERAS = "safetensors", "torch", "keras"


class WeightFile(NamedTuple):
    """Arrays as a file has them.

    kind : SAFETENSORS or TORCH
    """

    source: str
    kind: str
    arrays: dict[str, np.ndarray]
    metadata: dict[str, str]


class Translated(NamedTuple):
    """The arrays of a file for one network.

    arrays : float32, by our names; those that fit nowhere by theirs
    names : theirs by ours
    library : whose names they are
    notes : what was changed on the way, each a line
    """

    arrays: dict[str, np.ndarray]
    names: dict[str, str]
    library: str
    notes: tuple[str, ...] = ()


def kind_of(path: str | Path) -> str:
    """Which kind of file it is, by its content; SAFETENSORS where it is none of the others."""
    source = Path(path)
    if not source.is_file():
        return SAFETENSORS
    try:
        with open(source, "rb") as file:
            start = file.read(len(HDF5_START) + 1)
        if start.startswith(HDF5_START):
            return KERAS
        if start.startswith(ZIP_START):
            with zipfile.ZipFile(source) as archive:
                return KERAS if KERAS_WEIGHTS in archive.namelist() else TORCH
        if start.startswith(PICKLE_START) and start[8:9] != b"{":
            return TORCH
    except zipfile.BadZipFile as error:
        raise CheckpointError(f"{source} is cut short: it starts as an archive, which .pth and .keras files are, but has no end") from error
    except OSError as error:
        raise CheckpointError(f"cannot read {source}: {error.strerror or error}") from error
    return SAFETENSORS


def _is_strange(source: Path) -> bool:
    """Whether a file that is none of the others cannot be of safetensors either: their headers start as JSON."""
    if not source.is_file():
        return False
    with open(source, "rb") as file:
        start = file.read(9)
    return len(start) == 9 and not start.endswith(b"{")


def read_weights(path: str | Path) -> WeightFile:
    """The arrays of a file of safetensors or of `torch.save`.

    Raises
    ------
    CheckpointError
        If it is neither, cut or broken, or wants to run something.
    """
    if kind_of(path) == TORCH:
        return WeightFile(str(path), TORCH, read_torch(Path(path)), {})
    source = Path(path)
    if source.suffix.lower() in OTHERS_ENDS and _is_strange(source):
        raise CheckpointError(f"{source} holds no weights that are known: it is a file neither of PyTorch nor of Keras nor of safetensors")
    arrays, metadata = load_arrays(path, widen=True)
    return WeightFile(str(path), SAFETENSORS, arrays, metadata)
