"""ONNX's own test cases as networks: the node tests of operators that the engine has layers for, and the models converted from PyTorch.

A case is a model, its inputs, and what must come out.  Inputs other than the images become constants of the model.  Where a case has no
axis of images (a softmax over the first of three axes, a sum of rows), all arrays get one in front.  Each output is asked for by itself.
"""

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnx.backend.test.case import node as node_cases

from minicnn.errors import MinicnnError
from minicnn.exchange.onnx import read_onnx
from minicnn.losses import SoftmaxCrossEntropy

NODE_TESTS = (  # modules of onnx.backend.test.case.node
    *(
        "add",
        "averagepool",
        "batch_normalization",
        "clip",
        "concat",
        "conv",
        "convtranspose",
        "depthtospace",
        "dropout",
        "flatten",
        "gather",
    ),
    *("gemm", "globalaveragepool", "globalmaxpool", "groupnormalization", "identity", "instance_normalization", "layernormalization"),
    *(
        "leakyrelu",
        "logsoftmax",
        "lppool",
        "lrn",
        "matmul",
        "max",
        "maxpool",
        "maxunpool",
        "mean",
        "min",
        "mul",
        "neg",
        "pad",
        "prelu",
        "relu",
    ),
    *(
        "reducel2",
        "reducemax",
        "reducemean",
        "reducesum",
        "reshape",
        "resize",
        "sigmoid",
        "slice",
        "softmax",
        "softmax_cross_entropy_loss",
        "spacetodepth",
        "split",
        "squeeze",
        "sub",
        "sum",
        "tanh",
    ),
    *("transpose", "unsqueeze", "upsample", "negativeloglikelihoodloss"),
)
CONVERTED = ("pytorch-converted", "pytorch-operator")  # folders of onnx/backend/test/data
IN_FRONT = {  # operators that mean the same with an axis in front
    *(
        "Add",
        "Clip",
        "Concat",
        "Identity",
        "LeakyRelu",
        "LogSoftmax",
        "LayerNormalization",
        "Max",
        "Mean",
        "Min",
        "Mul",
        "Neg",
        "PRelu",
        "Relu",
    ),
    *(
        "Sigmoid",
        "Softmax",
        "Split",
        "Sub",
        "Sum",
        "Tanh",
        "Transpose",
        "Gather",
        "Slice",
        "Squeeze",
        "Unsqueeze",
        "Pad",
        "Dropout",
        "Reshape",
    ),
}
POINTWISE = {"Neg", "Sigmoid", "Tanh"}
JOINING = {"Add", "Concat", "Max", "Mean", "Min", "Mul", "Sub", "Sum"}  # of several images
BY_PRODUCTS = {"Dropout", "LayerNormalization", "MaxPool"}  # of masks, statistics and places that come out beside, nothing is asked
FIRST_AXIS = {"Softmax": -1, "LogSoftmax": -1, "Split": 0, "Gather": 0, "LayerNormalization": -1}  # where none is given


class NotAnImageError(Exception):
    """A case whose inputs or outputs are no arrays of floats."""


class Case(NamedTuple):
    name: str
    model: onnx.ModelProto
    inputs: list[np.ndarray]
    outputs: list[np.ndarray]
    rtol: float
    atol: float

    @property
    def operator(self) -> str:
        return self.model.graph.node[0].op_type


def node_tests() -> Iterator[Case]:
    """Cases of single nodes; those of an operator written out in others are left out."""
    with np.errstate(all="ignore"):  # some divide by zero while they are made
        for module in NODE_TESTS:  # all modules, as collect_testcases has them, take four seconds
            importlib.import_module(f"onnx.backend.test.case.node.{module}")
    for case in node_cases._NodeTestCases:
        if len(case.model.graph.node) == 1 and not case.name.endswith(("_expanded", "_expanded_ver18")):
            (inputs, outputs), *_ = case.data_sets
            yield Case(case.name, case.model, list(inputs), list(outputs), case.rtol, case.atol)


def converted_models() -> Iterator[Case]:
    """Models that PyTorch wrote, with its outputs."""
    for kind in CONVERTED:
        for folder in sorted((Path(onnx.__file__).parent / "backend/test/data" / kind).iterdir()):
            data = folder / "test_data_set_0"
            given = [[tensor(data / f"{what}_{n}.pb") for n in range(len(list(data.glob(f"{what}_*"))))] for what in ("input", "output")]
            yield Case(folder.name, onnx.load(folder / "model.onnx"), *given, 1e-3, 1e-7)


def tensor(path: Path) -> np.ndarray:
    return numpy_helper.to_array(onnx.TensorProto.FromString(path.read_bytes()))


def conforms(case: Case, path: Path) -> None:
    """Raise the error that refuses a case, or an AssertionError if something else comes out."""
    if case.operator == "SoftmaxCrossEntropyLoss":
        return check_loss(case)
    if any(not isinstance(each, np.ndarray) or (each.dtype.kind != "f") for each in (case.inputs[0], case.outputs[0])):
        raise NotAnImageError(f"{case.name} is of {[getattr(each, 'dtype', type(each)) for each in (case.inputs[0], case.outputs[0])]}")
    kinds = {node.op_type for node in case.model.graph.node}
    several = len(case.inputs) > 1 and kinds <= JOINING | POINTWISE and all(each.dtype.kind == "f" for each in case.inputs)
    if several and (len({each.shape for each in case.inputs}) == 1 or case.operator == "Concat"):
        return check(side_by_side(with_images(case)), path)
    try:
        check(case, path)
    except MinicnnError:
        if not kinds <= (IN_FRONT if len(case.model.graph.node) == 1 else JOINING | POINTWISE):
            raise
        check(with_images(case), path)


