"""Maps of another size: Resize, and Upsample before it."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING, Any

from minicnn import layers as L
from minicnn.errors import GraphError, quoted
from minicnn.exchange.onnx.operators import Operator, Value, check_places, reads
from minicnn.exchange.onnx.readers.axes import taken
from minicnn.layers import Shape

if TYPE_CHECKING:
    from minicnn.exchange.onnx.reading import Reading


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
    check_places(*wanted)
    axes = list(zip(x.shape[1:], wanted[2:], exact[2:], strict=True))
    if mode == "nearest":
        rounding = operator.word("nearest_mode", "round_prefer_floor") if how != "asymmetric" or not old else "floor"
        places = [_nearest(how, rounding, *axis) for axis in axes]
        if all(own == [p * size // out for p in range(out)] for own, (size, out, _) in zip(places, axes, strict=True)):
            return reading.layer(_upsample(x.shape, wanted[2:], mode="nearest"), x)
        for axis, own in enumerate(places, 2):
            x = taken(reading, x, axis, own)
        return x
    if any(scale != Fraction(out, size) for size, out, scale in axes):
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
        sizes, given = [1, *x.shape], [int(each) for each in operator.constant(3, "sizes").tolist()]
        policy = operator.word("keep_aspect_ratio_policy", "stretch")
        if policy == "stretch":
            for axis, size in zip(axes, given, strict=True):
                sizes[axis] = size if axis % rank else 1
            return None, sizes
        each = [Fraction(size, sizes[axis]) for axis, size in zip(axes, given, strict=True)]
        scale, scales = (min if policy == "not_larger" else max)(each), [Fraction(1)] * rank
        for axis in axes:
            sizes[axis], scales[axis] = floor(sizes[axis] * scale + Fraction(1, 2)), scale
        return scales, sizes
    scales = [Fraction(1)] * rank
    for axis, scale in zip(axes, operator.numbers(2, "scales").tolist(), strict=True):
        scales[axis] = Fraction(scale)
    return scales, None


def _nearest(how: str, rounding: str, size: int, out: int, scale: Fraction) -> list[int]:
    """The pixel that each output reads, by ONNX's formulas."""
    half = Fraction(1, 2)
    places: dict[str, Callable[[Fraction], Fraction]] = {
        "asymmetric": lambda p: p / scale,
        "half_pixel": lambda p: (p + half) / scale - half,
        "pytorch_half_pixel": lambda p: (p + half) / scale - half if out > 1 else Fraction(0),
        "align_corners": lambda p: p * (size - 1) / (size * scale - 1) if size * scale != 1 else Fraction(0),
    }
    round_to: dict[str, Callable[[Fraction], int]] = {
        "floor": floor,
        "ceil": lambda place: -floor(-place),
        "round_prefer_floor": lambda place: -floor(half - place),
        "round_prefer_ceil": lambda place: floor(place + half),
    }
    if how not in places or rounding not in round_to:
        raise GraphError(f"its coordinates are {quoted(how)}, {quoted(rounding)}")
    return [min(size - 1, max(0, round_to[rounding](places[how](Fraction(p))))) for p in range(out)]
