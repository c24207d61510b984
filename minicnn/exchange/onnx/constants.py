"""Nodes that work on constants alone: they are computed while a file is read, and leave nothing in the network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from minicnn.errors import GraphError
from minicnn.exchange.onnx.operators import Operator

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_NUMBERS = 2**28  # that all folded nodes of a file may make together: 1 GiB of float32
SCALARS = ("value_float", "value_int", "value_floats", "value_ints")


class Folding:
    """Computes nodes of constants, as long as they make no more numbers than a file may."""

    def __init__(self) -> None:
        self._made = 0

    def __call__(self, operator: Operator) -> NDArray[Any]:
        return np.asarray(FOLDS[operator.kind](self, operator))

    def room(self, shape: Sequence[int]) -> None:
        """Count the numbers of an array before it is made."""
        self._made += prod(max(0, int(size)) for size in shape)
        if self._made > MOST_NUMBERS:
            raise GraphError(f"it would make an array of {' x '.join(map(str, shape))}, more than a file's constants may hold")


def constant(folding: Folding, operator: Operator) -> NDArray[Any]:
    for name, value in operator.attributes.items():
        if name == "value" and isinstance(value, TensorProto):
            return numpy_helper.to_array(value)
        if name in SCALARS:
            return np.asarray(value, np.float32 if "float" in name else np.int64)
    raise GraphError("it holds no numbers")


def constant_of_shape(folding: Folding, operator: Operator) -> NDArray[Any]:
    shape = _sizes(operator, 0)
    folding.room(shape)
    given = operator.attributes.get("value")
    return np.full(shape, numpy_helper.to_array(given).ravel()[0] if isinstance(given, TensorProto) else np.float32(0))


def expand(folding: Folding, operator: Operator) -> NDArray[Any]:
    x = operator.constant(0, "array")
    shape = np.broadcast_shapes(x.shape, _sizes(operator, 1))
    folding.room(shape)
    return np.broadcast_to(x, shape).copy()


def tile(folding: Folding, operator: Operator) -> NDArray[Any]:
    x, times = operator.constant(0, "array"), _sizes(operator, 1)
    folding.room([size * time for size, time in zip(x.shape, times, strict=True)])
    return np.tile(x, times)


def numbers_from_to(folding: Folding, operator: Operator) -> NDArray[Any]:
    bounds: list[Any] = [operator.constant(index, "bound").item() for index in range(3)]
    first, end, step = bounds
    folding.room([max(0, int((end - first) / step) + 1)])
    return np.arange(first, end, step).astype(operator.constant(0, "bound").dtype)


def gather(folding: Folding, operator: Operator) -> NDArray[Any]:
    x, places, axis = operator.constant(0, "array"), operator.constant(1, "indices"), operator.integer("axis", 0)
    folding.room([*np.delete(x.shape, axis), *places.shape])
    return np.take(x, places, axis=axis)


def reshape(folding: Folding, operator: Operator) -> NDArray[Any]:
    x, shape = operator.constant(0, "array"), _sizes(operator, 1)
    return x.reshape([x.shape[axis] if size == 0 and not operator.flag("allowzero") else size for axis, size in enumerate(shape)])


def transpose(folding: Folding, operator: Operator) -> NDArray[Any]:
    return operator.constant(0, "array").transpose(operator.integers("perm"))


def unsqueeze(folding: Folding, operator: Operator) -> NDArray[Any]:
    return np.expand_dims(operator.constant(0, "array"), axes_of(operator) or ())


def squeeze(folding: Folding, operator: Operator) -> NDArray[Any]:
    return np.squeeze(operator.constant(0, "array"), axes_of(operator))


def flatten(folding: Folding, operator: Operator) -> NDArray[Any]:
    x, axis = operator.constant(0, "array"), operator.integer("axis", 1)
    return x.reshape(prod(x.shape[:axis]), -1)


def cast(folding: Folding, operator: Operator) -> NDArray[Any]:
    return operator.constant(0, "array").astype(helper.tensor_dtype_to_np_dtype(operator.integer("to", 1)))


def concat(folding: Folding, operator: Operator) -> NDArray[Any]:
    arrays = [operator.constant(index, "array") for index in range(len(operator.inputs))]
    folding.room([sum(array.size for array in arrays)])
    return np.concatenate(arrays, operator.integer("axis", 0))


def slice_of(folding: Folding, operator: Operator) -> NDArray[Any]:
    x = operator.constant(0, "array")
    return x[cuts_of(operator, x.shape)]


def shape(folding: Folding, operator: Operator) -> NDArray[Any]:
    given = operator.constant(0, "array")
    sizes = given if operator.input_names == () else np.array(given.shape, np.int64)
    return sizes[operator.attributes.get("start", 0) : operator.attributes.get("end")].astype(np.int64)


def size(folding: Folding, operator: Operator) -> NDArray[Any]:
    return np.array(operator.constant(0, "array").size)


def same(folding: Folding, operator: Operator) -> NDArray[Any]:
    return operator.constant(0, "array")


def elementwise(function: Callable[..., Any]) -> Callable[[Folding, Operator], NDArray[Any]]:
    def computed(folding: Folding, operator: Operator) -> NDArray[Any]:
        arrays = [operator.constant(index, "array") for index in range(len(operator.inputs))]
        folding.room(np.broadcast_shapes(*(array.shape for array in arrays)))
        with np.errstate(all="ignore"):
            return np.asarray(function(*arrays)).astype(arrays[0].dtype)

    return computed


def divided(x: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
    """Whole numbers are divided towards zero."""
    return np.trunc(x / y) if x.dtype.kind in "iu" else x / y


def axes_of(operator: Operator) -> tuple[int, ...] | None:
    """Axes, an attribute in old files and an input in others; None if all that fit are meant."""
    if operator.get(1) is not None:
        return tuple(operator.constant(1, "axes").tolist())
    return operator.integers("axes")


def cuts_of(operator: Operator, shape: Sequence[int]) -> tuple[slice, ...]:
    """The slices of a Slice, one for each axis."""
    names = ("starts", "ends", "axes", "steps")
    if operator.opset < 10:
        starts, ends, axes, steps = (operator.integers(name) for name in names)
    else:
        given = [None if operator.get(index) is None else operator.constant(index, name).tolist() for index, name in enumerate(names, 1)]
        starts, ends, axes, steps = given
    cuts = [slice(None)] * len(shape)
    for place, (start, end) in enumerate(zip(starts or (), ends or (), strict=True)):
        axis = place if axes is None else axes[place]
        step = 1 if steps is None else steps[place]
        cuts[axis] = slice(start, None if step < 0 and end < -shape[axis] else end, step)
    return tuple(cuts)


def _sizes(operator: Operator, index: int) -> tuple[int, ...]:
    """A shape given as an input."""
    given: Any = operator.constant(index, "shape") if operator.get(index) is not None else operator.integers("shape", ())
    return tuple(int(each) for each in np.ravel(given))


FOLDS: dict[str, Callable[[Folding, Operator], NDArray[Any]]] = {
    "Constant": constant,
    "ConstantOfShape": constant_of_shape,
    "Expand": expand,
    "Tile": tile,
    "Range": numbers_from_to,
    "Gather": gather,
    "Reshape": reshape,
    "Transpose": transpose,
    "Unsqueeze": unsqueeze,
    "Squeeze": squeeze,
    "Flatten": flatten,
    "Cast": cast,
    "Concat": concat,
    "Slice": slice_of,
    "Shape": shape,
    "Size": size,
    "Identity": same,
    "Dropout": same,
    "Add": elementwise(np.add),
    "Sub": elementwise(np.subtract),
    "Mul": elementwise(np.multiply),
    "Div": elementwise(divided),
    "Neg": elementwise(np.negative),
    "Sqrt": elementwise(np.sqrt),
    "Exp": elementwise(np.exp),
    "Floor": elementwise(np.floor),
    "Ceil": elementwise(np.ceil),
}
