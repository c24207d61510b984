"""Weights for use: a network's file that also says how images are prepared for it and what its classes are called."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from minicnn.errors import CheckpointError, GraphError
from minicnn.network import Graph
from minicnn.network_file import load
from minicnn.schema import LARGEST_IMAGE
from minicnn.storage import save_arrays
from minicnn.trained_on import TrainedOn

if TYPE_CHECKING:
    import numpy as np

    from minicnn.preparation import Preparation


@dataclass(frozen=True)
class TrainedNetwork:
    """A network with all it takes to use it; the fields as in `TrainedOn`."""

    net: Graph
    preparation: Preparation
    classes: tuple[str, ...]
    image_shape: tuple[int, ...]
    data: str
    epoch: int

    def save(self, path: str | Path, memory: np.ndarray | None = None) -> None:
        """Write a safetensors file that `minicnn.load` reads as well; `memory` in place of the network's own parameters."""
        parameters = self.net.views(self.net.parameter_memory if memory is None else memory, buffers=True)
        trained_on = TrainedOn(self.preparation, self.classes, self.image_shape, self.data, self.epoch)
        save_arrays(path, parameters, {**self.net.metadata(), **trained_on.metadata()})


def load_trained(path: str | Path) -> TrainedNetwork:
    """The network in a file of a training run, or in one that `Graph.save` wrote after training.

    Raises
    ------
    CheckpointError
        If the file is missing, cut, broken, or a network without its preparation.
    GraphError
        If the network gives more than one answer for an image.
    """
    net = load(path)
    try:
        net.classes  # noqa: B018 asked for its error
    except GraphError as error:  # no run can have written it, so it is no use to look for one
        raise GraphError(f"{path}: {error}") from None
    known = net.trained_on
    if known is None:
        raise CheckpointError(
            f"{path} holds a network, but not how images are prepared for it: no training wrote it"
            f"\n  use best.safetensors of a run folder, or save the network after 'fit'"
        )
    for node in net.nodes:
        numbers = max(map(prod, node.output_shapes))
        if numbers > LARGEST_IMAGE:
            raise CheckpointError(f"{path}: {node.name} makes {numbers:,} numbers an image, more than the {LARGEST_IMAGE:,} that are run")
    return TrainedNetwork(net, known.preparation, known.classes, known.image_shape, known.data, known.epoch)
