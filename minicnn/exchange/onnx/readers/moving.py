"""Operators that move numbers to other places."""

from __future__ import annotations

from fractions import Fraction
from math import floor, prod
from typing import TYPE_CHECKING, Any

from minicnn import layers as L
from minicnn.errors import GraphError, quoted
from minicnn.exchange.onnx.constants import axes_of, cuts_of
from minicnn.exchange.onnx.operator import Operator, Padding, Value, axis_of, reads
from minicnn.exchange.onnx.readers.window import pairs_of
from minicnn.layers import Shape

if TYPE_CHECKING:
    from minicnn.exchange.onnx.reading import Reading

PADS = {1: L.Pad1D, 2: L.Pad2D, 3: L.Pad3D}
PAD_MODES = {"constant": "zeros", "reflect": "reflect", "edge": "replicate", "wrap": "circular"}


@reads("Flatten")
def flatten(reading: Reading, operator: Operator) -> Value:
    x = operator.value()
    if operator.integer("axis", 1) not in (1, 1 - (1 + len(x.shape))):
        raise GraphError("it mixes the images' axis with others")
    return reading.reshaped(x, (prod(x.shape),))


@reads("Reshape")
def reshape(reading: Reading, operator: Operator) -> Value:
    """0 keeps an axis, -1 takes what is left."""
    x = operator.value()
    whole = (reading.batch, *x.shape)
    given = operator.integers("shape") if operator.opset < 5 else tuple(operator.constant(1, "shape").tolist())
    sizes = [whole[axis] if size == 0 and not operator.flag("allowzero") else size for axis, size in enumerate(given or ())]
    if -1 in sizes:
        known = -prod(sizes)
        sizes[sizes.index(-1)] = prod(whole) // known if known > 0 and prod(whole) % known == 0 else -1
    return _without_batch(reading, x, sizes)


def _without_batch(reading: Reading, x: Value, sizes: list[int]) -> Value:
    if not sizes or sizes[0] != reading.batch:
        raise GraphError("it mixes the images' axis with others")
    return reading.reshaped(x, tuple(sizes[1:]))


@reads("Squeeze")
def squeeze(reading: Reading, operator: Operator) -> Value:
    x = operator.value()
    axes = axes_of(operator)
    gone = {axis for axis, size in enumerate(x.shape, 1) if size == 1} if axes is None else {axis_of(axis, x) for axis in axes}
    return reading.reshaped(x, tuple(size for axis, size in enumerate(x.shape, 1) if axis not in gone)) if 0 not in gone else _refuse()


@reads("Unsqueeze")
def unsqueeze(reading: Reading, operator: Operator) -> Value:
    x, axes = operator.value(), axes_of(operator) or ()
    rank = 1 + len(x.shape) + len(axes)
    gained = {axis % rank for axis in axes}
    if 0 in gained:
        return _refuse()
    sizes = iter(x.shape)
    return reading.reshaped(x, tuple(1 if axis in gained else next(sizes) for axis in range(1, rank)))


def _refuse() -> Value:
    raise GraphError("it moves the images' axis")


@reads("Transpose")
def transpose(reading: Reading, operator: Operator) -> Value:
    """Only axes of one pixel may change places with others: then the numbers stay in their order."""
    x = operator.value()
    rank = 1 + len(x.shape)
    order = operator.integers("perm", tuple(reversed(range(rank)))) or ()
    if sorted(order) != list(range(rank)) or order[0] != 0:
        return _refuse()
    whole = [axis for axis in order[1:] if x.shape[axis - 1] != 1]
    if whole != sorted(whole):
        raise GraphError("it turns axes of an image")
    return reading.reshaped(x, tuple(x.shape[axis - 1] for axis in order[1:]))


