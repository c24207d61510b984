"""Weights for use: a network's file that also says how images are prepared for it and what its classes are called."""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from minicnn.errors import CheckpointError, GraphError
from minicnn.network import Graph, from_arrays
from minicnn.schema import LARGEST_IMAGE, image_shape, items, parse, text, whole, word
from minicnn.storage import load_arrays, save_arrays
from minicnn.train.preparation import Preparation

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class TrainedNetwork:
    """A network with all it takes to use it.

    image_shape : of the images it was trained on, before they were scaled to the network's input
    data : name of the data set
    epoch : after which its parameters were kept
    """

    net: Graph
    preparation: Preparation
    classes: tuple[str, ...]
    image_shape: tuple[int, ...]
    data: str
    epoch: int

    def save(self, path: str | Path, memory: np.ndarray | None = None) -> None:
        """Write a safetensors file that `minicnn.load` reads as well; `memory` in place of the network's own parameters."""
        parameters = self.net.views(self.net.parameter_memory if memory is None else memory, buffers=True)
        words = {"preparation": self.preparation.to_json(), "class_names": self.classes, "image_shape": self.image_shape,
                 "epoch": self.epoch}
        more = {name: json.dumps(value) for name, value in words.items()}
        save_arrays(path, parameters, {**self.net.metadata(), **more, "data": self.data})


def load_trained(path: str | Path) -> TrainedNetwork:
    """The network in a file that `TrainedNetwork.save` wrote.

    Raises
    ------
    CheckpointError
        If the file is missing, cut, broken, or a network without its preparation.
    GraphError
        If the network gives more than one answer for an image.
    """
    arrays, metadata = load_arrays(path)
    net = from_arrays(arrays, metadata, str(path))
    try:
        answers = net.classes
    except GraphError as error:   # no run can have written it, so it is no use to look for one
        raise GraphError(f"{path}: {error}") from None
    if "preparation" not in metadata:
        raise CheckpointError(f"{path} holds a network, but not how images are prepared for it: no training run wrote it"
                              f"\n  use best.safetensors of a run folder")
    words = "its words"
    try:
        values = {name: parse(metadata[name], name) for name in ("class_names", "preparation", "image_shape", "epoch")}
        trained = TrainedNetwork(
            net, Preparation.from_json(values["preparation"]), items(words, "class_names", values["class_names"], text),
            image_shape(words, "image_shape", values["image_shape"]), word(words, "data", metadata["data"]),
            whole(words, "epoch", values["epoch"]))
    except (KeyError, CheckpointError) as error:
        raise CheckpointError(f"{path}: what it says about images and classes cannot be read: {error}") from error
    if len(trained.classes) != answers or trained.preparation.input_shape != net.input_shape:
        raise CheckpointError(f"{path}: its classes and preparation do not belong to its network")
    for node in net.nodes:
        numbers = max(map(prod, node.output_shapes))
        if numbers > LARGEST_IMAGE:
            raise CheckpointError(f"{path}: {node.name} makes {numbers:,} numbers an image, more than the {LARGEST_IMAGE:,} that are run")
    return trained