def check(case: Case, path: Path) -> None:
    for index, want in enumerate(case.outputs[:1] if case.operator in BY_PRODUCTS else case.outputs):
        onnx.save(alone(case, index), path)
        net = read_onnx(path)
        y = net.forward(case.inputs[0] if case.inputs[0].dtype == np.float64 else case.inputs[0].astype(np.float32))
        assert y.shape == want.shape
        assert np.allclose(y, want, case.rtol, max(case.atol, 1e-6))


def alone(case: Case, output: int) -> onnx.ModelProto:
    """The model with one output, and constants in place of all inputs but the first."""
    model = copied(case.model)
    graph = model.graph
    known = {each.name for each in graph.initializer}
    names = [each.name for each in graph.input if each.name not in known]
    for name, array in zip(names[1:], case.inputs[1:], strict=True):
        graph.initializer.append(numpy_helper.from_array(np.asarray(array), name))
    chosen = graph.output[output]
    del graph.output[:]
    graph.output.append(chosen)
    return model


def copied(model: onnx.ModelProto) -> onnx.ModelProto:
    found = onnx.ModelProto()
    found.CopyFrom(model)
    return found


def with_images(case: Case) -> Case:
    """The case with an axis in front of all arrays, and the operator's own axes counted from it."""
    model, inputs = copied(case.model), [case.inputs[0][None], *case.inputs[1:]]
    node = model.graph.node[0]
    given = {each.name: helper.get_attribute_value(each) for each in node.attribute}
    rank = np.ndim(case.inputs[0])
    if node.op_type in FIRST_AXIS or "axis" in given:
        given["axis"] = given.get("axis", FIRST_AXIS.get(node.op_type, 0)) % rank + 1
    if node.op_type == "Transpose":
        given["perm"] = [0, *(axis + 1 for axis in given.get("perm", reversed(range(rank))))]
    if node.op_type in JOINING:
        inputs = [each.reshape(1, *(1,) * (rank - each.ndim), *each.shape) for each in case.inputs]
    if node.op_type == "Slice":
        inputs[3:4] = [after_images(inputs[3] if len(inputs) > 3 else np.arange(len(inputs[1])))]
        if len(node.input) == 3:
            node.input.append("axes")
            model.graph.input.append(helper.make_tensor_value_info("axes", onnx.TensorProto.INT64, None))
    if node.op_type in ("Squeeze", "Unsqueeze") and len(inputs) > 1:
        inputs[1] = after_images(inputs[1])
    if node.op_type == "Reshape":
        inputs[1] = np.array([1, *inputs[1]])
    if node.op_type == "Pad" and len(inputs) == 4:
        inputs[3] = after_images(inputs[3])
    elif node.op_type == "Pad":
        before, after = np.split(inputs[1], 2)
        inputs[1] = np.array([0, *before, 0, *after])
    del node.attribute[:]
    node.attribute.extend(helper.make_attribute(name, value) for name, value in given.items())
    for info in (*model.graph.input, *model.graph.output):
        info.type.tensor_type.ClearField("shape")
    sizes(model.graph.input[0], inputs[0].shape)
    return case._replace(model=model, inputs=inputs, outputs=[each[None] for each in case.outputs])


def after_images(axes: np.ndarray) -> np.ndarray:
    return np.where(axes < 0, axes, axes + 1)


def sizes(info: onnx.ValueInfoProto, shape: tuple[int, ...]) -> None:
    del info.type.tensor_type.shape.dim[:]
    for size in shape:
        info.type.tensor_type.shape.dim.add().dim_value = size


def side_by_side(case: Case) -> Case:
    """A case of several images as one of a single image that holds them all, taken apart by nodes before the case's own."""
    model, graph = copied(case.model), onnx.GraphProto()
    names = [each.name for each in model.graph.input]
    graph.CopyFrom(model.graph)
    del graph.node[:], graph.input[:]
    graph.input.append(helper.make_tensor_value_info("images", onnx.TensorProto.FLOAT, [1, sum(each.size for each in case.inputs)]))
    counts = [each.size for each in case.inputs]
    graph.initializer.append(numpy_helper.from_array(np.array(counts), "counts"))
    graph.node.append(helper.make_node("Split", ["images", "counts"], [f"{name}_flat" for name in names], axis=1))
    for name, array in zip(names, case.inputs, strict=True):
        graph.initializer.append(numpy_helper.from_array(np.array(array.shape), f"{name}_shape"))
        graph.node.append(helper.make_node("Reshape", [f"{name}_flat", f"{name}_shape"], [name]))
    graph.node.extend(model.graph.node)
    model.graph.CopyFrom(graph)
    return case._replace(model=model, inputs=[np.concatenate([each.reshape(1, -1) for each in case.inputs], axis=1)])


def check_loss(case: Case) -> None:
    """By minicnn.losses: a reduction of "none" is the loss of every image, positions of a map being images."""
    attributes = {each.name: helper.get_attribute_value(each) for each in case.model.graph.node[0].attribute}
    reduction, ignored = attributes["reduction"].decode(), attributes.get("ignore_index")
    y, labels, *weights = case.inputs
    settings = {"class_weights": tuple(map(float, weights[0])) if weights else None, "ignore_index": ignored}
    if reduction == "none":
        rows = np.ascontiguousarray(np.moveaxis(y, 1, -1)).reshape(-1, y.shape[1])
        got = SoftmaxCrossEntropy(**settings).per_image(rows, labels.reshape(-1).astype(np.int64)).reshape(labels.shape)
    else:
        got = SoftmaxCrossEntropy(**settings, reduction=reduction).value(y, labels.astype(np.int64))
    assert np.allclose(got, case.outputs[0], case.rtol, 1e-6)