@reads("Pad")
def pad(reading: Reading, operator: Operator) -> Value:
    """A padding of zeros is also kept aside for a convolution behind it, one of another number for a max pooling."""
    x, mode = operator.value(), operator.word("mode", "constant")
    rank = 1 + len(x.shape)
    if mode not in PAD_MODES:
        raise GraphError(f"its mode is {quoted(mode)}")
    pairs = _pads(operator, x, rank)
    fill = _fill(operator) if mode == "constant" else 0.0
    channels, space = pairs[1], pairs[2:]
    if pairs[0] != (0, 0) or any(min(pair) < 0 for pair in pairs):
        raise GraphError("it pads along the images, or by less than nothing")
    if channels != (0, 0):
        if channels[0] or mode != "constant" or fill or len(x.shape) < 2:
            raise GraphError("it pads along the channels by more than zeros behind them")
        x = reading.layer(L.PadShortcut(x.shape[0] + channels[1]), x)
    if not any(map(any, space)):
        return x
    y = reading.layer(PADS[len(space)](space, mode=PAD_MODES[mode]), x)
    if mode == "constant":
        reading.paddings[y.number] = Padding(x, space, fill)
    return y


def _pads(operator: Operator, x: Value, rank: int) -> tuple[tuple[int, int], ...]:
    """A pair for every axis."""
    if operator.opset < 11:
        return pairs_of(operator.integers("pads" if operator.opset > 1 else "paddings") or ())
    given = pairs_of(tuple(operator.constant(1, "pads").tolist()))
    if operator.get(3) is None:
        return given
    pairs = [(0, 0)] * rank
    for axis, pair in zip(operator.constant(3, "axes").tolist(), given, strict=True):
        pairs[axis_of(axis, x)] = pair
    return tuple(pairs)


def _fill(operator: Operator) -> float:
    if operator.opset < 11:
        return operator.real("value", 0.0)
    return 0.0 if operator.get(2) is None else float(operator.constant(2, "value").item())


