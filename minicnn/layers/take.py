"""Parts of an image, and its axes in another order: numbers that only move.

    Take((0, 2), axis=1)      y[n,0] = x[n,0], y[n,1] = x[n,2]             two of the channels
    Permute((2, 3, 1))        y[n,p,q,c] = x[n,c,p,q]                      channels last

Axes are counted as in an array of images: 0 would be the images, 1 are the channels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from math import prod
from typing import Any

from minicnn.errors import SettingError, ShapeError
from minicnn.geometry import shape_text, whole_number
from minicnn.layers.base import Layer, Shape
from minicnn.layers.setting import one_input


class Moved(Layer, registered=False):
    """A layer whose every number is one of its input's; `places` says which."""

    forward = "take_forward"
    backward = "take_backward"
    field_varies = True

    def places(self, shape: Shape) -> Any:
        """For every number of the output, laid flat, its place in an input of this shape, laid flat."""
        raise NotImplementedError

    def loop_settings(self, inputs: tuple[Shape, ...]) -> dict[str, Any]:
        import numpy as np  # here, for a summary needs no places

        return {"places": np.ascontiguousarray(self.places(inputs[0]), np.int64).ravel()}


@dataclass(frozen=True, repr=False)
class Take(Moved):
    """Some places of an axis, in any order, one several times: numpy.take(x, places, axis).

    taken : where along the axis, counted from 0
    axis : 1 the channels, 2 and on the axes of a map
    """

    stem = "take"

    taken: tuple[int, ...]
    _: KW_ONLY
    axis: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        where, given = self.where(), self.taken
        if not isinstance(given, Sequence) or isinstance(given, str) or not given:
            raise SettingError(f"{where}: taken is {given!r}, but must be at least one place, as in (0, 2)")
        self.store(
            taken=tuple(whole_number(where, "taken", each, least=0) for each in given),
            axis=whole_number(where, "axis", self.axis, least=1),
        )

    def output_shapes(self, where: str, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        shape = one_input(where, inputs)
        if self.axis > len(shape) or max(self.taken) >= shape[self.axis - 1]:
            raise ShapeError(f"{where} takes place {max(self.taken)} of axis {self.axis}, but gets {shape_text(shape)}")
        return ((*shape[: self.axis - 1], len(self.taken), *shape[self.axis :]),)

    def places(self, shape: Shape) -> Any:
        import numpy as np

        return np.arange(prod(shape)).reshape(shape).take(self.taken, self.axis - 1)

    def brief(self) -> tuple[str, ...]:
        return (f"{len(self.taken)} of axis {self.axis}",)


@dataclass(frozen=True, repr=False)
class Permute(Moved):
    """The axes of an image in another order: axis i of the output is axis order[i - 1] of the input.

    order : the axes, from 1 on, each once
    shape : what the image is seen as, of any number of axes; the output is then flat features.  None: its own shape

    Permute((3, 4, 2, 5, 1), shape=(2, 2, 3, 4, 4)) goes before Reshape: as a depth to space or a shuffle of channels.
    """

    stem = "permute"

    order: tuple[int, ...]
    _: KW_ONLY
    shape: Shape | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        where = self.where()
        for name in ("order", "shape"):
            given = getattr(self, name)
            if not isinstance(given, tuple | list) and not (given is None and name == "shape"):
                raise SettingError(f"{where}: {name} is {given!r}, but must be a list of whole numbers")
            self.store(**{name: given if given is None else tuple(whole_number(where, name, each, least=1) for each in given)})
        if sorted(self.order) != list(range(1, 1 + len(self.order))):
            raise SettingError(f"{where}: order is {self.order}, but must have each axis from 1 on once, as in (2, 3, 1)")

    def output_shapes(self, where: str, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        given = one_input(where, inputs)
        seen = given if self.shape is None else self.shape
        if len(seen) != len(self.order) or prod(seen) != prod(given):
            as_what = "" if self.shape is None else f", seen as {shape_text(self.shape)}"
            raise ShapeError(f"{where} orders {len(self.order)} axes, but gets {shape_text(given)}{as_what}")
        return (tuple(seen[axis - 1] for axis in self.order) if self.shape is None else (prod(seen),),)

    def places(self, shape: Shape) -> Any:
        import numpy as np

        seen = shape if self.shape is None else self.shape
        return np.arange(prod(seen)).reshape(seen).transpose([axis - 1 for axis in self.order])

    def brief(self) -> tuple[str, ...]:
        return (f"axes {', '.join(map(str, self.order))}",)
