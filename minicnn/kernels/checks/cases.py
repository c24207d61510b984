"""A convolution of any kind with its sizes and settings checked against each other, before any loop runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from minicnn.errors import SettingError, ShapeError
from minicnn.geometry import (
    AXIS_WORDS,
    Axis,
    PaddingSetting,
    per_axis,
    remembered,
    resolve_axes,
    transposed_axis,
    transposed_padding,
    whole_number,
)
from minicnn.kernels import textbook
from minicnn.kernels.checks.arrays import OUT_LETTERS, TAP_LETTERS, weight_letters, x_letters


class Case(NamedTuple):
    """A convolution whose settings are resolved and whose shapes are checked.

    kind : "conv", "tiled_conv", "unshared_conv" or "conv_transpose", as in the names of the textbook's loops
    axes : one Axis per spatial axis; those of a transposed convolution are the axes of the convolution in the other direction
    weight_shape : (K, C/G, *taps), (K, *tile, C/G, *taps) or, transposed, (C, K/G, *taps)
    """

    where: str
    kind: str
    axes: tuple[Axis, ...]
    groups: int
    flip: bool
    x_shape: tuple[int, ...]
    weight_shape: tuple[int, ...]

    @property
    def tile(self) -> tuple[int, ...]:
        """Filters that alternate, per axis; all 1 if every position has the same."""
        return self.weight_shape[1 : -len(self.axes) - 1] or (1,) * len(self.axes)

    @property
    def filters(self) -> int:
        """K."""
        return self.weight_shape[1] * self.groups if self.kind == "conv_transpose" else self.weight_shape[0]

    @property
    def y_shape(self) -> tuple[int, ...]:
        """(N, K, *out)."""
        out = (axis.size if self.kind == "conv_transpose" else axis.out for axis in self.axes)
        return (self.x_shape[0], self.filters, *out)

    @property
    def numbers(self) -> tuple[Any, ...]:
        """The settings in the form the textbook loops take."""
        numbers = (*(a.stride for a in self.axes), *(a.before for a in self.axes), *(a.dilation for a in self.axes), self.groups)
        return (*numbers, self.flip) if self.kind == "conv" else numbers

    def loop(self, name: str) -> Any:
        """A textbook loop of this kind and dimension: "forward" is conv2d_forward."""
        return getattr(textbook, f"{self.kind}{len(self.axes)}d_{name}")


def tiled_weight_letters(axes: int) -> str:
    """Letters of a tiled weight: "K U V C/G R S" for two axes."""
    return f"K {TILE_LETTERS[axes]} C/G {TAP_LETTERS[axes]}"


def unshared_weight_letters(axes: int) -> str:
    """Letters of an unshared weight: "K P Q C/G R S" for two axes."""
    return f"K {OUT_LETTERS[axes]} C/G {TAP_LETTERS[axes]}"


def transposed_weight_letters(axes: int) -> str:
    """Letters of a transposed convolution's weight: "C K/G R S" for two axes."""
    return f"C K/G {TAP_LETTERS[axes]}"


TILE_LETTERS = {1: "V", 2: "U V", 3: "A U V"}
WEIGHT_LETTERS = {
    "conv": weight_letters,
    "tiled_conv": tiled_weight_letters,
    "unshared_conv": unshared_weight_letters,
    "conv_transpose": transposed_weight_letters,
}


@remembered
def resolve(
    where: str,
    kind: str,
    axis_count: int,
    x_shape: Sequence[int],
    weight_shape: Sequence[int],
    stride: object,
    padding: PaddingSetting,
    dilation: object,
    groups: object,
    flip: object = False,
) -> Case:
    """Check sizes and settings of an ordinary, tiled or unshared convolution.

    Raises
    ------
    ShapeError, SettingError
        If they do not fit together.
    """
    if not isinstance(flip, (bool, np.bool_)):
        raise SettingError(f"{where}: flip is {flip!r}, but must be True or False")
    x_shape, weight_shape = tuple(x_shape), tuple(weight_shape)
    shapes = _shapes(kind, axis_count, x_shape, weight_shape)
    group_count = whole_number(where, "groups", groups, least=1)
    (_, channels, *sizes), filters = x_shape, weight_shape[0]
    weight_channels, *taps = weight_shape[-axis_count - 1 :]
    _check_weight(where, weight_shape)
    if channels % group_count or filters % group_count:
        raise ShapeError(f"{where}: {channels} channels and {filters} filters do not both divide into {group_count} groups{shapes}")
    if channels != weight_channels * group_count:
        raise ShapeError(
            f"{where}: x has {channels} channels, but weight was made for {weight_channels * group_count}{shapes}"
            + (f"   G = {group_count}" if group_count > 1 else "")
        )
    axes = resolve_axes(where, sizes, tuple(taps), stride, padding, dilation)
    for axis, word in zip(axes, AXIS_WORDS[axis_count], strict=True):
        if axis.out < 1:
            raise ShapeError(
                f"{where}: a filter that spans {axis.extent} {word} does not fit into {axis.size} with padding"
                f" {axis.before} and {axis.after}{shapes}"
                f"\n  use more padding, or an input of at least {axis.extent - axis.before - axis.after} {word}"
            )
    case = Case(where, kind, axes, group_count, bool(flip), x_shape, weight_shape)
    out = tuple(axis.out for axis in axes)
    if kind == "unshared_conv" and case.tile != out:
        raise ShapeError(
            f"{where}: weight was made for {' x '.join(map(str, case.tile))} output positions, but there are"
            f" {' x '.join(map(str, out))}{shapes}"
            f"\n  use a weight of the shape {(filters, *out, *weight_shape[-axis_count - 1 :])}"
        )
    return case


