"""Operators that move numbers to other places."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from minicnn import layers as L
from minicnn.errors import GraphError
from minicnn.exchange.onnx.constants import axes_of, cuts_of
from minicnn.exchange.onnx.operators import Operator, Value, axis_of, reads
from minicnn.exchange.onnx.readers.axes import permuted, taken

if TYPE_CHECKING:
    from minicnn.exchange.onnx.reading import Reading


@reads("Flatten")
def flatten(reading: Reading, operator: Operator) -> Value:
    x = operator.value()
    if operator.integer("axis", 1) not in (1, 1 - (1 + len(x.shape))):
        raise GraphError("it mixes the images' axis with others")
    return reading.reshaped(x, (prod(x.shape),))


@reads("Reshape")
def reshape(reading: Reading, operator: Operator) -> Value:
    """0 keeps an axis, -1 takes what is left."""
    x = operator.value()
    whole = (reading.batch, *x.shape)
    given = operator.integers("shape") if operator.opset < 5 else tuple(operator.constant(1, "shape").tolist())
    sizes = [whole[axis] if size == 0 and not operator.flag("allowzero") else size for axis, size in enumerate(given or ())]
    if -1 in sizes:
        known = -prod(sizes)
        sizes[sizes.index(-1)] = prod(whole) // known if known > 0 and prod(whole) % known == 0 else -1
    return _without_batch(reading, x, sizes)


def _without_batch(reading: Reading, x: Value, sizes: list[int]) -> Value:
    if not sizes or sizes[0] != reading.batch:
        raise GraphError("it mixes the images' axis with others")
    return reading.reshaped(x, tuple(sizes[1:]))


@reads("Squeeze")
def squeeze(reading: Reading, operator: Operator) -> Value:
    x = operator.value()
    axes = axes_of(operator)
    gone = {axis for axis, size in enumerate(x.shape, 1) if size == 1} if axes is None else {axis_of(axis, x) for axis in axes}
    return reading.reshaped(x, tuple(size for axis, size in enumerate(x.shape, 1) if axis not in gone)) if 0 not in gone else _refuse()


@reads("Unsqueeze")
def unsqueeze(reading: Reading, operator: Operator) -> Value:
    x, axes = operator.value(), axes_of(operator) or ()
    rank = 1 + len(x.shape) + len(axes)
    gained = {axis % rank for axis in axes}
    if 0 in gained:
        return _refuse()
    sizes = iter(x.shape)
    return reading.reshaped(x, tuple(1 if axis in gained else next(sizes) for axis in range(1, rank)))


def _refuse() -> Value:
    raise GraphError("it moves the images' axis")


@reads("Transpose")
def transpose(reading: Reading, operator: Operator) -> Value:
    x = operator.value()
    rank = 1 + len(x.shape)
    order = operator.integers("perm", tuple(reversed(range(rank)))) or ()
    if sorted(order) != list(range(rank)) or order[0] != 0:
        return _refuse()
    return permuted(reading, x, order[1:])


@reads("DepthToSpace", "SpaceToDepth")
def between_depth_and_space(reading: Reading, operator: Operator) -> Value:
    x, size = operator.value(), operator.integer("blocksize", 0)
    channels, rows, columns = x.shape
    first = operator.word("mode", "DCR") == "DCR"
    if operator.kind == "SpaceToDepth":
        seen = reading.reshaped(x, (channels, rows // size, size, columns // size, size))
        order = (3, 5, 1, 2, 4) if first else (1, 3, 5, 2, 4)
        return reading.reshaped(permuted(reading, seen, order), (channels * size**2, rows // size, columns // size))
    few = channels // size**2
    seen = reading.reshaped(x, (size, size, few, rows, columns) if first else (few, size, size, rows, columns))
    return reading.reshaped(permuted(reading, seen, (3, 4, 1, 5, 2) if first else (1, 4, 2, 5, 3)), (few, rows * size, columns * size))


@reads("Split")
def split(reading: Reading, operator: Operator) -> tuple[Value, ...]:
    x = operator.value()
    axis, count = axis_of(operator.integer("axis", 0), x), len(operator.used)
    if axis == 0:
        raise GraphError("it splits the images")
    given = operator.integers("split") if operator.get(1) is None else tuple(operator.constant(1, "sizes").tolist())
    size = x.shape[axis - 1]
    each = -(-size // count)
    sizes = given or [min(each, size - first) for first in range(0, size, each)]
    ends = [sum(sizes[: n + 1]) for n in range(len(sizes))]
    if ends[-1] != size or min(sizes) < 1:
        raise GraphError(f"it splits {size} into {list(sizes)}")
    return tuple(taken(reading, x, axis, range(end - own, end)) for own, end in zip(sizes, ends, strict=True))


@reads("Gather")
def gather(reading: Reading, operator: Operator) -> Value:
    x, places = operator.value(), operator.constant(1, "indices")
    axis = axis_of(operator.integer("axis", 0), x)
    if axis == 0:
        raise GraphError("it takes some of the images")
    size = x.shape[axis - 1]
    if places.size and not -size <= places.min() <= places.max() < size:
        raise GraphError(f"it takes places {places.min()} to {places.max()} of an axis of {size}")
    y = taken(reading, x, axis, [int(place) % size for place in places.ravel()])
    return reading.reshaped(y, (*x.shape[: axis - 1], *places.shape, *x.shape[axis:]))


@reads("Slice")
def cut(reading: Reading, operator: Operator) -> Value:
    """The middle of a map, or every so many pixels of it, as layers have it; else what is left of each axis."""
    x = operator.value()
    whole = (reading.batch, *x.shape)
    batch, channels, *space = (each.indices(size) for each, size in zip(cuts_of(operator, whole), whole, strict=True))
    if batch != (0, reading.batch, 1):
        raise GraphError("it cuts images off")
    if channels == (0, x.shape[0], 1) and space:
        steps, sizes = {step for _, _, step in space}, [end - first for first, end, _ in space]
        if sizes == list(x.shape[1:]) and len(steps) == 1 and min(steps) > 1:
            return reading.layer(L.PadShortcut(x.shape[0], stride=steps.pop()), x)
        middle = [(size - out) // 2 for size, out in zip(x.shape[1:], sizes, strict=True)]
        if steps == {1} and middle == [first for first, _, _ in space] and min(sizes) > 0 and sizes != list(x.shape[1:]):
            return reading.layer(L.Crop(tuple(sizes)), x)
    for axis, each in enumerate((channels, *space), 1):
        x = taken(reading, x, axis, range(*each))
    return x
