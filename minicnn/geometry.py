"""Sizes along one axis: how long the output is, how much padding a word means, what would fit.

Everything here is plain integer arithmetic on one axis at a time; an operation on images calls it once for rows and once
for columns.  Letters: `size` input pixels, `taps` filter pixels, `out` output pixels.

Source: Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016, relationships 1 to 14.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, wraps
from typing import NamedTuple, ParamSpec, TypeVar

from minicnn.errors import SettingError

Pair = tuple[int, int]
Settings = ParamSpec("Settings")
Result = TypeVar("Result")
SizeSetting = int | Sequence[int]  # one for every axis, or one per axis
PaddingSetting = str | int | Sequence[int] | Sequence[Sequence[int]]

PADDING_WORDS = ("valid", "same", "same_lower", "full")
LARGEST_SETTING = 2**31 - 1
REMEMBERED = 1024  # results of each function
ZERO_MEANS = {  # what somebody may mean by a setting of 0
    "dilation": "\n  use 1 for the ordinary filter: it is the step from tap to tap; some books count the zeros between two taps, which is one less",
}
PLAIN = {int, str, bool}
NUMBER = {int}

AXIS_WORDS = {1: ("columns",), 2: ("rows", "columns"), 3: ("slices", "rows", "columns")}


class Axis(NamedTuple):
    """One axis of a convolution or pooling, all settings resolved to integers (in pixels)."""

    size: int
    taps: int
    stride: int
    dilation: int
    before: int
    after: int
    out: int

    @property
    def extent(self) -> int:
        """Pixels that a dilated filter spans."""
        return extent(self.taps, self.dilation)


class Reads(NamedTuple):
    """Positions that outputs read, borders ignored: output p the `taps[p]`, output p + len(taps) the same, `shift` further on."""

    shift: int
    taps: tuple[tuple[int, ...], ...]

    @classmethod
    def of_window(cls, axis: Axis) -> Reads:
        """Those of a convolution or pooling: i = p*stride + r*dilation - before."""
        return cls(axis.stride, (tuple(r * axis.dilation - axis.before for r in range(axis.taps)),))

    @classmethod
    def of_transposed(cls, axis: Axis) -> Reads:
        """Those of the transposed convolution, whose output is `size` long: all h with p = h*stride + r*dilation - before for a tap r."""
        taps = []
        for p in range(axis.stride):
            starts = [p + axis.before - r * axis.dilation for r in reversed(range(axis.taps))]
            taps.append(tuple(start // axis.stride for start in starts if start % axis.stride == 0))
        return cls(1, tuple(taps))


def extent(taps: int, dilation: int) -> int:
    """Pixels that `taps` taps span when `dilation` pixels lie from one to the next."""
    return dilation * (taps - 1) + 1


def output_size(size: int, taps: int, stride: int, dilation: int, before: int, after: int, ceil_mode: bool = False) -> int:
    """Positions of a window that fit: (size + padding - extent) // stride + 1, or a number below 1 when none fits.

    With `ceil_mode` a last window may extend beyond the end, if it starts inside the input or the padding before it.
    """
    room = size + before + after - extent(taps, dilation)
    if not ceil_mode:
        return room // stride + 1
    out = -(-room // stride) + 1
    if (out - 1) * stride >= size + before:
        out -= 1
    return out


def transposed_output_size(size: int, taps: int, stride: int, dilation: int, padding: int, output_padding: int) -> int:
    """Pixels that a transposed convolution writes: the input size whose convolution would give `size`."""
    return (size - 1) * stride - 2 * padding + extent(taps, dilation) + output_padding


def transposed_padding(
    where: str, padding: PaddingSetting, taps: Sequence[int], strides: Sequence[int], dilations: Sequence[int], more: Sequence[int]
) -> tuple[Pair, ...]:
    """What a transposed convolution cuts off its output, one (before, after) pair per axis; below 0 where it adds pixels.

    Parameters
    ----------
    padding : "valid", "same", an int, one int per axis, or one (before, after) pair per axis
        "same" makes the output in*stride, an odd pixel is cut off after: the convolution of padding "same", read backwards.
    more : one int per axis
        The output padding, which "same" leaves no room for.

    Raises
    ------
    SettingError
        If the setting is none of these.
    """
    if padding != "same":
        if isinstance(padding, str) and padding != "valid":
            raise SettingError(
                f"{where}: padding {padding!r} is not one of valid, same, a number of pixels to cut off the output, one number per axis"
                f" or one (before, after) pair per axis"
            )
        ones = (1,) * len(taps)
        return resolve_padding(where, padding, ones, ones, ones, ones)
    if any(more):
        raise SettingError(f"{where}: output_padding adds to a size that padding 'same' has fixed\n  leave one of them out")
    cuts = [extent(tap, gap) - step for tap, step, gap in zip(taps, strides, dilations, strict=True)]
    return tuple((max(0, cut) // 2, cut - max(0, cut) // 2) for cut in cuts)


def transposed_axis(size: int, taps: int, stride: int, dilation: int, cuts: Pair, output_padding: int) -> Axis:
    """The convolution that a transposed one reads backwards: from its output, `size` of the result, to its input, `out`."""
    whole = transposed_output_size(size, taps, stride, dilation, 0, 0)
    large = whole - sum(cuts) + output_padding
    return Axis(large, taps, stride, dilation, cuts[0], max(0, whole - cuts[0] - large), size)


def same_padding(size: int, taps: int, stride: int, dilation: int) -> Pair:
    """Padding (before, after) that makes the output ceil(size / stride); an odd extra pixel goes after."""
    out = -(-size // stride)
    total = max(0, (out - 1) * stride + extent(taps, dilation) - size)
    return total // 2, total - total // 2


def resolve_padding(
    where: str, padding: PaddingSetting, sizes: Sequence[int], taps: Sequence[int], strides: Sequence[int], dilations: Sequence[int]
) -> tuple[Pair, ...]:
    """Turn any padding setting into one (before, after) pair per axis.

    Parameters
    ----------
    where : str
        The call or layer, for the message.
    padding : "valid", "same", "same_lower", "full", an int, one int per axis, or one (before, after) pair per axis
        "same_lower" is "same" with an odd extra pixel before: the word is ONNX's.
    sizes, taps, strides, dilations : one int per axis

    Raises
    ------
    SettingError
        If the setting is none of these.
    """
    axes = len(taps)
    if isinstance(padding, str):
        if padding == "valid":
            return ((0, 0),) * axes
        if padding == "full":
            return tuple((extent(t, d) - 1,) * 2 for t, d in zip(taps, dilations, strict=True))
        if padding in ("same", "same_lower"):
            even = tuple(same_padding(*each) for each in zip(sizes, taps, strides, dilations, strict=True))
            return even if padding == "same" else tuple((after, before) for before, after in even)
        raise SettingError(
            f"{where}: padding {padding!r} is not one of {', '.join(PADDING_WORDS)}, a number, one number per axis"
            f" or one (before, after) pair per axis"
        )
    if not isinstance(padding, Sequence):
        number = whole_number(where, "padding", padding, least=0)
        return ((number, number),) * axes
    if len(padding) != axes:
        raise SettingError(
            f"{where}: padding {padding!r} has {len(padding)} entries, but there are {axes} axes"
            f"\n  use one number, or {axes} numbers, or {axes} (before, after) pairs"
        )
    pairs = []
    for entry in padding:
        if isinstance(entry, Sequence) and not isinstance(entry, str):
            if len(entry) != 2:
                raise SettingError(f"{where}: padding {padding!r}: {entry!r} is not a (before, after) pair")
            pairs.append((whole_number(where, "padding", entry[0], least=0), whole_number(where, "padding", entry[1], least=0)))
        else:
            number = whole_number(where, "padding", entry, least=0)
            pairs.append((number, number))
    return tuple(pairs)


def remembered(function: Callable[Settings, Result]) -> Callable[Settings, Result]:
    """A function of settings and sizes that caches its latest results, but not what it raises.

    Values are compared with their types: 1 == 1.0 == True, but only the first is a number of pixels.
    """
    looked_up = lru_cache(REMEMBERED, typed=True)(function)

    @wraps(function)
    def either(*given: Settings.args, **named: Settings.kwargs) -> Result:
        return looked_up(*given) if not named and all(map(_is_plain, given)) else function(*given, **named)

    return either


def _is_plain(setting: object) -> bool:
    """Whether type and equality tell a setting from others; types inside a tuple would not be compared."""
    kind = type(setting)
    return kind in PLAIN or (kind is tuple and NUMBER.issuperset(map(type, setting)))  # type: ignore[call-overload]


def whole_number(where: str, name: str, value: object, least: int) -> int:
    """Check one integer setting: NumPy integers pass, booleans and floats do not."""
    try:
        number = None if isinstance(value, bool) else value.__index__()  # type: ignore[attr-defined]
    except (AttributeError, TypeError):  # an array of several has the method, but refuses
        number = None
    if number is None:
        raise SettingError(f"{where}: {name} is {value!r}, but must be a whole number")
    if not least <= number <= LARGEST_SETTING:
        raise SettingError(
            f"{where}: {name} is {number}, but must be at least {least}{ZERO_MEANS.get(name, '') if number == 0 else ''}"
            if number < least
            else f"{where}: {name} is {number}, more than {LARGEST_SETTING}"
        )
    return number


def per_axis(where: str, name: str, value: object, axes: int, least: int = 1) -> tuple[int, ...]:
    """A number means the same on every axis; a sequence has one entry per axis."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        if len(value) != axes:
            there_are, numbers = ("is 1 axis", "") if axes == 1 else (f"are {axes} axes", f", or {axes} numbers")
            raise SettingError(
                f"{where}: {name} {tuple(value)!r} has {len(value)} entries, but there {there_are}\n  use one number{numbers}"
            )
        return tuple(whole_number(where, name, each, least) for each in value)
    return (whole_number(where, name, value, least),) * axes


