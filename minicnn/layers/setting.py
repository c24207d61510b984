"""Checks that layers share: what a setting may be, and the one form in which it is kept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from numbers import Real

from minicnn.errors import SettingError, ShapeError
from minicnn.geometry import AXIS_WORDS, PADDING_WORDS, PaddingSetting, per_axis, resolve_padding, shape_text
from minicnn.initializers import checked
from minicnn.layers.base import Element, Shape

PerAxis = int | tuple[int, ...]


def same_on_all(values: Sequence[int]) -> PerAxis:
    """Keep one number where every axis has the same: (5, 5) and 5 are the same setting."""
    return values[0] if len(set(values)) == 1 else tuple(values)


def axis_setting(where: str, name: str, value: object, axes: int, least: int = 1) -> PerAxis:
    """Check a setting that is a number or one per axis."""
    return same_on_all(per_axis(where, name, value, axes, least))


def padding_setting(where: str, padding: PaddingSetting, axes: int) -> PaddingSetting:
    """Check a padding; words stay words, for what they mean depends on the input."""
    if isinstance(padding, str) and padding in PADDING_WORDS:
        return padding
    ones = (1,) * axes
    pairs = resolve_padding(where, padding, ones, ones, ones, ones)
    if all(before == after for before, after in pairs):
        return same_on_all([before for before, _ in pairs])
    return pairs


def start(where: str, init: object) -> str | None:
    """Check what weights start from; None leaves it to the network."""
    return None if init is None else checked(where, init)


def flag(where: str, name: str, value: object) -> bool:
    """Check a setting that is True or False."""
    if not isinstance(value, bool):
        raise SettingError(f"{where}: {name} is {value!r}, but must be True or False")
    return value


def number(
    where: str, name: str, value: object, least: float, below: float = math.inf, above: bool = False, most: float = math.inf
) -> float:
    """Check a real setting in [least, below), in (least, below) with `above`, or up to and including `most`."""
    given = math.nan
    if isinstance(value, Real) and not isinstance(value, bool):
        with suppress(OverflowError):  # a whole number beyond the largest float
            given = float(value)
    if not (least < given if above else least <= given) or not given < below or not given <= most:
        low = f" above {least:g}" if above else f" at least {least:g}"
        high = f" and below {below:g}" if below != math.inf else f" and at most {most:g}" if most != math.inf else ""
        raise SettingError(f"{where}: {name} is {value!r}, but must be a number{low if least != -math.inf else ', and finite'}{high}")
    return given


def one_input(where: str, inputs: tuple[Shape, ...]) -> Shape:
    """The input of a layer that takes exactly one."""
    if len(inputs) != 1:
        raise ShapeError(f"{where} takes one input, but gets {len(inputs)}")
    return inputs[0]


def one_map(where: str, inputs: tuple[Shape, ...], axes: int) -> Shape:
    """The input (C, *space) of a layer that works on `axes` spatial axes."""
    shape = one_input(where, inputs)
    if len(shape) != axes + 1:
        raise ShapeError(f"{where} needs an input of channels x {' x '.join(AXIS_WORDS[axes])}, but gets {shape_text(shape)}")
    return shape


def any_map(where: str, inputs: tuple[Shape, ...]) -> Shape:
    """The input (C, *space) of a layer that works on any number of spatial axes."""
    shape = one_input(where, inputs)
    if len(shape) < 2:
        raise ShapeError(f"{where} needs an input of channels and at least one axis, but gets {shape_text(shape)}")
    return shape


def one_row(where: str, inputs: tuple[Shape, ...]) -> int:
    """The features of a flat input."""
    shape = one_input(where, inputs)
    if len(shape) != 1:
        raise ShapeError(f"{where} needs a flat input, but gets {shape_text(shape)}\n  put Flatten() before it")
    return shape[0]


def times(values: Sequence[int]) -> str:
    """Factors written out: "11*11"."""
    return "*".join(str(value) for value in values)


def by(value: PerAxis, axes: int) -> str:
    """A window for people: "5x5"."""
    return "x".join(str(each) for each in (value if isinstance(value, tuple) else (value,) * axes))


def setting_text(value: object) -> str:
    """A setting for people: 2, "2x1", "same", "(1, 2)x(0, 0)"."""
    return "x".join(str(each) for each in value) if isinstance(value, tuple) else str(value)


def divisors_text(number: int) -> str:
    """The numbers of groups that would do: "1, 2, 3 or 6"."""
    divisors = [str(each) for each in range(1, min(number, 4096) + 1) if number % each == 0]
    if len(divisors) == 1:
        return divisors[0]
    if len(divisors) > 8:
        return ", ".join([*divisors[:7], "..."])
    return f"{', '.join(divisors[:-1])} or {divisors[-1]}"


def elements(where: str, name: str, values: Sequence[object]) -> None:
    """Check the parts of a block: layers and blocks, and not their classes."""
    for value in values:
        if isinstance(value, type) and issubclass(value, Element):
            raise SettingError(f"{where}: {name} holds the class {value.__name__}, but needs a layer\n  write {value.__name__}(...)")
        if not isinstance(value, Element):
            hint = "\n  write *layers to pass a list of layers" if isinstance(value, (list, tuple)) else ""
            raise SettingError(f"{where}: {name} holds {value!r}, but needs a layer or a block{hint}")
