"""Convolution along a connection table: every filter sees the maps that the table names for it.

    y[n,k,p,q] = bias[k] + sum over links l of k, and r,s, of x[n,table[l],h,w] * weight[l,r,s]
    where  h = p*stride + r*dilation - pad,   w = q*stride + s*dilation - pad

The links are numbered filter by filter, in the order of the table: weights that are not there take no place.

LeCun, Bottou, Bengio, Haffner, "Gradient-Based Learning Applied to Document Recognition", 1998, section II.B, layer C3 and table I.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from math import prod
from typing import Any

from minicnn.errors import SettingError, ShapeError
from minicnn.geometry import PaddingSetting, per_axis, whole_number
from minicnn.layers.base import Cost, ParameterSpec, Shape
from minicnn.layers.setting import PerAxis, axis_setting, flag, start, times
from minicnn.layers.windowed import Windowed


@dataclass(frozen=True, repr=False)
class TableConv2D(Windowed):
    """Convolution of images in which a filter sees some of the maps only.

    Parameters weight (links, R, S) and bias (K,).

    table : for every filter, the input maps it sees, counted from 0
    window, stride, padding, dilation, init : as for Conv2D
    """

    stem = "conv"
    forward = "table_conv2d_forward"
    backward = ("table_conv2d_backward_input", "table_conv2d_backward_weight", "conv2d_backward_bias")
    colour = "#cfe3f7"
    kind_of_work = "convolution"
    axis_count = 2
    ceil_mode = False

    table: tuple[tuple[int, ...], ...]
    window: PerAxis
    _: KW_ONLY
    stride: PerAxis = 1
    padding: PaddingSetting = 0
    dilation: PerAxis = 1
    bias: bool = True
    init: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        where = self.where()
        self.store(
            table=self._checked_table(where),
            dilation=axis_setting(where, "dilation", self.dilation, self.axis_count),
            bias=flag(where, "bias", self.bias),
            init=start(where, self.init),
        )
        self.check_window()

    def _checked_table(self, where: str) -> tuple[tuple[int, ...], ...]:
        rows = self.table
        if not isinstance(rows, Sequence) or not rows or not all(isinstance(row, Sequence) and row for row in rows):
            raise SettingError(f"{where}: table is {rows!r}, but must name for every filter at least one map, as in ((0, 1), (1, 2))")
        table = tuple(tuple(whole_number(where, "table", maps, least=0) for maps in row) for row in rows)
        for filter_, row in enumerate(table):
            if len(set(row)) < len(row):
                raise SettingError(f"{where}: the table names a map twice for filter {filter_}: {row}")
        return table

    @property
    def filters(self) -> int:
        """Output maps: one for each row of the table."""
        return len(self.table)

    @property
    def links(self) -> int:
        """Pairs of an input map and a filter that sees it."""
        return sum(len(row) for row in self.table)

    def output_shapes(self, where: str, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        axes = self.fitting_axes(where, inputs)
        seen = 1 + max(max(row) for row in self.table)
        if inputs[0][0] != seen:
            raise ShapeError(f"{where} has a table of {seen} maps, but gets {inputs[0][0]}")
        return ((self.filters, *(axis.out for axis in axes)),)

    def loop_settings(self, inputs: tuple[Shape, ...]) -> dict[str, Any]:
        """Every link's filter and map as well."""
        import numpy as np

        ends = np.array([(k, c) for k, row in enumerate(self.table) for c in row])
        return {**super().loop_settings(inputs), "filter_of": ends[:, 0].copy(), "map_of": ends[:, 1].copy()}

    def parameters(self, inputs: tuple[Shape, ...]) -> tuple[ParameterSpec, ...]:
        taps = self._taps()
        fan_in = round(self.links * prod(taps) / self.filters)  # of an average filter
        fan_out = round(self.links * prod(taps) / (1 + max(max(row) for row in self.table)))  # of an average map
        weight = ParameterSpec("weight", (self.links, *taps), fan_in, init=self.init or "he", fan_out=fan_out)
        return (weight, ParameterSpec("bias", (self.filters,), fan_in, init="zeros")) if self.bias else (weight,)

    def cost(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Cost:
        taps = self._taps()
        groups = Counter(len(row) for row in self.table)  # filters by the number of maps they see
        formula = " + ".join(
            f"({times((*taps, maps))} + 1) * {filters}" if self.bias else f"{times((*taps, maps))} * {filters}"
            for maps, filters in groups.items()
        )
        positions = prod(outputs[0][1:])
        macs = positions * self.links * prod(taps)
        return Cost(formula, macs=macs, connections=macs + self.bias * positions * self.filters)

    def brief(self) -> tuple[str, ...]:
        return (*super().brief(), f"{self.links} links")

    def _taps(self) -> tuple[int, ...]:
        return per_axis(self.where(), "window", self.window, self.axis_count)