@remembered
def resolve_axes(
    where: str, sizes: Sequence[int], window: object, stride: object, padding: PaddingSetting, dilation: object, ceil_mode: bool = False
) -> tuple[Axis, ...]:
    """Resolve the settings of a convolution or pooling for an input of `sizes` pixels, one `Axis` per axis.

    `out` is below 1 where the window does not fit: the caller says so in its own words.
    """
    axes = len(sizes)
    taps, strides = per_axis(where, "window", window, axes), per_axis(where, "stride", stride, axes)
    dilations = per_axis(where, "dilation", dilation, axes)
    pads = resolve_padding(where, padding, sizes, taps, strides, dilations)
    return tuple(
        Axis(size, tap, step, gap, before, after, output_size(size, tap, step, gap, before, after, ceil_mode))
        for size, tap, step, gap, (before, after) in zip(sizes, taps, strides, dilations, pads, strict=True)
    )


def size_formula(axis: Axis, ceil_mode: bool = False) -> str:
    """The output size worked out with its numbers, as on a blackboard: "(227 - 11)/4 + 1 = 55"."""
    room = str(axis.size)
    if axis.before == axis.after:
        room += f" + 2*{axis.before}" if axis.before else ""
    else:
        room += f" + {axis.before} + {axis.after}"
    room += f" - {axis.taps}" if axis.dilation == 1 else f" - ({axis.dilation}*({axis.taps} - 1) + 1)"
    pixels = axis.size + axis.before + axis.after - axis.extent
    if axis.stride == 1:
        return f"{room} + 1 = {axis.out}"
    if pixels % axis.stride == 0:
        return f"({room})/{axis.stride} + 1 = {axis.out}"
    rounding = "ceil" if ceil_mode and axis.out == -(-pixels // axis.stride) + 1 else "floor"
    return f"{rounding}(({room})/{axis.stride}) + 1 = {axis.out}"


def shape_text(shape: Sequence[int | None]) -> str:
    """A shape for people: (6, 28, 28) is "6 x 28 x 28", and an axis that is free, None, "?"."""
    return " x ".join("?" if size is None else str(size) for size in shape)
