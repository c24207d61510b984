"""ONNX files: a network out, a network in.

    from minicnn.exchange.onnx import read_onnx, write_onnx

    write_onnx(net, "net.onnx")
    net = read_onnx("net.onnx")

The package `onnx` is needed for both: pip install 'minicnn[onnx]'.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minicnn.exchange.onnx.package import OPSET, need_onnx

if TYPE_CHECKING:
    from minicnn.network import Graph

__all__ = ["OPSET", "read_onnx", "write_onnx"]


def write_onnx(network: Graph, path: str | Path, *, preparation: bool = False, opset: int = OPSET) -> None:
    """Write a network as an ONNX file: inference mode, any number of images at a time.

        write_onnx(net, "net.onnx")
        session = onnxruntime.InferenceSession("net.onnx")
        (logits,) = session.run(None, {"input": x})

    Initializers have the names of `net.parameters` and `net.buffers`, and hold the same arrays; what a layer makes of them (filters
    turned round, filters of every position) is made by nodes.  Dropout leaves no node.  Axes of the input that are free stay free.
    The file's metadata are those of `net.save`: architecture, preparation, names of classes.

    Parameters
    ----------
    network : Graph
    path : str or Path
    preparation : bool
        Whether images are prepared by nodes of the graph.  Its input then takes images as the data set holds them, in the network's size:
        uint8 where the network was trained on uint8, else float32.
    opset : int
        Version of ONNX's operators.

    Raises
    ------
    GraphError
        If a layer has no counterpart: what it does depends on the size of the input, which is free, or it is one of your own.
    SettingError
        If `onnx` is not installed, the opset is not one of those tested, or there is no preparation because the network was not trained.
    CheckpointError
        If the file cannot be written, or would be larger than ONNX allows.

    Sources
    -------
    ONNX, "Operator Schemas", and "Open Neural Network Exchange Intermediate Representation (ONNX IR) Specification".
    """
    need_onnx("write_onnx")
    from minicnn.exchange.onnx.file import write
    from minicnn.exchange.onnx.model import model_of

    write(model_of(network, preparation, opset), path)


def read_onnx(path: str | Path, *, input_shape: Sequence[int | None] | None = None, custom_objects: Sequence[Any] = ()) -> Graph:
    """Read an ONNX file as a network that can be used, looked at and trained on.

        net = read_onnx("resnet18.onnx")
        net.forward(x)

    What `write_onnx` wrote comes back as the network that it was, with preparation and names of classes, unless the graph was changed since.
    From other files nodes become layers one by one: constants are computed, Flatten, Reshape and the like of maps are one layer, Identity and
    Dropout none, a Pad belongs to the convolution behind it, a sum with a constant to the weights before it.  Layers are called after their
    weights in the file.

    Parameters
    ----------
    path : str or Path
    input_shape : (C, *space), optional
        Of one image, where the file leaves it open.
    custom_objects : classes and functions
        As for `minicnn.load`.

    Raises
    ------
    GraphError
        If nodes have no counterpart: all their kinds, and where they stand.
    CheckpointError
        If the file is missing, cut, no ONNX file, or has arrays that cannot be read.
    """
    need_onnx("read_onnx")
    from minicnn.exchange.onnx.file import read
    from minicnn.exchange.onnx.network import network_of

    return network_of(read(path), Path(path), input_shape, custom_objects)
