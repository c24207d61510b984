"""A network as an ONNX model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper

import minicnn
from minicnn.errors import GraphError, SettingError
from minicnn.exchange.onnx.package import checked_opset
from minicnn.exchange.onnx.sheet import Sheet
from minicnn.exchange.onnx.written import written
from minicnn.graph import INPUT, Topology, ValueRef
from minicnn.preparation import BYTES

if TYPE_CHECKING:
    from minicnn.layers import Shape
    from minicnn.network import Graph
    from minicnn.preparation import Preparation

IN_LETTERS, OUT_LETTERS = ("N", "C", "D", "H", "W"), ("N", "K", "O", "P", "Q")


def model_of(network: Graph, preparation: bool, opset: int) -> ModelProto:
    """The model that `write_onnx` writes."""
    prepared = _preparation(network) if preparation else None
    version = checked_opset("write_onnx", opset)
    topologies = network.topology.samples or (network.topology,)
    sheets = [_sheet(network, each, prepared, version) for each in topologies]
    _check_sizes(network, [sheet for sheet, _ in sheets])
    sheet, outputs = sheets[0]
    pixels = TensorProto.UINT8 if prepared and prepared.unit == BYTES else TensorProto.FLOAT
    graph = helper.make_graph(
        [node for nodes in sheet.nodes.values() for node in nodes],
        network.name,
        [_value("input", pixels, network.input_shape, IN_LETTERS)],
        [_value(name, TensorProto.FLOAT, shape, OUT_LETTERS) for name, shape in zip(outputs, network.topology.output_shapes, strict=True)],
        list(sheet.initializers.values()),
    )
    versions = [helper.make_opsetid("", version)]
    model = helper.make_model(
        graph,
        opset_imports=versions,
        ir_version=helper.find_min_ir_version_for(versions),
        producer_name="minicnn",
        producer_version=minicnn.__version__,
        doc_string=f"{network.name}: {network.topology.parameter_count:,} parameters",
    )
    helper.set_model_props(model, network.metadata())
    return model


def _preparation(network: Graph) -> Preparation:
    if network.preparation is None:
        raise SettingError(
            f"write_onnx: {network.name} was not trained by 'fit', so there is no preparation to write\n  leave preparation out"
        )
    return network.preparation


def _sheet(network: Graph, topology: Topology, preparation: Preparation | None, opset: int) -> tuple[Sheet, list[str]]:
    """All layers written, for one size of the input; and the names of what comes out."""
    sheet = Sheet(network.arrays, opset, free=None in network.input_shape)
    values = {INPUT: "input" if preparation is None else _prepared(sheet, preparation)}
    for node in topology.nodes:
        sheet.begin(node.name)
        values[ValueRef(node.index)] = written(node.layer, sheet, node, *(values[each] for each in node.inputs))
    names = ["output"] if len(topology.outputs) == 1 else [f"output{number}" for number in range(1, 1 + len(topology.outputs))]
    sheet.begin("output")
    for name, ref in zip(names, topology.outputs, strict=True):
        _rename(sheet, values[ref], name)
    return sheet, names


def _prepared(sheet: Sheet, preparation: Preparation) -> str:
    """pixel * scale + shift, channel by channel."""
    sheet.begin("preparation")
    ones = [1] * (len(preparation.input_shape) - 1)
    scale, shift = (np.reshape(each, (-1, *ones)) for each in (preparation.scale, preparation.shift))
    x = sheet.node("Cast", "input", to=TensorProto.FLOAT) if preparation.unit == BYTES else "input"
    return sheet.node("Add", sheet.node("Mul", x, sheet.constant("scale", scale)), sheet.constant("shift", shift))  # type: ignore[no-any-return]


def _rename(sheet: Sheet, value: str, name: str) -> None:
    """Call a value by the name of an output: where nothing else reads it, it is called so; else it is passed on."""
    nodes: list[NodeProto] = [node for written in sheet.nodes.values() for node in written]
    makers = [node for node in nodes if value in node.output]
    if not makers or any(value in node.input for node in nodes):
        nodes = sheet.nodes["output"]
        nodes.append(helper.make_node("Identity", [value], [name], name=name))
        return
    makers[0].output[list(makers[0].output).index(value)] = name


def _check_sizes(network: Graph, sheets: Sequence[Sheet]) -> None:
    """What is written for two sizes of a free input must be the same."""
    first = sheets[0]
    for other in sheets[1:]:
        for name, nodes in first.nodes.items():
            same = nodes == other.nodes[name] and all(
                first.initializers.get(each) == other.initializers.get(each) for node in nodes for each in node.input
            )
            if not same:
                layer = next(node for node in network.nodes if node.name == name).layer
                raise GraphError(
                    f"{name} ({layer.kind()!r}) is written in ONNX for one size of its input, but {network.name} leaves the size free"
                    f"\n  write it for a size: write_onnx(net.sized({tuple(size or 224 for size in network.input_shape)}), path)"
                )


def _value(name: str, kind: int, shape: Shape, letters: Sequence[str]) -> ValueInfoProto:
    """An input or output: any number of images, letters for what is free."""
    axes = (*letters[:2], *letters[len(letters) - len(shape) + 1 :])
    return helper.make_tensor_value_info(
        name, kind, ["N", *(letter if size is None else size for letter, size in zip(axes[1:], shape, strict=True))]
    )
