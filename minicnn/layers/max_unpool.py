"""Max unpooling: every value goes back to where a max pooling before it found its maximum; the rest is zero.

    y[n,c,h,w] = x[n,c,p,q] where the winner of window (p, q) of that pooling lay at (h, w), else 0

    Sequential(Conv2D(8, 3, padding=1), MaxPool2D(2, name="pool1"), Conv2D(8, 3, padding=1), MaxUnpool2D("pool1"))

Badrinarayanan, Kendall, Cipolla, "SegNet: A Deep Convolutional Encoder-Decoder Architecture for Image Segmentation", 2017, section 3 and
figure 3.  The winners are found again in the map that was pooled: only maps go from layer to layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from minicnn.errors import GraphError, SettingError, ShapeError
from minicnn.geometry import shape_text
from minicnn.layers.base import NAME_PATTERN, Block, Layer, Shape, Value, Wiring
from minicnn.layers.max_pool import MaxPool


@dataclass(frozen=True, repr=False)
class MaxUnpool(Block, registered=False):
    """The inverse of a MaxPool layer that has a name; use MaxUnpool1D, MaxUnpool2D or MaxUnpool3D.

    pool : the name of that layer, which comes before this one, in the same named block or around it
        The input has the shape that its output has, as far as channels go too; the output has the shape of its input.
    """

    axis_count: ClassVar[int]

    pool: str

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (isinstance(self.pool, str) and NAME_PATTERN.fullmatch(self.pool)):
            raise SettingError(
                f"{self.where()}: pool is {self.pool!r}, but must be the name of a max pooling"
                f"\n  write MaxPool{self.axis_count}D(..., name='pool1') and {type(self).__name__}('pool1')"
            )

    def wire(self, wiring: Wiring[Value], *values: Value) -> tuple[Value, ...]:
        layer, pooled = wiring.called(self.pool)
        if not isinstance(layer, MaxPool) or layer.axis_count != self.axis_count:
            raise GraphError(f"{self.where()}: {self.pool} is a {layer.kind()}, but must be a MaxPool{self.axis_count}D")
        return wiring.place(UnpoolWinners(layer), *values, *pooled)


@dataclass(frozen=True, repr=False)
class UnpoolWinners(Layer, registered=False):
    """Put the first input where the windows of `pool` find their largest numbers in the second."""

    stem, title = "unpool", "MaxUnpool"
    forward = "unpool_winners{n}d_forward"
    backward = ("unpool_winners{n}d_backward", "unpool_winners_backward_map")
    colour = "#dcefd2"
    field_varies = True

    pool: MaxPool

    def output_shapes(self, where: str, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        if len(inputs) != 2:
            raise ShapeError(f"{where} takes one input beside the map that was pooled, but gets {len(inputs) - 1}")
        (wanted,) = self.pool.output_shapes(where, inputs[1:])
        if inputs[0] != wanted:
            raise ShapeError(
                f"{where} needs an input of the shape that {self.pool.name} gives, {shape_text(wanted)}, but gets {shape_text(inputs[0])}"
            )
        return (inputs[1],)

    def loop_settings(self, inputs: tuple[Shape, ...]) -> dict[str, Any]:
        return self.pool.loop_settings(inputs[1:])

    def brief(self) -> tuple[str, ...]:
        return (f"winners of {self.pool.name}",)


class MaxUnpool1D(MaxUnpool):
    axis_count = 1


class MaxUnpool2D(MaxUnpool):
    axis_count = 2


class MaxUnpool3D(MaxUnpool):
    axis_count = 3
