"""The arrays of a file, within it or beside it."""

from __future__ import annotations

import os
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import GraphProto, TensorProto, helper, numpy_helper

from minicnn.errors import CheckpointError, quoted

if TYPE_CHECKING:
    from numpy.typing import NDArray


def arrays_of(graph: GraphProto, path: Path) -> dict[str, NDArray[Any]]:
    """All initializers by name; those beside the file must lie in its folder.

    Raises
    ------
    CheckpointError
        If one cannot be read.
    """
    if graph.sparse_initializer:
        raise CheckpointError(f"{path} holds sparse arrays, which are not read")
    found: dict[str, NDArray[Any]] = {}
    for tensor in graph.initializer:
        try:
            found[tensor.name] = _beside(tensor, path) if tensor.data_location == TensorProto.EXTERNAL else numpy_helper.to_array(tensor)
        except (TypeError, ValueError, KeyError, OverflowError, MemoryError) as error:
            raise CheckpointError(f"{path}: its array {quoted(tensor.name)} cannot be read: {quoted(str(error))}") from error
    return found


def _beside(tensor: TensorProto, path: Path) -> NDArray[Any]:
    """An array in a file of its own, by a name within the model's folder."""
    given = {each.key: each.value for each in tensor.external_data}
    folder = os.path.realpath(path.parent)
    place = os.path.realpath(os.path.join(folder, given.get("location", "")))
    if os.path.commonpath([folder, place]) != folder or not os.path.isfile(place):
        raise CheckpointError(
            f"{path}: its array {quoted(tensor.name)} lies in {quoted(given.get('location'))}, which is not a file in its folder"
        )
    kind = np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type))
    count, offset = prod(tensor.dims), int(given.get("offset", 0))
    if min(tensor.dims, default=1) < 0 or offset < 0 or offset + count * kind.itemsize > os.path.getsize(place):
        raise CheckpointError(
            f"{path}: its array {quoted(tensor.name)} of {list(tensor.dims)} is longer than {quoted(given.get('location'))}"
        )
    return np.fromfile(place, kind, count, offset=offset).reshape(tensor.dims)
