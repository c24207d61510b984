"""Weights for use: a network's file with the preparation of its images and the names of its classes."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from minicnn.errors import CheckpointError, GraphError, ShapeError
from minicnn.losses import Loss, SoftmaxCrossEntropy
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
    """A network with everything needed to use it; the fields as in `TrainedOn`."""

    net: Graph
    preparation: Preparation
    classes: tuple[str, ...]
    image_shape: tuple[int, ...]
    data: str
    epoch: int
    loss: Loss = field(default_factory=SoftmaxCrossEntropy)
    making: str = ""

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes; their numbers where training knew no names."""
        learnt = self.net.sized(self.preparation.input_shape)
        return self.classes or tuple(map(str, range(self.loss.classes(learnt.output_shape))))

    def save(self, path: str | Path, memory: np.ndarray | None = None) -> None:
        """Write a safetensors file that `minicnn.load` reads as well; with `memory` instead of the network's own parameters."""
        parameters = self.net.views(self.net.parameter_memory if memory is None else memory, buffers=True)
        trained_on = TrainedOn(self.preparation, self.classes, self.image_shape, self.data, self.epoch, self.loss, self.making)
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
    known = net.trained_on
    if known is None:
        raise CheckpointError(
            f"{path} holds a network, but not how to prepare images for it: it was not saved after training"
            f"\n  use best.safetensors of a run folder, or save the network after 'fit'"
            f"\n  weights of others: say how they want images, minicnn convert FILE FOLDER --network NETWORK --mean X,X,X --std X,X,X"
        )
    try:
        learnt = net.sized(known.preparation.input_shape)  # of a network with free axes, the size it was trained at
        known.loss.check(net.name, learnt.output_shape, learnt.input_shape)
    except GraphError as error:
        raise GraphError(f"{path}: {error}") from None
    except ShapeError as error:
        raise CheckpointError(f"{path}: images are prepared for another network: {error}") from None
    for node in learnt.nodes:
        numbers = max(map(prod, node.output_shapes))
        if numbers > LARGEST_IMAGE:
            raise CheckpointError(f"{path}: {node.name} makes {numbers:,} numbers per image, more than the limit of {LARGEST_IMAGE:,}")
    return TrainedNetwork(net, known.preparation, known.classes, known.image_shape, known.data, known.epoch, known.loss, known.making)
