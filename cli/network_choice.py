"""Which network a verb means by NAME: one of the zoo, or that of a run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from minicnn import zoo
from minicnn.errors import CheckpointError, GraphError
from minicnn.network import Graph


@dataclass(frozen=True)
class RunNetwork:
    """The architecture of a run, or of a network's file, for verbs that ask what they ask of a `ZooEntry`."""

    name: str
    source: str
    net: Graph
    widths: bool = False

    def build(
        self, classes: int | None = None, input_shape: Sequence[int | None] | None = None, seed: int = 0, width: float | None = None
    ) -> Graph:
        """With parameters drawn from the seed."""
        if classes is not None or width is not None:
            raise GraphError(f"{self.name}: a run's network keeps its classes and its width\n  leave out --classes and --width")
        return Graph(self.net.block, self.net.input_shape if input_shape is None else input_shape, seed, self.name, self.net.init)


def find(name: str) -> zoo.ZooEntry | RunNetwork:
    """The network that NAME means."""
    if name.lower() in zoo.names() or not (os.path.exists(os.path.expanduser(name)) or os.sep in name):
        return zoo.find(name)
    from minicnn.cli.options import weights_path
    from minicnn.network_file import load

    path = weights_path(name)
    if not path.exists():
        raise CheckpointError(f"{name} has no network yet: its first epoch is not over")
    net = load(path)
    return RunNetwork(net.name, f"{net.name}: the network of {name}", net)
