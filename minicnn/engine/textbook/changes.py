"""Images changed at random by the textbook loops, one after the other, on NumPy arrays: what the steps of a plan are compared with.

The same walk over the changes as in a plan (`minicnn.engine.changes`), on a machine that runs every loop at once.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from minicnn.engine.changes import Changing, append_changes
from minicnn.kernels import textbook
from minicnn.kernels.cpu.pointwise.lowering import Loading
from minicnn.kernels.derive import read
from minicnn.kernels.derive.checked import run_checked
from minicnn.kernels.derive.lanes.lowering import Integers, Table
from minicnn.kernels.random_bits import MASK
from minicnn.kernels.textbook.compile import uniform_bits


class Value(NamedTuple):
    """A value of every image: (N, ...) float32."""

    array: np.ndarray

    def channels(self, first: int, count: int) -> Value:
        """Some of its channels, in place."""
        return Value(self.array[:, first : first + count])

    def shaped(self, shape: tuple[int, ...]) -> Value:
        """The same numbers as values of this shape."""
        return Value(self.array.reshape(len(self.array), *shape))


class Images:
    """What takes the place of a planner, and of its machine: images, a batch's key, and how many images are a shard."""

    def __init__(self, images: np.ndarray, key: int, shard: int) -> None:
        self.images, self.key, self.shard = images, key, shard
        self.topology = SimpleNamespace(input_shape=images.shape[1:])
        self.program = self.machine = self

    def new(self, shape: tuple[int, ...]) -> Value:
        return Value(np.full((len(self.images), *shape), np.nan, np.float32))

    def load(self, _: Any, x: Value, loading: Loading) -> None:
        scale, shift = (np.float32(each).reshape(-1, *(1,) * (self.images.ndim - 2)) for each in (loading.scale, loading.shift))
        x.array[...] = self.images.astype(np.float32) * scale + shift

    def draw(self, _: Any, chance: Value, number: int) -> None:
        textbook.chance_forward(chance.array.reshape(len(self.images), -1), self._stirred(number), 0)

    def partner(self, _: Any, y: Value, x: Value, number: int) -> None:
        flat, other = (each.array.reshape(len(self.images), -1) for each in (x, y))
        textbook.partner_forward(other, flat, self._stirred(number), self.shard)

    def _stirred(self, number: int) -> int:
        return uniform_bits(self.key & MASK, self.key >> 32, number)

    def read(self, _: Any, y: Value, x: Value, place: Value, sizes: tuple[int, ...]) -> None:
        loop = textbook.read_linear3d_forward if len(sizes) == 3 else textbook.read_linear2d_forward
        self.loop(_, loop, y=y, x=x, place=place, **dict(zip(("layers", "rows", "columns")[-len(sizes) :], sizes, strict=True)))

    def loop(self, _: Any, function: Callable[..., None], owner: str = "", /, **arguments: Any) -> None:
        definition = read(function)
        own = [in_axes(arguments[name], definition.ranks.get(name, 0)) for name in definition.arguments]
        if owner:  # nobody knows yet where it goes
            run_checked(definition, own)
        else:
            function(*own)


def in_axes(value: Any, axes: int) -> Any:
    """An argument as a loop with so many axes for it takes it."""
    if isinstance(value, Table):
        return value.values
    value = value.value if isinstance(value, Integers) else value
    if not isinstance(value, Value):
        return value
    array = value.array
    return array.reshape(*array.shape[: axes - 1], -1) if axes and axes != array.ndim else array


def changed(images: np.ndarray, loading: Loading, key: int, shard: int | None = None) -> Changing:
    """Images (N, C, *space) as a batch that is loaded with this key: `image` of the result.

    shard : how many are in a group that images are mixed within; by default all
    """
    with np.errstate(all="ignore"):
        return append_changes(Images(images, key, shard or len(images)), loading)  # type: ignore[arg-type]
