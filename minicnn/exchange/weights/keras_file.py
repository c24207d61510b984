"""Files of Keras 3: `model.save_weights("x.weights.h5")` and `model.save("x.keras")`, for networks whose layers with weights follow one another.

Keras counts the layers of a kind in the order of the model (conv2d, conv2d_1, ...) and does not say what comes between kinds; the k-th
convolution of the file is the k-th of ours, and so are fully connected layers and batch normalizations.  Where such layers stand side by
side the order means nothing, and the file is refused.

    Keras                                         here
    kernel of a convolution (R, S, C, K)          weight (K, C, R, S)
    kernel of Dense (F, K)                        weight (K, F)
    gamma, beta, moving_mean, moving_variance     weight, bias, running_mean, running_var

Keras keeps maps as (H, W, C), so that behind a Flatten its features come in another order: the first fully connected layer (or
normalization) behind it is put into ours, (C, H, W).

A batch normalization's epsilon is a setting and not a weight.  A .keras file has it: where it is not ours, 1e-3 by Keras' default
against 1e-5, the difference is added to the running variance, which gives the same outputs in use.

Source: keras/src/saving/saving_lib.py of Keras 3.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minicnn.errors import CheckpointError, SettingError, one_line, quoted
from minicnn.exchange.weights.file import HDF5_START, KERAS_WEIGHTS, Translated
from minicnn.exchange.weights.flattened import map_before
from minicnn.exchange.weights.keras_functions import difference
from minicnn.graph import INPUT
from minicnn.layers import BatchNorm1D, BatchNorm2D, BatchNorm3D, Conv1D, Conv2D, Conv3D, Linear

if TYPE_CHECKING:
    import numpy as np

    from minicnn.graph import Node, Topology

NORMALIZATION = "batch_normalization"
KINDS: dict[type, str] = {
    Conv1D: "conv1d",
    Conv2D: "conv2d",
    Conv3D: "conv3d",
    Linear: "dense",
    **dict.fromkeys((BatchNorm1D, BatchNorm2D, BatchNorm3D), NORMALIZATION),
}
LAYER = re.compile(r"([a-z0-9_]*?[a-z0-9])(?:_([0-9]+))?")
MOST_CONFIG_BYTES = 1 << 26


def read_keras(topology: Topology, name: str, path: Path) -> Translated:
    """The arrays of a file under the names of a network, see `fit.translated`.

    Raises
    ------
    SettingError
        If h5py is not installed.
    CheckpointError
        If the file cannot be read, or the network has layers with weights side by side.
    """
    try:
        import h5py
    except ImportError as error:
        raise SettingError(
            f"{path}: files of Keras need h5py, which cannot be imported\n  {error}\n  pip install 'minicnn[keras]'"
        ) from None
    ours = _layers(topology, name, path)
    try:
        content, config = _content(path)
        with h5py.File(content, "r") as file:
            theirs = dict(_groups(file, h5py))
            found = _translated(topology, ours, theirs, _settings(config, path), str(path))
            other = None if config is None else difference(_described(config), topology, name)
            return found if other is None else found._replace(notes=(*found.notes, other))
    except CheckpointError:
        raise
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError, RuntimeError, MemoryError) as error:
        raise CheckpointError(f"{path} is broken, or not a file of weights of Keras 3: {one_line(str(error))}") from error


def _content(path: Path) -> tuple[Any, Any]:
    """What h5py reads, and the description of the model where there is one."""
    with open(path, "rb") as file:
        if file.read(len(HDF5_START)) == HDF5_START:
            return path, None
    with zipfile.ZipFile(path) as archive:
        if archive.getinfo("config.json").file_size > MOST_CONFIG_BYTES or any(
            each.compress_type != zipfile.ZIP_STORED and each.file_size > MOST_CONFIG_BYTES for each in archive.infolist()
        ):
            raise CheckpointError(f"{path} is not as Keras writes it: its members are compressed")
        return io.BytesIO(archive.read(KERAS_WEIGHTS)), json.loads(archive.read("config.json"))


def _groups(file: Any, h5py: Any) -> Iterator[tuple[tuple[str, int], list[Any]]]:
    """The arrays of every layer that has any, by (kind, number), each an unread data set."""
    if "layers" not in file:
        what = "a whole model in the format before Keras 3" if "model_weights" in file or "layer_names" in file.attrs else "other arrays"
        raise CheckpointError(f"{file.filename} holds {what}\n  in Keras 3: model.save('x.keras'), or model.save_weights('x.weights.h5')")
    for name, layer in file["layers"].items():
        variables = layer.get("vars")
        nested = [each for each in layer if each not in ("vars", "seed_generator", "dtype_policy")]
        found = [variables[str(number)] for number in range(len(variables))] if variables is not None else []
        if not all(isinstance(each, h5py.Dataset) for each in found):
            raise CheckpointError(f"the layer {one_line(name)} holds other things than arrays")
        if nested and any(isinstance(layer[each], h5py.Group) and len(layer[each]) for each in nested) and not found:
            raise CheckpointError(
                f"{one_line(str(file.filename))} has a model within the model, {one_line(name)}: only plain ones are read"
                f"\n  build it from layers alone, or go by way of PyTorch"
            )
        match = LAYER.fullmatch(name)
        if found and match:
            yield (match[1], int(match[2] or 0)), found


def _described(config: Any) -> list[dict[str, Any]]:
    """The layers of a model, as its file describes them."""
    return [each for each in config["config"]["layers"] if isinstance(each.get("config"), dict)]


def _settings(config: Any, path: Path) -> list[float] | None:
    """The epsilons of the batch normalizations, in their order; None where the file has no description."""
    if config is None:
        return None
    layers = _described(config)
    for each in layers:
        if each["config"].get("data_format") == "channels_first":
            raise CheckpointError(f"{path}: {quoted(each['config'].get('name'))} has its channels first, which is not read")
    return [float(each["config"]["epsilon"]) for each in layers if each["class_name"] == "BatchNormalization"]


def _translated(
    topology: Topology, ours: list[Node], theirs: dict[tuple[str, int], list[Any]], epsilons: list[float] | None, source: str
) -> Translated:
    foreign = sorted({kind for kind, _ in theirs} - set(KINDS.values()))
    if foreign:
        raise CheckpointError(f"{source} has layers of a kind that is not read: {', '.join(map(one_line, foreign))}")
    arrays: dict[str, np.ndarray] = {}
    names: dict[str, str] = {}
    notes: list[str] = []
    places: dict[str, int] = {}
    for node in ours:
        kind = KINDS[type(node.layer)]
        number = places.get(kind, 0)
        places[kind] = number + 1
        label = kind if number == 0 else f"{kind}_{number}"
        found = theirs.pop((kind, number), [])
        words = _words(node, len(found))
        names |= {slot.name: f"{label}/{_keras_word(slot.name)}" for slot in node.own_slots}
        shapes = {slot.name: slot.shape for slot in node.own_slots}
        for word, values in zip(words, found, strict=False):
            arrays[f"{node.name}.{word}"] = _ours(topology, node, word, values, shapes.get(f"{node.name}.{word}"))
        for word in ("weight", "bias") if kind == NORMALIZATION and len(found) == 2 else ():
            arrays[f"{node.name}.{word}"] = _constant(float(word == "weight"), shapes[f"{node.name}.{word}"])
        if kind == NORMALIZATION and epsilons is not None and f"{node.name}.running_var" in arrays:
            difference = epsilons[number] - node.layer.settings()["eps"]
            arrays[f"{node.name}.running_var"] = (arrays[f"{node.name}.running_var"] + difference).astype("float32")
            if difference and not notes:
                notes.append(f"running variances take in the other epsilon, {epsilons[number]:g} for {node.layer.settings()['eps']:g}")
    if NORMALIZATION in places and epsilons is None:
        notes.append(
            "the file does not say the epsilon of its batch normalizations: ours is used, and Keras' default is another, 1e-3 (a .keras file says it)"
        )
    for (kind, number), values in theirs.items():
        arrays[f"{kind}_{number}/{'kernel' if kind != NORMALIZATION else 'gamma'}"] = _constant(0, values[0].shape)
    return Translated(arrays, names, "Keras", tuple(notes))


def _words(node: Node, count: int) -> tuple[str, ...]:
    """What the variables of a layer are here, in their order."""
    if KINDS[type(node.layer)] != NORMALIZATION:
        return ("weight", "bias")
    return ("running_mean", "running_var") if count == 2 else ("weight", "bias", "running_mean", "running_var")


def _keras_word(name: str) -> str:
    word = name.rpartition(".")[2]
    return {"weight": "kernel or gamma", "bias": "bias or beta", "running_mean": "moving_mean", "running_var": "moving_variance"}[word]


def _ours(topology: Topology, node: Node, word: str, values: Any, shape: tuple[int, ...] | None) -> np.ndarray:
    """A variable in our order of axes; one of another size is not read, and stands for its shape alone."""
    import numpy as np

    order = (
        (len(values.shape) - 1, len(values.shape) - 2, *range(len(values.shape) - 2)) if len(values.shape) > 1 else (0,) * len(values.shape)
    )
    turned = tuple(values.shape[axis] for axis in order)
    if shape is None or turned != shape:
        return _constant(0, turned)
    array = np.asarray(values[()], dtype=np.float32)
    before = map_before(topology, node)
    if (
        before is not None
        and (word == "weight" or array.ndim == 1)
        and prod(before) == shape[-1]
        and not (isinstance(node.layer, Linear) and word == "bias")
    ):
        channels, *space = before
        rest = array.shape[1:]
        array = np.moveaxis(array.reshape((*space, channels, *rest)), len(space), 0).reshape(array.shape)
    return np.ascontiguousarray(array.transpose(order))


def _layers(topology: Topology, name: str, path: Path) -> list[Node]:
    """The layers with weights, in the one order they have; a CheckpointError if there are other kinds or several orders."""
    ancestors: list[set[int]] = []
    for node in topology.nodes:
        sources = [ref.node for ref in node.inputs if ref != INPUT]
        ancestors.append(set(sources).union(*(ancestors[each] for each in sources)))
    found = [node for node in topology.nodes if node.own_slots]
    foreign = next((node for node in found if type(node.layer) not in KINDS), None)
    if foreign is not None:
        raise CheckpointError(
            f"{path}: {name} has weights that no layer of Keras is read for: {foreign.name} ({foreign.layer.kind()})"
            f"\n  read are {', '.join(dict.fromkeys(KINDS.values()))}"
        )
    for one, other in pairwise(found):
        if one.index not in ancestors[other.index]:
            raise CheckpointError(
                f"{path}: {name} has weights side by side ({one.name}, {other.name}), and a file of Keras does not say which is which"
                f"\n  give it as safetensors or .pth, with names that do"
            )
    return found


def _constant(value: float, shape: tuple[int, ...]) -> np.ndarray:
    """So many times one number, in the memory of one."""
    import numpy as np

    return np.broadcast_to(np.float32(value), shape)
