"""Any textbook loop as a step of a program: bound to its arrays by name, derived, compiled once, cached under a hash of its text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from minicnn.errors import SettingError, ShapeError
from minicnn.geometry import shape_text
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.kernels.cpu.program.program import Place, Program
from minicnn.kernels.derive.grammar import read
from minicnn.kernels.derive.lanes.images import GRADIENT, INTEGERS, LANES, NOTHING, PARAMETER, REAL, TABLE, WEIGHTS, WHOLE
from minicnn.kernels.derive.lanes.images_innermost import images_innermost
from minicnn.kernels.derive.lanes.step_text import derived_step


class ParameterArray(NamedTuple):
    """An array of the network's parameters or buffers, laid out as users see it."""

    offset: int
    shape: tuple[int, ...]


class GradientArray(NamedTuple):
    """Where the gradient of such a parameter goes: its place in the slot, into which shards add."""

    offset: int
    shape: tuple[int, ...]


class Table(NamedTuple):
    """Numbers that are the same for every image, such as places, or weights of classes: int64 or float64, kept with the program."""

    values: np.ndarray


class Integers(NamedTuple):
    """A value of whole numbers, such as the winners of max pooling: int32 in the lanes of an activation."""

    value: Activation


Bound = Activation | Integers | ParameterArray | GradientArray | Table | float | None

ROLES: dict[Any, str] = {
    Activation: LANES,
    Integers: INTEGERS,
    ParameterArray: PARAMETER,
    GradientArray: GRADIENT,
    Table: TABLE,
    float: REAL,
    int | np.integer | np.bool_: WHOLE,
    type(None): NOTHING,
}


def append_derived(program: Program, function: Callable[..., Any], owner: str = "", /, **arguments: Bound) -> None:
    """Append a textbook loop, images innermost.

    function : the loop, compiled or not
    owner : the layer whose own loop it is, so that nobody knows yet where values may lead it
    arguments : for each of its arguments
        an Activation (or Integers) for (N, ...), ParameterArray, GradientArray, Table, a number, or None for an array of zeros

    Raises
    ------
    SettingError
        If the loop cannot be a step; the message says why.
    ShapeError
        If an array has other axes than the loop's.
    """
    written = images_innermost(read(function), {name: role_of(name, value) for name, value in arguments.items()}, checks=bool(owner))
    axes = {array: 1 + (axis or 0) for _, array, axis in written.fields}  # the last field of an array is its last axis
    own: dict[str, Any] = {}
    for name, array, axis in written.fields:
        value = arguments[array]
        own[name] = _place(program, value) if axis is None else _shape(array, value, axes[array])[axis]
    (own[written.shard],) = {_activation(value).map.shard for value in arguments.values() if isinstance(value, Activation | Integers)}
    kinds = {name: float if isinstance(value, float) else int for name, value in own.items()}
    if written.checked:
        one = "" if len(written.checked) == 1 else "one of these places lies outside of its array\n  "
        outside = " lies outside of the array" if not one else ""
        program.faults[len(program.rows)] = (
            f"{owner}: {one}" + "\n  ".join(written.checked) + f"{outside}: the values of an image lead there"
            "\n  ask before: if 0 <= place < x.shape[1]: ..."
        )
    program.step(derived_step(function.__name__, written.text, tuple(kinds.items())), **own)


def role_of(name: str, value: Bound) -> str:
    """What an argument is to a step."""
    if isinstance(value, Table) and value.values.dtype.kind == "f":
        return WEIGHTS
    for kind, role in ROLES.items():
        if isinstance(value, kind):
            return role
    raise SettingError(f"{name} is {value!r}, but must be an array or a number")


def _activation(value: Any) -> Activation:
    return value.value if isinstance(value, Integers) else value


def _place(program: Program, value: Any) -> Place | float:
    if isinstance(value, ParameterArray | GradientArray):
        return value.offset
    if isinstance(value, Table):
        own = value.values
        return program.constant(own.astype(np.float64).view(np.int64) if own.dtype.kind == "f" else own)
    if isinstance(value, Activation | Integers):
        return _activation(value).place
    return value if isinstance(value, float) else int(value)


def _shape(name: str, value: Any, axes: int) -> tuple[int, ...]:
    """Sizes along the loop's axes: spatial axes run together where the loop has one (N, C, L), and channels too where it has (N, F)."""
    if isinstance(value, ParameterArray | GradientArray | Table):
        shape = value.values.shape if isinstance(value, Table) else value.shape
        known = {len(shape): shape}
    else:
        own = _activation(value).map
        if any(map(any, own.halo)):
            raise ShapeError(f"{name} lies in a halo, which a derived step does not know")
        shape, elements = (own.shard, own.channels, *own.sizes), own.channels * own.pixels
        known = {1: (own.shard,)} if elements == 1 else {}
        known |= {2: (own.shard, elements), 3: (own.shard, own.channels, own.pixels), len(shape): shape}
    if axes not in known:
        raise ShapeError(f"{name} is used with {axes} axes, but has the shape {shape_text(shape)}")
    return known[axes]
