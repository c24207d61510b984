"""Which network a verb means by NAME: one of the zoo, what a Python file defines as `network`, or that of a run.

Every verb that takes a NAME asks here, and gets what knows its name, source, input, classes and recipe, and builds it.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from minicnn import zoo
from minicnn.errors import CheckpointError, GraphError, MinicnnError, SettingError, quoted, raised
from minicnn.layers import Element
from minicnn.network import Graph
from minicnn.recipe import Recipe
from minicnn.zoo.heads import check_classes, with_classes
from minicnn.zoo.widths import with_width

Size = int | None
ASKED = ("classes", "input_shape", "seed")  # of a function that makes a network


class Network(Protocol):
    """What a verb knows of a network before it is built.

    input_shape : (C, *space), of any size where None; () if it is made for whatever images there are
    classes : None if it has none
    """

    @property
    def name(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def input_shape(self) -> tuple[Size, ...]: ...
    @property
    def classes(self) -> int | None: ...
    @property
    def recipe(self) -> Recipe | None: ...
    @property
    def widths(self) -> bool: ...
    def build(
        self,
        classes: int | None = None,
        input_shape: Sequence[Size] | None = None,
        seed: int = 0,
        width: float | None = None,
        init: str | None = None,
    ) -> Graph: ...


@dataclass(frozen=True)
class OwnNetwork:
    """A network that is not in the zoo, for verbs that ask what they ask of a `ZooEntry`.

    make : the network for so many classes, images of a shape and a seed; None where none is asked for
    data : the data set of the run it is from
    """

    name: str
    source: str
    make: Callable[[int | None, Sequence[Size] | None, int], Graph]
    input_shape: tuple[Size, ...] = ()
    classes: int | None = None
    recipe: Recipe | None = None
    data: str | None = None
    widths: bool = True

    def build(
        self,
        classes: int | None = None,
        input_shape: Sequence[Size] | None = None,
        seed: int = 0,
        width: float | None = None,
        init: str | None = None,
    ) -> Graph:
        """With parameters drawn from the seed."""
        net = self.make(classes, input_shape, seed)
        block = net.block if width is None else with_width(net.block, width, keep_last=True)
        built = Graph(block, net.input_shape, seed, self.name, init or net.init)
        if net.topology.frozen:
            built.refreeze(sorted(net.topology.frozen))
        built.recipe = self.recipe
        return built


def find(name: str) -> Network:
    """The network that NAME means.

    Raises
    ------
    SettingError, CheckpointError, GraphError
        If there is no such network, file or run, or it holds none.
    """
    if name.lower() in zoo.names():
        return zoo.find(name)
    if name.endswith(".py"):
        return from_file(name)
    if os.path.exists(os.path.expanduser(name)) or os.sep in name:
        return from_run(name)
    try:
        return zoo.find(name)
    except SettingError as error:
        raise SettingError(f"{error}\n  a network of your own is FILE.py, which defines 'network', or the folder of a run") from None


def from_file(file: str) -> OwnNetwork:
    """What a Python file, which is run, defines as `network`: a Graph, a layer or block, or a function that makes one."""
    from minicnn.cli.python_file import own_network

    given, name = own_network(file), Path(file).stem
    source = f"{name}: {file}"
    if isinstance(given, Graph):
        return _of_graph(name, source, given)
    if isinstance(given, Element):

        def around(classes: int | None, input_shape: Sequence[Size] | None, seed: int) -> Graph:
            return _for_classes(Graph(given, _shape(file, input_shape), seed, name), classes)

        return OwnNetwork(name, source, around)
    if callable(given) and not isinstance(given, type):
        return OwnNetwork(name, source, _calling(file, name, given))
    raise SettingError(
        f"{file}: network is {quoted(given)}, but must be a Graph, a layer or a block, or a function (classes, input_shape, seed)"
    )


def from_run(run: str) -> OwnNetwork:
    """The architecture of a run, or of a network's file."""
    from minicnn.cli.options import weights_path
    from minicnn.datasets import names  # with NumPy, which a summary of the zoo does without
    from minicnn.network_file import load

    path = weights_path(run)
    if not path.exists():
        raise CheckpointError(f"{run} has no network yet: its first epoch is not over\n  continue it with: minicnn train --resume {run}")
    net = load(path)
    recipe = zoo.find(net.name).recipe if net.name in zoo.names() else None
    data = None if net.trained_on is None else net.trained_on.data
    if data is not None and data not in names() and not os.path.exists(data):
        data = None  # trained from Python, on arrays
    return _of_graph(net.name, f"{net.name}: the network of {run}", net, recipe, data)


