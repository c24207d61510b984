"""Weights of one network as the start of another: layers whose names and shapes fit are taken, the others start anew."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, NamedTuple

from minicnn.errors import CheckpointError, one_line
from minicnn.exchange.weights import translated
from minicnn.geometry import shape_text
from minicnn.graph.names import shown
from minicnn.network import Graph

if TYPE_CHECKING:
    import numpy as np


class Transfer(NamedTuple):
    """What became of the layers with weights.

    taken : layers that start with the weights of the other network
    fresh : layers that start from the seed, each with the reason: a shape of there and one of here, or "" if there is none of its name
    left : layers of the other network that are not in this one
    """

    taken: tuple[str, ...]
    fresh: dict[str, str]
    left: tuple[str, ...]

    def text(self) -> str:
        """As in "conv1, conv2 taken; new is fc3 (10 x 84 there, 26 x 84 here)"."""
        new = shown([f"{name} ({why})" if why else name for name, why in self.fresh.items()])
        return f"{shown(self.taken)} taken" + (f"; new {'is' if len(self.fresh) == 1 else 'are'} {new}" if self.fresh else "")


def take_weights(net: Graph, arrays: Mapping[str, np.ndarray], source: str) -> Transfer:
    """Copy weights into a network, layer by layer.

    A layer is taken as a whole, running statistics included: if one of its arrays is missing or has another shape, all of it stays as
    it was, as the last layer of a network for other classes.

    Parameters
    ----------
    net : Graph
        Its parameters change in place.
    arrays : by name, as in "conv1.weight"
    source : str
        Named in the message.

    Raises
    ------
    CheckpointError
        If no layer fits.

        >>> from minicnn import zoo
        >>> ten, letters = zoo.build("lenet"), zoo.build("lenet", classes=26, seed=1)
        >>> take_weights(letters, ten.arrays, "the digits").text()
        'conv1, conv2, fc1, fc2 taken; new is fc3 (10 x 84 there, 26 x 84 here)'
    """
    views = net.views(net.parameter_memory, buffers=True)
    own: dict[str, list[str]] = {}
    for name in views:
        own.setdefault(name.rpartition(".")[0], []).append(name)
    taken, fresh = [], {}
    for layer, names in own.items():
        missing = [name for name in names if name not in arrays]
        other = [name for name in names if name in arrays and arrays[name].shape != views[name].shape]
        if missing or other:
            there = f"{shape_text(arrays[other[0]].shape)} there, {shape_text(views[other[0]].shape)} here" if other else ""
            fresh[layer] = there or ("" if len(missing) == len(names) else f"without {missing[0].rpartition('.')[2]} there")
            continue
        for name in names:
            views[name][...] = arrays[name]
        taken.append(layer)
    theirs = list(dict.fromkeys(name.rpartition(".")[0] for name in arrays))
    if not taken:
        here, there = shown(list(own)), one_line(shown(theirs))
        raise CheckpointError(f"{source}: no layer fits {net.name}\n  here   {here}\n  there  {there}")
    return Transfer(tuple(taken), fresh, tuple(layer for layer in theirs if layer not in own))


def file_digest(path: str | Path) -> str:
    """SHA-256 of a file of weights."""
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {error.strerror or error}") from error


def start_from(net: Graph, path: str | Path, digest: str | None = None) -> Transfer:
    """Copy the weights of a file into a network, ours or one that `Graph.load_weights` reads; with a digest, only if they are still those.

    Images are not prepared as those of the file's network were, but by the statistics of the data it is trained on from now: both have
    a mean of 0 and a deviation of 1 in every channel.

    Raises
    ------
    CheckpointError
        If it cannot be read, fits nowhere, or has changed.
    """
    if Path(path).suffix.lower() == ".onnx":
        raise CheckpointError(
            f"{path} holds a network of ONNX, whose arrays have no names of {net.name}"
            f"\n  to start with its weights: minicnn convert {quote(str(path))} FOLDER, and --weights FOLDER"
        )
    if digest is not None and (now := file_digest(path)) != digest:
        raise CheckpointError(
            f"{path} does not have the weights that the run was started with\n  sha256 then  {digest}\n         now   {now}"
        )
    return take_weights(net, translated(net.topology, net.name, path).arrays, str(path))
