"""Read a network from the file that `Graph.save` wrote."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import minicnn
from minicnn.errors import CheckpointError, MinicnnError, one_line, quoted
from minicnn.exchange.weights import SAFETENSORS, kind_of, under_our_names
from minicnn.graph import fits
from minicnn.network import FORMAT, Graph
from minicnn.schema import parse
from minicnn.storage import load_arrays

if TYPE_CHECKING:
    from numpy.typing import NDArray

ONNX = ".onnx"


def load(path: str | Path, custom_objects: Sequence[Any] = ()) -> Graph:
    """The network that `Graph.save` wrote, with its preparation and the names of its classes.

    custom_objects : classes of layers, blocks and losses that the file may name, beside all those defined so far, and functions that they take;
        code is never read from a file

    Raises
    ------
    CheckpointError
        If the file is missing, cut, not a network of minicnn, or does not fit together.
    """
    kind, ending = kind_of(path), Path(path).suffix.lower()
    if (kind != SAFETENSORS and ending != ".safetensors") or ending == ONNX:
        network = "" if kind == SAFETENSORS else " --network NETWORK"
        raise CheckpointError(
            f"{path} is not a network of minicnn, but {'an ONNX file' if kind == SAFETENSORS else 'weights of others'}"
            f"\n  to use it like a run: minicnn convert {quote(str(path))} FOLDER{network}"
        )
    arrays, metadata = load_arrays(path)
    return from_arrays(arrays, metadata, str(path), custom_objects)


def from_arrays(arrays: dict[str, NDArray[Any]], metadata: dict[str, str], source: str, custom_objects: Sequence[Any] = ()) -> Graph:
    """The network in arrays and metadata already read from `source`."""
    if not metadata.get("format", "").startswith("minicnn network"):
        raise CheckpointError(f"{source} holds arrays, but not a network of minicnn: its metadata do not name one")
    if metadata["format"] != FORMAT:
        raise CheckpointError(
            f"{source} was written by minicnn {one_line(metadata.get('minicnn', '?'))} in the format"
            f" {quoted(metadata['format'])}, which this minicnn {minicnn.__version__} does not know"
        )
    try:
        net = Graph.from_architecture(parse(metadata.get("architecture", ""), "its text"), custom_objects)
    except (MinicnnError, RecursionError, OverflowError) as error:
        raise CheckpointError(f"{source}: its architecture cannot be read: {error}") from error
    if library := metadata.get("names"):
        arrays = under_our_names(net.topology, arrays, library, source)
    net.adopt(arrays, source)
    from minicnn.trained_on import TrainedOn

    known = net.trained_on = TrainedOn.from_metadata(metadata, source, custom_objects)
    named = known.loss.classes(net.topology.output_shapes[0]) if known and known.classes else 0
    if known and (len(known.classes) != named or not fits(known.preparation.input_shape, net.input_shape)):
        raise CheckpointError(f"{source}: its classes and preparation do not belong to its network")
    return net
