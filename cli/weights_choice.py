"""A network with the weights to look at: those of a run or a file, or those that training would start from."""

from __future__ import annotations

import os
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

from minicnn import zoo
from minicnn.cli import network_choice
from minicnn.errors import CheckpointError, SettingError
from minicnn.geometry import shape_text

if TYPE_CHECKING:
    from minicnn.network import Graph
    from minicnn.trained_on import TrainedOn


class Weighted(NamedTuple):
    """A network with weights.

    run : the run or the file that they are from; None if they are drawn
    """

    net: Graph
    source: str
    run: str | None

    @property
    def words(self) -> str:
        """What is said of its weights, in one line."""
        known = self.net.trained_on
        if known is not None:
            return f"{self.net.name} of {self.run}, {trained_words(known)}"
        if self.run is not None:
            return f"{self.net.name} of {self.run}: not said what it was trained on"
        return f"{self.net.name}, untrained: its weights are drawn at random, from seed {self.net.seed}"

    @property
    def title(self) -> str:
        """What figures call it."""
        return self.net.name if self.run is not None else f"{self.net.name} (untrained)"


def with_weights(name: str, input_shape: tuple[int, ...] | None = None, seed: int = 0) -> Weighted:
    """The network that NAME means, with its weights; without any, for this input and drawn from this seed.

    Raises
    ------
    SettingError, CheckpointError, GraphError
        If there is no such network, file or run.
    """
    if not is_saved(name):
        entry = network_choice.find(name)
        return Weighted(entry.build(None, input_shape, seed), entry.source, None)
    net = saved(name)
    if input_shape is not None and [own or given for own, given in zip_longest(net.input_shape, input_shape)] != list(input_shape):
        raise SettingError(f"{name} was made for {shape_text(net.input_shape)}, but --input is {shape_text(input_shape)}")
    return Weighted(net, f"{net.name}: the network of {name}", name)


def saved(name: str) -> Graph:
    """The network of a run or a file."""
    from minicnn.cli.options import weights_path
    from minicnn.network_file import load

    path = weights_path(name)
    if not path.exists():
        raise CheckpointError(f"{name} has no weights yet: its first epoch is not over\n  continue it with: minicnn train --resume {name}")
    return load(path)


def trained_on(name: str) -> TrainedOn | None:
    """What the network that NAME means was trained on; None if it is no run or file, or does not say so."""
    return saved(name).trained_on if is_saved(name) else None


def is_saved(name: str) -> bool:
    """Whether NAME is a run or a file rather than a network of the zoo."""
    return name.lower() not in zoo.names() and not name.endswith(".py") and (os.path.exists(os.path.expanduser(name)) or os.sep in name)


def trained_words(known: TrainedOn) -> str:
    """What a network was trained on: "trained on digits (10 classes, images 1 x 8 x 8), weights after epoch 4"."""
    what = f"{len(known.classes)} classes, " if known.classes else ""
    loss = "" if known.loss.kind() == "SoftmaxCrossEntropy" else f" by {known.loss.kind()}"
    return f"trained on {known.data}{loss} ({what}images {shape_text(known.image_shape)}), weights after epoch {known.epoch}"
