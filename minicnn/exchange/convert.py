"""A network with its weights as a file that others read: which kind, by the end of its name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import minicnn
from minicnn.errors import SettingError, suggestion
from minicnn.exchange.weights import NAMINGS, OWN, naming_for, under_their_names, write_torch
from minicnn.storage import save_arrays
from minicnn.train import RunFolder
from minicnn.train.settings import CONVERTED

if TYPE_CHECKING:
    from minicnn.network import Graph

LIBRARIES = tuple(dict.fromkeys(each.library for each in (OWN, *NAMINGS)))


class Written(NamedTuple):
    """The files that were written, and what is in them, in a few words."""

    files: tuple[Path, ...]
    words: str


def write_network(net: Graph, path: str | Path, names: str | None = None, preparation: bool = False) -> Written:
    """Write a network as .safetensors, .pth, .onnx, .py, or as a folder that stands for a run; whole or not at all.

    Parameters
    ----------
    names : str, optional
        Whose names the arrays of .safetensors and .pth get, one of `LIBRARIES`; by default torchvision's where it has the network, else ours.
    preparation : bool
        Whether the network in an .onnx or .py file prepares images itself, as in training.

    Raises
    ------
    SettingError
        If the end of the name is another, a setting does not belong to it, or the library does not have the network.
    GraphError
        If a layer has no counterpart there.
    CheckpointError
        If a file cannot be written.
    """
    target = Path(path).expanduser()
    writer = WRITERS.get(target.suffix.lower())
    if writer is None:
        keras = "\n  docs/keras.md shows how weights go to Keras" if target.suffix.lower() in (".h5", ".keras") else ""
        raise SettingError(
            f"convert: {target} ends in {target.suffix!r}, which is not written{suggestion(target.suffix, WRITERS)}"
            f"\n  written are {', '.join(each for each in WRITERS if each)}, and a folder for a run, whose name has no end{keras}"
        )
    if names is not None and writer not in (_safetensors, _torch):
        raise SettingError("convert: names are chosen for .safetensors and .pth only: leave out --names")
    if preparation and writer not in (_onnx, _source):
        raise SettingError("convert: images are prepared within .onnx and .py only: leave out --preparation")
    if preparation and net.preparation is None:
        raise SettingError(f"convert: {net.name} was not trained here, so how images are prepared is not known: leave out --preparation")
    return writer(net, target, names or library_for(net), preparation)


def library_for(net: Graph) -> str:
    """Whose names are used unless told otherwise."""
    return "torchvision" if naming_for(net.name, net.topology, "torchvision") else OWN.library


def _safetensors(net: Graph, path: Path, library: str, preparation: bool) -> Written:
    arrays = under_their_names(net.topology, net.name, net.arrays, library)
    save_arrays(path, arrays, {**net.metadata(), **({} if library == OWN.library else {"names": library})})
    return Written((path,), f"{len(arrays)} arrays under the names of {library}; minicnn reads it as a network")


def _torch(net: Graph, path: Path, library: str, preparation: bool) -> Written:
    arrays = under_their_names(net.topology, net.name, net.arrays, library)
    write_torch(path, arrays)
    return Written((path,), f"{len(arrays)} arrays under the names of {library}, for torch.load(..., weights_only=True)")


def _onnx(net: Graph, path: Path, library: str, preparation: bool) -> Written:
    from minicnn.exchange.onnx import OPSET, write_onnx

    write_onnx(net, path, preparation=preparation)
    takes = "images as the data set holds them" if preparation else "prepared images"
    return Written((path,), f"opset {OPSET}, takes {takes}")


def _source(net: Graph, path: Path, library: str, preparation: bool) -> Written:
    from minicnn.exchange.torch_source import write_source

    return Written(write_source(net, path, preparation), "a module of PyTorch, and its weights")


def _run(net: Graph, path: Path, library: str, preparation: bool) -> Written:
    """A folder that evaluate, predict, show and train --weights take for a run; there is no history, and nothing to resume."""
    folder = RunFolder.create(path)
    folder.claim()
    try:
        net.save(folder.best_path)
        folder.write_description({"network": net.name, "minicnn": minicnn.__version__, "settings": CONVERTED})
    except BaseException:
        folder.discard()
        raise
    folder.release()
    return Written((folder.best_path,), "a folder to use as a run")


WRITERS: dict[str, Callable[[Graph, Path, str, bool], Written]] = {
    ".safetensors": _safetensors,
    ".pth": _torch,
    ".pt": _torch,
    ".onnx": _onnx,
    ".py": _source,
    "": _run,
}
