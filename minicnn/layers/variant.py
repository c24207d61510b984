"""A convolution of one's own as a layer, from the function that says what every tap reads.

    y[n,k,p,q] = bias[k] + sum over c,r,s of x[n,channel,row,column] * weight[j]      where  channel, row, column, j = index_map(k,p,q,c,r,s)

See `minicnn.kernels.variant`, which is the same as a function.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from minicnn.errors import SettingError
from minicnn.geometry import shape_text
from minicnn.layers.base import Cost, Layer, ParameterSpec, Shape
from minicnn.layers.setting import flag, one_input, start, times

if TYPE_CHECKING:
    from minicnn.kernels.variants import Variant as Convolution


@dataclass(frozen=True, repr=False)
class Variant(Layer):
    """A convolution of one's own; parameters weight (as many as the map names, or of `weight_shape`) and bias (K,).

    A file of a network holds the name of the map, never its code: minicnn.load(path, custom_objects=[index_map]).

    index_map : function of whole numbers (k, p, q, c, r, s), see `minicnn.kernels.variant`
    output_shape : (K, *out)
    taps : (channels, *taps), how far c, r and s count
    weight_shape : the shape of the weights, counted in C order
    compiled : False for a map that Numba cannot compile
    init : what the weights start from, see `minicnn.initializers`
    """

    stem = "variant"
    colour = "#cfe3f7"
    kind_of_work = "convolution"
    field_varies = True

    index_map: Callable[..., Any]
    output_shape: tuple[int, ...]
    taps: tuple[int, ...]
    _: KW_ONLY
    weight_shape: tuple[int, ...] | None = None
    bias: bool = True
    compiled: bool = True
    init: str | None = None

    if TYPE_CHECKING:
        _known: dict[Shape, Convolution]

    def __post_init__(self) -> None:
        super().__post_init__()
        where = self.where()
        if not callable(self.index_map):
            raise SettingError(f"{where}: index_map is {self.index_map!r}, but must be a function")
        for name in ("output_shape", "taps", "weight_shape"):
            value = getattr(self, name)
            if not isinstance(value, list | tuple) and not (value is None and name == "weight_shape"):
                raise SettingError(f"{where}: {name} is {value!r}, but must be a shape")
            self.store(**{name: value if value is None else tuple(value)})
        self.store(
            bias=flag(where, "bias", self.bias), compiled=flag(where, "compiled", self.compiled), init=start(where, self.init), _known={}
        )

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_known": {}}  # tables are made again

    def convolution(self, input_shape: Shape) -> Convolution:
        """The same as functions, for inputs of this shape; the map is asked once."""
        from minicnn.kernels import variant

        if input_shape not in self._known:
            self._known[input_shape] = variant(
                self.index_map,
                input_shape=input_shape,
                output_shape=self.output_shape,
                taps=self.taps,
                weight_shape=self.weight_shape,
                compiled=self.compiled,
            )
        return self._known[input_shape]

    def output_shapes(self, where: str, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        return (self.convolution(one_input(where, inputs)).output_shape,)

    def parameters(self, inputs: tuple[Shape, ...]) -> tuple[ParameterSpec, ...]:
        own = self.convolution(inputs[0])
        fan_in = max(1, round(own.multiplication_count / prod(own.output_shape)))  # of an average output
        fan_out = max(1, round(own.multiplication_count / prod(inputs[0])))  # of an average input
        weight = ParameterSpec("weight", own.weight_shape, fan_in, init=self.init or "he", fan_out=fan_out)
        return (weight, ParameterSpec("bias", own.output_shape[:1], fan_in, init="zeros")) if self.bias else (weight,)

    def cost(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Cost:
        own = self.convolution(inputs[0])
        macs = own.multiplication_count
        formula = times(own.weight_shape) + (f" + {own.output_shape[0]}" if self.bias else "")
        return Cost(formula, macs=macs, connections=macs + self.bias * prod(own.output_shape))

    def brief(self) -> tuple[str, ...]:
        return (getattr(self.index_map, "__name__", "map"), f"taps {shape_text(self.taps)}")