@reads("Slice")
def cut(reading: Reading, operator: Operator) -> Value:
    """The middle of a map, or every so many pixels of it."""
    x = operator.value()
    batch, channels, *space = (
        each.indices(size) for each, size in zip(cuts_of(operator, (reading.batch, *x.shape)), (reading.batch, *x.shape), strict=True)
    )
    if batch != (0, reading.batch, 1) or channels != (0, x.shape[0], 1) or len(x.shape) < 2:
        raise GraphError("it cuts images, channels or features")
    if all(first == 0 and end == size for (first, end, _), size in zip(space, x.shape[1:], strict=True)):
        steps = {step for _, _, step in space}
        if len(steps) == 1 and min(steps) > 0:
            return x if steps == {1} else reading.layer(L.PadShortcut(x.shape[0], stride=steps.pop()), x)
    sizes = [end - first for first, end, _ in space]
    middle = all(first == (size - out) // 2 and step == 1 for (first, _, step), size, out in zip(space, x.shape[1:], sizes, strict=True))
    if not middle or min(sizes) < 1:
        raise GraphError("it cuts something else than the middle of a map, or every so many pixels of it")
    return reading.layer(L.Crop(tuple(sizes)), x)


@reads("Resize", "Upsample")
def resize(reading: Reading, operator: Operator) -> Value:
    """To the nearest pixel, or linear: where all pixels that are read are those that the engine reads."""
    x, mode = operator.value(), operator.word("mode", "nearest")
    old = operator.kind == "Upsample"
    if old or operator.opset < 11:
        how = "asymmetric"
        factors = operator.attributes.get("scales") or operator.numbers(1, "scales").tolist()
        scales, sizes = [Fraction(each) for each in factors], None
    else:
        how = operator.word("coordinate_transformation_mode", "half_pixel")
        scales, sizes = _target(operator, x)
    if mode not in ("nearest", "linear") or operator.flag("antialias") or len(x.shape) < 2:
        raise GraphError(f"its mode is {quoted(mode)}{', with antialias' * operator.flag('antialias')}")
    have = (1, *x.shape)
    wanted = sizes or [floor(size * scale) for size, scale in zip(have, scales or (), strict=True)]
    exact = scales or [Fraction(out, size) for out, size in zip(wanted, have, strict=True)]
    if list(wanted[:2]) != [1, x.shape[0]]:
        raise GraphError("it changes the number of images or channels")
    axes = list(zip(x.shape[1:], wanted[2:], exact[2:], strict=True))
    if mode == "nearest":
        rounding = operator.word("nearest_mode", "round_prefer_floor") if how != "asymmetric" or not old else "floor"
        if any(_nearest(how, rounding, *axis) != [p * axis[0] // axis[1] for p in range(axis[1])] for axis in axes):
            raise GraphError(f"it reads other pixels ({how}, {rounding}) than floor(p * in / out)")
        return reading.layer(_upsample(x.shape, wanted[2:], mode="nearest"), x)
    if any(scale != Fraction(out, size) for size, out, scale in axes) and how != "align_corners":
        raise GraphError("its scales are not those of its sizes")
    if how == "pytorch_half_pixel" and all(out > 1 for _, out, _ in axes):
        how = "half_pixel"
    if how not in ("half_pixel", "align_corners") and not all(size == out for size, out, _ in axes):
        raise GraphError(f"it reads between other pixels ({how})")
    if how == "align_corners" and all(out > 1 for _, out, _ in axes):
        return reading.layer(L.Upsample(size=tuple(wanted[2:]), mode="linear", align_corners=True), x)
    return reading.layer(_upsample(x.shape, wanted[2:], mode="linear"), x)


def _upsample(shape: Shape, wanted: list[int], mode: str) -> L.Upsample:
    """By a whole number where it is one, so that a network may leave its size free."""
    if all(out % size == 0 for size, out in zip(shape[1:], wanted, strict=True)):
        return L.Upsample(tuple(out // size for size, out in zip(shape[1:], wanted, strict=True)), mode=mode)
    return L.Upsample(size=tuple(wanted), mode=mode)


def _target(operator: Operator, x: Value) -> tuple[Any, Any]:
    """Scales or sizes of all axes; the images' axis counts as 1."""
    rank = 1 + len(x.shape)
    axes = operator.integers("axes") or tuple(range(rank))
    if operator.opset > 10 and operator.get(3) is not None and operator.constant(3, "sizes").size:
        if operator.word("keep_aspect_ratio_policy", "stretch") != "stretch":
            raise GraphError("it keeps the aspect ratio")
        sizes = [1, *x.shape]
        for axis, size in zip(axes, operator.constant(3, "sizes").tolist(), strict=True):
            sizes[axis] = int(size) if axis % rank else 1
        return None, sizes
    scales = [Fraction(1)] * rank
    for axis, scale in zip(axes, operator.numbers(2, "scales").tolist(), strict=True):
        scales[axis] = Fraction(scale)
    return scales, None


def _nearest(how: str, rounding: str, size: int, out: int, scale: Fraction) -> list[int]:
    """The pixel that each output reads, by ONNX's formulas."""
    half = Fraction(1, 2)
    places = {
        "asymmetric": lambda p: p / scale,
        "half_pixel": lambda p: (p + half) / scale - half,
        "pytorch_half_pixel": lambda p: (p + half) / scale - half if out > 1 else Fraction(0),
        "align_corners": lambda p: Fraction(p * (size - 1), out - 1) if out > 1 else Fraction(0),
    }
    round_to = {
        "floor": floor,
        "ceil": lambda place: -floor(-place),
        "round_prefer_floor": lambda place: -floor(half - place),
        "round_prefer_ceil": lambda place: floor(place + half),
    }
    if how not in places or rounding not in round_to:
        raise GraphError(f"its coordinates are {quoted(how)}, {quoted(rounding)}")
    return [min(size - 1, max(0, round_to[rounding](places[how](Fraction(p))))) for p in range(out)]
