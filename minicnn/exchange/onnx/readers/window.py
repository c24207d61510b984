"""Windows from attributes of a node: what a layer's settings are."""

from __future__ import annotations

from typing import Any

from minicnn.errors import GraphError, quoted
from minicnn.exchange.onnx.operator import Operator
from minicnn.geometry import Pair, same_padding


def window_of(operator: Operator, space: tuple[int, ...], taps: tuple[int, ...] | None = None) -> dict[str, Any]:
    """Settings window, stride, padding and dilation for a map of these sizes; `taps` are those of the weights."""
    n = len(space)
    window = operator.integers("kernel_shape", taps)
    if window is None or len(window) != n or (taps is not None and window != taps):
        raise GraphError(f"its kernel_shape is {window}, but it reads a map of {n} axes" + (f" with weights of {taps}" if taps else ""))
    stride, dilation = operator.integers("strides", (1,) * n), operator.integers("dilations", (1,) * n)
    padding = padding_of(operator, space, window, stride or (), dilation or ())
    return {"window": window, "stride": stride, "padding": padding, "dilation": dilation}


def padding_of(
    operator: Operator, space: tuple[int, ...], window: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]
) -> Any:
    """The padding as pairs, or "same", whose odd pixel stands after; SAME_LOWER has it before."""
    how = operator.word("auto_pad", "NOTSET")
    if how == "NOTSET":
        return pairs_of(operator.integers("pads", (0,) * (2 * len(space))) or ())
    if how == "VALID":
        return 0
    if how == "SAME_UPPER":
        return "same"
    if how != "SAME_LOWER":
        raise GraphError(f"its auto_pad is {quoted(how)}")
    pairs = [same_padding(*each) for each in zip(space, window, stride, dilation, strict=True)]
    return tuple((after, before) for before, after in pairs)


def pairs_of(pads: tuple[int, ...]) -> tuple[Pair, ...]:
    """All that stand before, then all that stand after, as pairs."""
    half = len(pads) // 2
    return tuple(zip(pads[:half], pads[half:], strict=True))


def with_more(padding: Any, pairs: tuple[Pair, ...], n: int) -> tuple[Pair, ...]:
    """A padding in numbers, and more around it."""
    own = ((0, 0),) * n if padding == 0 else padding
    return tuple((one[0] + other[0], one[1] + other[1]) for one, other in zip(own, pairs, strict=True))
