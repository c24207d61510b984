"""What a figure says, apart from how it is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from minicnn.errors import SettingError, ShapeError, quoted


@dataclass(frozen=True)
class Line:
    """A curve through points; a value that is not finite leaves a gap.

    x, y : numbers, one y for each x
    points : whether its points are marked
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    dashed: bool = False
    points: bool = False

    def __post_init__(self) -> None:
        _store(self, x=_numbers(self, "x", self.x), y=_numbers(self, "y", self.y))
        _same_length(self, self.x, self.y)


@dataclass(frozen=True)
class Bars:
    """A bar for each x: a number (a histogram), or a word."""

    name: str
    x: Sequence[float] | Sequence[str]
    y: Sequence[float]

    def __post_init__(self) -> None:
        words = tuple(self.x)
        are_words = bool(words) and all(isinstance(each, str) for each in words)
        _store(self, x=words if are_words else _numbers(self, "x", self.x), y=_numbers(self, "y", self.y))
        _same_length(self, self.x, self.y)

    @property
    def words(self) -> tuple[str, ...]:
        """Its x where they are words, else none."""
        return tuple(each for each in self.x if isinstance(each, str))


@dataclass(frozen=True)
class Chart:
    """Curves and bars over the same axes.  Where bars stand over words, a line's x counts the words from 0.

    log_x, log_y : axes by powers of ten; numbers that are not positive have no place there
    y_range : (low, high) of the y axis; None fits the numbers.  What lies outside is cut off.
    """

    title: str
    marks: tuple[Line | Bars, ...]
    x_label: str = ""
    y_label: str = ""
    log_x: bool = False
    log_y: bool = False
    y_range: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        _store(self, marks=tuple(self.marks))
        for mark in self.marks:
            if not isinstance(mark, Line | Bars):
                raise SettingError(f"chart {quoted(self.title)}: a mark is a Line or Bars, but one is {quoted(mark)}")
        if self.y_range is not None:
            low, high = map(float, self.y_range)
            if not (np.isfinite([low, high]).all() and low < high and (low > 0 or not self.log_y)):
                raise SettingError(
                    f"chart {quoted(self.title)}: y_range goes from {low:g} to {high:g}, but has to rise{', from above 0' if self.log_y else ''}"
                )
            _store(self, y_range=(low, high))

    @property
    def words(self) -> tuple[str, ...]:
        """What its bars stand over, in the order of their first place."""
        return tuple(dict.fromkeys(word for mark in self.marks if isinstance(mark, Bars) for word in mark.words))

    @property
    def has_legend(self) -> bool:
        """Whether it has to be said which mark is which, or what the only one is."""
        return len(self.marks) > 1 or any(mark.name not in ("", self.title, self.y_label) for mark in self.marks if self.y_label)


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture with its caption.

    pixels : (rows, columns), or (3, rows, columns) red, green, blue; scaled to their own range; NaN is left blank.
        Those of uint8 are shown as they are.
    signed : whether the sign counts: colours on either side of 0
    """

    caption: str
    pixels: npt.NDArray[Any]
    signed: bool = False

    def __post_init__(self) -> None:
        pixels = np.asarray(self.pixels)
        if pixels.dtype.kind not in "fiub" or pixels.size == 0 or not (pixels.ndim == 2 or (pixels.ndim == 3 and len(pixels) == 3)):
            raise ShapeError(
                f"picture {quoted(self.caption)}: pixels are (rows, columns) or (3, rows, columns) numbers, but these are"
                f" {pixels.dtype} {pixels.shape}"
            )
        _store(self, pixels=pixels)


@dataclass(frozen=True)
class PictureGrid:
    """Rows of pictures.

    shared_range : whether one range of values holds for all of them, so that they can be compared
    """

    title: str
    rows: tuple[tuple[Picture, ...], ...]
    shared_range: bool = False

    def __post_init__(self) -> None:
        _store(self, rows=tuple(tuple(row) for row in self.rows))


Figure: TypeAlias = Chart | PictureGrid


def _store(record: object, **fields: object) -> None:
    for name, value in fields.items():
        object.__setattr__(record, name, value)


def _numbers(mark: Line | Bars, axis: str, values: Sequence[float] | Sequence[str]) -> tuple[float, ...]:
    try:
        return tuple(float(each) for each in values)
    except (TypeError, ValueError) as error:
        raise SettingError(f"{type(mark).__name__} {quoted(mark.name)}: {axis} are numbers, but {error}") from None


def _same_length(mark: Line | Bars, x: Sequence[object], y: Sequence[object]) -> None:
    if len(x) != len(y):
        raise ShapeError(f"{type(mark).__name__} {quoted(mark.name)}: {len(x)} x, but {len(y)} y\n  one y for each x")
