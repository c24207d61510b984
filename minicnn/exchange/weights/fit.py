"""Weights of others for a network of ours: under our names, in our shapes, or an error that says all that does not fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from minicnn.errors import CheckpointError, MinicnnError, near, one_line, quoted
from minicnn.exchange.weights.file import KERAS, Translated, kind_of, read_weights
from minicnn.exchange.weights.flattened import reshaped
from minicnn.exchange.weights.names import NAMINGS, OWN, Naming, names_of
from minicnn.graph.names import shown
from minicnn.schema import parse

if TYPE_CHECKING:
    import numpy as np

    from minicnn.graph import Topology
    from minicnn.network import Graph

PREFIXES = ("module.", "_orig_mod.", "model.")  # of DataParallel, torch.compile, and a model kept in another
NOT_WEIGHTS = "num_batches_tracked"  # PyTorch's count of batches behind running statistics
SHOWN = 6  # names that a message lists of each kind
SUGGESTED = 3


class Loaded(NamedTuple):
    """What `Graph.load_weights` took, and from whom."""

    source: str
    library: str
    arrays: int
    notes: tuple[str, ...]

    def text(self) -> str:
        """As in "102 arrays under the names of torchvision; 62 arrays of float16 became float32"."""
        return "; ".join((f"{self.arrays} arrays under the names of {self.library}", *self.notes))


def load_weights(net: Graph, path: str | Path) -> Loaded:
    """Copy the weights of a file of others into a network, all or none; see `Graph.load_weights`."""
    found = translated(net.topology, net.name, path)
    check_fit(net.topology, net.name, found, str(path))
    net.adopt(found.arrays, str(path))
    return Loaded(str(path), found.library, len(found.arrays), found.notes)


def translated(topology: Topology, name: str, path: str | Path) -> Translated:
    """The arrays of a file under the names of a network, as far as they have any; a CheckpointError if the file cannot be read."""
    if kind_of(path) == KERAS:
        from minicnn.exchange.weights.keras_file import read_keras

        return read_keras(topology, name, Path(path))
    file = read_weights(path)
    weights = {each: array for each, array in file.arrays.items() if each.rpartition(".")[2] != NOT_WEIGHTS}
    weights, stripped = without_prefix(topology, weights)
    naming, names = best_naming(topology, weights)
    if name in naming.unlike:
        fitting, difference = naming.unlike[name]
        raise CheckpointError(
            f"{path} has names of {naming.library}, which has no {name}"
            f"\n  all its arrays would fit, but they were trained in {fitting}, {difference}\n  use {fitting}"
        )
    ours = {their: our for our, their in names.items()}
    left_out = [each for each in weights if each.startswith(naming.left_out or ("\0",))]
    shapes = {slot.name: slot.shape for slot in topology.slots}
    arrays, notes = {}, [] if stripped is None else [f"{stripped!r} before every name was left out"]
    if (written_for := network_named(file.metadata)) not in (None, name):
        notes.append(f"they were those of {quoted(written_for)}, which may compute with them otherwise than {name}")
    for theirs, array in weights.items():
        if theirs not in left_out:
            unknown = f"{theirs} (there)" if theirs in shapes else theirs  # what happens to be a name of ours as well
            our = ours.get(theirs, unknown)
            arrays[our] = reshaped(array, shapes.get(our))
    if left_out:
        notes.append(f"{len(left_out)} arrays of {' and '.join(each.rstrip('.') for each in naming.left_out)} were left out")
    arrays, converted = as_float32(arrays, str(path))
    return Translated(arrays, names, naming.library, (*notes, *converted))


def network_named(metadata: Mapping[str, str]) -> str | None:
    """The name of the network that a file of minicnn holds; None if it holds weights alone."""
    try:
        architecture = parse(metadata.get("architecture", ""), "its text")
    except MinicnnError:
        return None
    name = architecture.get("name") if isinstance(architecture, dict) else None
    return name if isinstance(name, str) else None


def without_prefix(topology: Topology, weights: Mapping[str, np.ndarray]) -> tuple[dict[str, np.ndarray], str | None]:
    """The arrays without what some wrappers put before every name."""
    stripped = ""
    known = {slot.name for slot in topology.slots}
    while (prefix := next((each for each in PREFIXES if weights and all(name.startswith(each) for name in weights)), None)) is not None:
        if known & set(weights):
            break
        weights = {name.removeprefix(prefix): array for name, array in weights.items()}
        stripped += prefix
    return dict(weights), stripped or None


def best_naming(topology: Topology, weights: Iterable[str]) -> tuple[Naming, dict[str, str]]:
    """The naming under which most names of a file are known, the earliest of several, and theirs by ours."""
    file = set(weights)
    fitting = [(naming, names) for naming in (OWN, *NAMINGS) if (names := names_of(topology, naming)) is not None]
    return max(fitting, key=lambda each: len(file.intersection(each[1].values())))


def as_float32(arrays: dict[str, np.ndarray], source: str) -> tuple[dict[str, np.ndarray], list[str]]:
    """The arrays as float32, and what is to be said about it."""
    import numpy as np

    others: dict[str, int] = {}
    for name, array in arrays.items():
        if array.dtype.kind != "f":
            raise CheckpointError(
                f"{source}: {one_line(name)} holds {array.dtype}, not floating-point numbers\n  quantized weights have no counterpart here"
            )
        if array.dtype != np.float32:
            others[str(array.dtype)] = others.get(str(array.dtype), 0) + 1
    with np.errstate(over="ignore"):
        wide = {name: np.ascontiguousarray(array, np.float32).reshape(array.shape) for name, array in arrays.items()}
    how = {"float16": "without loss", "float64": "rounded"}
    return wide, [f"{count} arrays of {kind} became float32, {how.get(kind, 'rounded')}" for kind, count in others.items()]


def check_fit(topology: Topology, name: str, found: Translated, source: str) -> None:
    """A CheckpointError that counts and names what is missing, unknown or of another shape."""
    shapes = {slot.name: slot.shape for slot in topology.slots}
    missing = [found.names[each] for each in shapes if each not in found.arrays]
    unknown = [each for each in found.arrays if each not in shapes]
    other = [each for each in shapes if each in found.arrays and found.arrays[each].shape != shapes[each]]
    if not (missing or unknown or other):
        return
    if len(missing) == len(shapes):
        raise CheckpointError(
            f"{source}: none of its {len(found.arrays)} arrays belongs to {name}"
            f"\n  there  {one_line(shown(sorted(unknown)))}\n  here   {shown(list(found.names.values()))}"
        )
    head = _other_classes(topology, found, other) if not (missing or unknown) else None
    if head is not None:
        raise CheckpointError(
            f"{source} was made for {head[0]} classes, but {name} is built for {head[1]}"
            f"\n  load it with --classes {head[0]}, or classes={head[0]} in Python"
            f"\n  to start with all but the last layer: minicnn train {name} --weights {source}"
        )
    counts = [f"{len(each)} {word}" for each, word in ((missing, "missing"), (unknown, "unknown"), (other, "of another shape")) if each]
    raise CheckpointError(
        f"{source} does not fit {name}: of {len(shapes)} arrays {', '.join(counts)}"
        + "".join(f"\n  missing  {_with_near(each, unknown)}" for each in missing[:SHOWN])
        + "".join(f"\n  unknown  {one_line(each)}" for each in unknown[:SHOWN])
        + "".join(f"\n  shape    {found.names[each]}: {found.arrays[each].shape} there, {shapes[each]} here" for each in other[:SHOWN])
        + (f"\n  and {rest} more" if (rest := sum(max(0, len(each) - SHOWN) for each in (missing, unknown, other))) else "")
        + f"\n  compared under the names of {found.library}"
    )


def _with_near(name: str, unknown: list[str]) -> str:
    close = near(name, unknown, SUGGESTED)
    return name + (f": did you mean {' or '.join(map(one_line, close))}?" if close else "")


def _other_classes(topology: Topology, found: Translated, other: list[str]) -> tuple[int, int] | None:
    """(classes there, classes here) if the last layer is all that differs, and differs in its outputs."""
    end = max(slot.node for slot in topology.slots)
    last = [slot for slot in topology.slots if slot.node == end]
    shapes = {slot.name: slot.shape for slot in last}
    if set(other) != set(shapes) or any(found.arrays[each].shape[1:] != shapes[each][1:] for each in other):
        return None
    there = {found.arrays[each].shape[:1] for each in other}
    return (there.pop()[0], last[0].shape[0]) if len(there) == 1 else None
