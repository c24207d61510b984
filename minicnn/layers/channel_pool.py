"""Pooling across channels: `size` consecutive channels become one, position by position.  With the maximum this is maxout.

    "max"  y[n,m,p,q] = max over c of x[n,c,p,q]                          where  m*size <= c < (m+1)*size
    "avg"  the mean of the same channels            "l2"  the root of the sum of their squares

Goodfellow, Warde-Farley, Mirza, Courville, Bengio, "Maxout Networks", 2013, section 3; Goodfellow, Bengio, Courville, "Deep Learning",
2016, figure 9.9.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

from minicnn.errors import SettingError, ShapeError, suggestion
from minicnn.geometry import whole_number
from minicnn.layers.base import Layer, Loops, Shape
from minicnn.layers.setting import divisors_text, one_input

MODES = ("max", "avg", "l2")


@dataclass(frozen=True, repr=False)
class ChannelPool(Layer):
    """(C, *space) -> (C / size, *space); flat features count as channels, so that Linear(20), ChannelPool(2) is a maxout layer.

    size : channels that become one
    mode : "max", "avg" or "l2"
    """

    stem = "pool"
    colour = "#dcefd2"

    size: int
    _: KW_ONLY
    mode: str = "max"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.mode not in MODES:
            raise SettingError(f"{self.where()}: mode {self.mode!r} is not one of {', '.join(MODES)}{suggestion(self.mode, MODES)}")
        self.store(size=whole_number(self.where(), "size", self.size, least=1))

    @property
    def keeps(self) -> tuple[str, ...]:  # type: ignore[override]
        return ("indices",) if self.mode == "max" else ()

    def loops(self) -> Loops:
        name = f"channel_{self.mode}_pool"
        return Loops(f"{name}_forward", (f"{name}_backward",))

    def output_shapes(self, where: str, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        channels, *space = one_input(where, inputs)
        if channels % self.size:
            raise ShapeError(
                f"{where} pools {self.size} channels into one, but gets {channels}"
                f"\n  use a size of {divisors_text(channels)}, or a multiple of {self.size} channels"
            )
        return ((channels // self.size, *space),)

    def brief(self) -> tuple[str, ...]:
        return (f"size {self.size}", self.mode)

    def size_steps(self, inputs: tuple[Shape, ...]) -> str:
        return f"{inputs[0][0]}/{self.size} = {inputs[0][0] // self.size} channels"