@remembered
def resolve_transposed(
    where: str,
    axis_count: int,
    x_shape: Sequence[int],
    weight_shape: Sequence[int],
    stride: object,
    padding: PaddingSetting,
    output_padding: object,
    dilation: object,
    groups: object,
) -> Case:
    """Check sizes and settings of a transposed convolution.

    Raises
    ------
    ShapeError, SettingError
        If they do not fit together.
    """
    x_shape, weight_shape = tuple(x_shape), tuple(weight_shape)
    shapes = _shapes("conv_transpose", axis_count, x_shape, weight_shape)
    group_count = whole_number(where, "groups", groups, least=1)
    (_, channels, *sizes), (weight_channels, _, *taps) = x_shape, weight_shape
    _check_weight(where, weight_shape)
    if channels != weight_channels:
        raise ShapeError(f"{where}: x has {channels} channels, but weight was made for {weight_channels}{shapes}")
    if channels % group_count:
        raise ShapeError(f"{where}: {channels} channels do not divide into {group_count} groups{shapes}")
    strides, dilations, added = (
        per_axis(where, name, value, axis_count, least)
        for name, value, least in (("stride", stride, 1), ("dilation", dilation, 1), ("output_padding", output_padding, 0))
    )
    pairs = transposed_padding(where, padding, taps, strides, dilations, added)
    axes = []
    for size, tap, step, gap, cuts, more, word in zip(sizes, taps, strides, dilations, pairs, added, AXIS_WORDS[axis_count], strict=True):
        if more >= max(step, gap):
            raise SettingError(
                f"{where}: output_padding {more} must be below the larger of stride {step} and dilation {gap}"
                f"\n  use at most {max(step, gap) - 1}"
            )
        if size < 1:
            raise ShapeError(f"{where}: x has no {word}, so there is nothing to spread{shapes}")
        axis = transposed_axis(size, tap, step, gap, cuts, more)
        if axis.size < 1:
            whole = axis.size + sum(cuts)
            raise ShapeError(
                f"{where}: padding {cuts[0] if cuts[0] == cuts[1] else cuts} crops all {word} of an output of {whole}{shapes}"
                f"\n  use a padding of at most {(whole - 1) // 2}"
            )
        axes.append(axis)
    return Case(where, "conv_transpose", tuple(axes), group_count, False, x_shape, weight_shape)


def _check_weight(where: str, weight_shape: tuple[int, ...]) -> None:
    if min(weight_shape) < 1:
        raise ShapeError(f"{where}: weight has the shape {weight_shape}, but every size must be at least 1")


def _shapes(kind: str, axis_count: int, x_shape: tuple[int, ...], weight_shape: tuple[int, ...]) -> str:
    return f"\n  x       {x_shape}  {x_letters(axis_count)}\n  weight  {weight_shape}  {WEIGHT_LETTERS[kind](axis_count)}"


def checked_shape(where: str, name: str, shape: Any, letters: str) -> tuple[int, ...]:
    """A shape given as an argument: one whole number per letter."""
    wanted = letters.split()
    if isinstance(shape, str):
        raise ShapeError(f"{where}: {name} is {shape!r}, but must be a shape ({', '.join(wanted)})")
    try:
        sizes = tuple(shape)
    except TypeError:
        raise ShapeError(f"{where}: {name} is {shape!r}, but must be a shape ({', '.join(wanted)})") from None
    if len(sizes) != len(wanted):
        raise ShapeError(f"{where}: {name} {sizes} has {len(sizes)} sizes, but needs {len(wanted)}: {letters}")
    return tuple(whole_number(where, f"{name} {letter}", size, least=0) for letter, size in zip(wanted, sizes, strict=True))