def recorded(settings: Any) -> Network:
    """The network of a run's settings: of the zoo, or from the architecture that they hold; no code is run for it."""
    if settings.architecture is None:
        return zoo.find(settings.network)
    return described(settings.network, settings.architecture)


def described(name: str, architecture: Mapping[str, Any]) -> OwnNetwork:
    """A network from its description in a run's folder."""
    try:
        net = Graph.from_architecture(dict(architecture))
    except MinicnnError as error:
        raise CheckpointError(
            f"the network {name} cannot be built from what its run recorded: {error.headline}"
            f"\n  if it has layers of your own, give their file again: minicnn train FILE.py --resume DIR"
        ) from error
    return _of_graph(name, f"{name}: as a run recorded it", net)


def _of_graph(name: str, source: str, net: Graph, recipe: Recipe | None = None, data: str | None = None) -> OwnNetwork:
    classes = net.output_shape[0] if len(net.topology.outputs) == 1 else None

    def again(classes: int | None, input_shape: Sequence[Size] | None, seed: int) -> Graph:
        made = Graph(net.block, net.input_shape if input_shape is None else input_shape, seed, name, net.init)
        if net.topology.frozen:
            made.refreeze(sorted(net.topology.frozen))
        return _for_classes(made, classes)

    return OwnNetwork(name, source, again, net.input_shape, classes, recipe, data)


def _for_classes(net: Graph, classes: int | None) -> Graph:
    """The network with a last layer for so many classes, where it has others."""
    if classes is None or net.output_shape[0] == classes:
        return net
    other = Graph(with_classes(net.block, classes), net.input_shape, net.seed, net.name, net.init)
    if net.topology.frozen:
        other.refreeze(sorted(net.topology.frozen))
    return check_classes(other, classes)


def _calling(file: str, name: str, function: Callable[..., Any]) -> Callable[[int | None, Sequence[Size] | None, int], Graph]:
    """The network that a function of a user's file makes."""

    def make(classes: int | None, input_shape: Sequence[Size] | None, seed: int) -> Graph:
        wanted = inspect.signature(function).parameters
        given = {"classes": classes, "input_shape": None if input_shape is None else tuple(input_shape), "seed": seed}
        told = {each: value for each, value in given.items() if each in wanted and value is not None}
        without = [
            each for each, rule in wanted.items() if each not in told and rule.default is rule.empty and rule.kind < rule.VAR_POSITIONAL
        ]
        if without:
            hint = {"classes": "\n  use --classes 10", "input_shape": "\n  use --input 1x28x28"}.get(
                without[0], f"\n  it is told {', '.join(ASKED)}"
            )
            raise SettingError(f"{file}: network({', '.join(wanted)}) needs {without[0]}, which has no default{hint}")
        try:
            found = function(**told)
        except MinicnnError:
            raise
        except Exception as error:  # whatever a user's function raises is the user's to mend
            raise SettingError(f"{file}: network() {raised(error, str(Path(file).expanduser()))}") from error
        if isinstance(found, Element):
            found = Graph(found, _shape(file, input_shape), seed, name)
        if not isinstance(found, Graph):
            raise GraphError(f"{file}: network() returns {quoted(found)}, but must return a Graph, a layer or a block")
        return found

    return make


def _shape(file: str, input_shape: Sequence[Size] | None) -> Sequence[Size]:
    if input_shape is None:
        raise SettingError(f"{file}: network is a block, and its input has no shape yet\n  use --input 1x28x28, or make it a Graph")
    return input_shape
