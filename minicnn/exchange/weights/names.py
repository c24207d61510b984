"""What others call the weights of our networks: a few rules a family, read in both directions.

A rule says what stands for one of our layers, numbers in braces:

    "stage{s}.block{b}.conv{i}"  ->  "layer{s}.{b-1}.conv{i}"          stage2.block1.conv1.weight  is  layer2.0.conv1.weight

`{b-1}` is the number before, `{place}` the place of the layer in its part, all layers counted from 0, where a part ends with a Flatten: what
torch.nn.Sequential calls it.  What follows the layer's name ("weight", "running_mean", ...) is the same on both sides.

Names: torchvision.models of torchvision 0.28; timm.models of timm 1.0; the original files of DenseNet as torchvision still reads them;
github.com/akamaster/pytorch_resnet_cifar10 for networks of CIFAR-10.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from minicnn.errors import CheckpointError, SettingError, quoted
from minicnn.exchange.weights.flattened import map_before, reshaped
from minicnn.layers import Flatten

if TYPE_CHECKING:
    import numpy as np

    from minicnn.graph import Node, Topology

Rules = tuple[tuple[str, str], ...]

RESNET: Rules = (
    ("stage{s}.block{b}.projection.conv1", "layer{s}.{b-1}.downsample.0"),
    ("stage{s}.block{b}.projection.bn1", "layer{s}.{b-1}.downsample.1"),
    ("stage{s}.block{b}.{layer}", "layer{s}.{b-1}.{layer}"),
    ("conv1", "conv1"),
    ("bn1", "bn1"),
)
DENSENET: Rules = (
    ("conv1", "features.conv0"),
    ("bn1", "features.norm0"),
    ("block{b}.layer{i}.conv{j}", "features.denseblock{b}.denselayer{i}.conv{j}"),
    ("block{b}.layer{i}.bn{j}", "features.denseblock{b}.denselayer{i}.norm{j}"),
    ("transition{t}.conv1", "features.transition{t}.conv"),
    ("transition{t}.bn1", "features.transition{t}.norm"),
    ("bn2", "features.norm5"),
    ("fc1", "classifier"),
)
INCEPTION: Rules = tuple(
    (f"inception{{block}}.{ours}{number}", f"inception{{block}}.{branch}.{theirs}")
    for ours, theirs in (("conv", "conv"), ("bn", "bn"))
    for number, branch in enumerate(("branch1", "branch2.0", "branch2.1", "branch3.0", "branch3.1", "branch4.1"), start=1)
)
PLACES: Rules = (("block{b}.{layer}", "features.{place}"), ("conv{i}", "features.{place}"))


class Naming(NamedTuple):
    """The names of one library for one family of networks.

    networks : those of the zoo that the library has, and what it calls them
    left_out : the starts of names that have no counterpart here
    convolutions : our fully connected layers that are convolutions there, with filters as large as the map
    unlike : networks that the library lacks, but whose arrays have the names and shapes of another's: which, and where that one differs
    """

    library: str
    rules: Rules
    networks: Mapping[str, str] = {}
    left_out: tuple[str, ...] = ()
    convolutions: tuple[str, ...] = ()
    unlike: Mapping[str, tuple[str, str]] = {}


def _alike(*names: str) -> dict[str, str]:
    """Networks that others write with an underscore."""
    return {name: name.replace("-", "_") for name in names}


RESNETS = _alike("resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "resnext50-32x4d") | {"wide-resnet50-2": "wide_resnet50_2"}
UNLIKE_RESNETS = {"resnet50-v1": ("resnet50", "which strides in the 3x3 convolutions of its blocks, not in the first 1x1")}
VGGS = _alike("vgg11", "vgg13", "vgg16", "vgg19", "vgg11-bn", "vgg13-bn", "vgg16-bn", "vgg19-bn")
IN_PLACES = (*PLACES, ("fc{i}", "classifier.{place}"))

NAMINGS = (
    Naming("torchvision", (*RESNET, ("fc1", "fc")), RESNETS, unlike=UNLIKE_RESNETS),
    Naming("torchvision", IN_PLACES, {"alexnet-torchvision": "alexnet"} | VGGS),
    Naming("torchvision", DENSENET, {"densenet121": "densenet121"}),
    Naming(
        "torchvision",
        (*INCEPTION, ("conv{i}", "conv{i}.conv"), ("bn{i}", "conv{i}.bn"), ("fc1", "fc")),
        {"googlenet-torchvision": "googlenet"},
        left_out=("aux1.", "aux2."),  # the auxiliary classifiers, used in training only
    ),
    Naming("timm", (*RESNET, ("fc1", "fc")), RESNETS | {"resnet200": "resnet200"}, unlike=UNLIKE_RESNETS),
    Naming(
        "timm",
        (*PLACES, ("fc1", "pre_logits.fc1"), ("fc2", "pre_logits.fc2"), ("fc3", "head.fc")),
        VGGS,
        convolutions=("fc1", "fc2"),
    ),
    Naming("timm", DENSENET, {"densenet121": "densenet121"}),
    Naming("the original DenseNet", tuple((ours, re.sub(r"\.(conv|norm){j}", r".\1.{j}", theirs)) for ours, theirs in DENSENET)),
    Naming("pytorch_resnet_cifar10", (*RESNET, ("fc1", "linear"))),
    Naming("torch.nn.Sequential", (("{layer}", "{number}"),)),
)
OWN = Naming("minicnn", (("{layer}", "{layer}"),))


def names_of(topology: Topology, naming: Naming) -> dict[str, str] | None:
    """Their names of all parameters and buffers by ours; None unless there is a rule for each."""
    found: dict[str, str] = {}
    place = -1
    for node in topology.nodes:
        place = -1 if isinstance(node.layer, Flatten) else place + 1
        if not node.own_slots:
            continue
        theirs = _theirs(node, naming.rules, place)
        if theirs is None:
            return None
        found |= {slot.name: f"{theirs}.{slot.name.rpartition('.')[2]}" for slot in node.own_slots}
    return found if len(set(found.values())) == len(found) else None


def naming_for(name: str, topology: Topology, library: str) -> Naming | None:
    """The naming of a library for a network of this name; None if the library has no such network."""
    fitting = [each for each in (OWN, *NAMINGS) if each.library == library and names_of(topology, each) is not None]
    return next((each for each in fitting if name in each.networks or not each.networks), None)


def under_their_names(topology: Topology, name: str, arrays: Mapping[str, np.ndarray], library: str) -> dict[str, np.ndarray]:
    """The arrays of a network of this name as a library has them, each the same numbers in the same order.

    Raises
    ------
    SettingError
        If the library has no such network.
    """
    naming = naming_for(name, topology, library)
    names = None if naming is None else names_of(topology, naming)
    if naming is None or names is None:
        with_it = sorted({each.library for each in (OWN, *NAMINGS) if naming_for(name, topology, each.library) is not None})
        raise SettingError(f"{name} has no names of {library}\n  there are those of {', '.join(with_it)}")
    maps = {
        node.name: map_before(topology, node) or (*node.input_shapes[0], 1, 1)
        for node in topology.nodes
        if node.name in naming.convolutions
    }
    found = {}
    for slot in topology.slots:
        map_shape = maps.get(slot.name.rpartition(".")[0]) if len(slot.shape) == 2 else None
        array = arrays[slot.name]
        found[names[slot.name]] = array if map_shape is None else array.reshape(slot.shape[0], *map_shape)
    return found


def under_our_names(topology: Topology, arrays: Mapping[str, np.ndarray], library: str, source: str) -> dict[str, np.ndarray]:
    """The inverse of `under_their_names`, for arrays that `source` says are named so; a CheckpointError if the network has no such names."""
    fitting = [names for each in (OWN, *NAMINGS) if each.library == library and (names := names_of(topology, each)) is not None]
    if not fitting:
        raise CheckpointError(f"{source}: its arrays have names of {quoted(library)}, which are not known for its network")
    best = max(fitting, key=lambda names: len(set(names.values()) & set(arrays)))
    ours = {theirs: our for our, theirs in best.items()}
    shapes = {slot.name: slot.shape for slot in topology.slots}
    return {(our := ours.get(name, name)): reshaped(array, shapes.get(our)) for name, array in arrays.items()}


def _theirs(node: Node, rules: Sequence[tuple[str, str]], place: int) -> str | None:
    for ours, theirs in rules:
        match = _pattern(ours).fullmatch(node.name)
        if match:
            numbers = {f"{letter}-1": int(text) - 1 for letter, text in match.groupdict().items() if text.isdecimal()}
            return theirs.format(place=place, number=node.index, **match.groupdict(), **numbers)
    return None


@cache
def _pattern(rule: str) -> re.Pattern[str]:
    """As in "stage{s}.conv{i}": a letter stands for a number, a word for anything without a dot, {layer} for all that follows."""

    def group(match: re.Match[str]) -> str:
        name = match[1]
        return f"(?P<{name}>{'.+' if name == 'layer' else '[0-9]+' if len(name) == 1 else '[^.]+'})"

    return re.compile(re.sub(r"\\{(\w+)\\}", group, re.escape(rule)))
