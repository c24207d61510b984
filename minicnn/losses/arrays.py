"""A loss's loops on NumPy arrays, called by the names of their arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from minicnn.errors import SettingError, ShapeError, quoted
from minicnn.geometry import shape_text
from minicnn.kernels import textbook
from minicnn.kernels.derive import read
from minicnn.kernels.derive.checked import run_checked
from minicnn.layers import Shape

if TYPE_CHECKING:
    from minicnn.losses.base import Loop, Loss


def kind_of(loss: Loss, labels: np.ndarray) -> str:
    """What kind of target an array is to a loss: numbers or boxes where it holds floats, else a class, or a mask where it has space."""
    if labels.dtype.kind == "f":
        return "boxes" if "boxes" in loss.targets else "numbers"
    return "class" if labels.ndim == 1 else "mask"


def loop_of(loss: Loss, loop: Loop | None) -> Callable[..., None]:
    """A loop of a loss, given itself or by its textbook name; a SettingError if there is none."""
    found = getattr(textbook, loop, None) if isinstance(loop, str) else loop
    if not callable(found):
        words = "has no loops" if loop is None else f"has the loop {quoted(loop)}, which is not known"
        raise SettingError(f"{loss.kind()} {words}\n  give the class {loss.kind()} a forward and a backward")
    return found


def is_own(loop: Callable[..., None]) -> bool:
    """Whether a loop is a user's, of which nobody knows yet that its places lie inside its arrays."""
    return not loop.__module__.startswith(f"{textbook.__name__}.")


def arguments_of(loss: Loss, loop: Callable[..., None], known: Mapping[str, Any]) -> dict[str, Any]:
    """What a loop is called with; a SettingError if it asks for something that is not known."""
    for name in read(loop).arguments:
        if name not in known:
            raise SettingError(
                f"{loss.kind()}: the loop {loop.__name__} asks for {name!r}, which is no array or setting of it"
                f"\n  known are {', '.join(known)}"
            )
    return {name: known[name] for name in read(loop).arguments}


def in_axes(loss: Loss, loop: Callable[..., None], name: str, shape: Shape) -> Shape:
    """The shape (N, ...) of an array in the axes that a loop has for it: (N, K, L) or (N, F) for (N, K, *space); a ShapeError if none."""
    axes = read(loop).ranks.get(name, 0)
    if axes in (0, len(shape)):
        return shape
    size = int(np.prod(shape[1:]))
    if axes == 1 and size == 1:
        return shape[:1]
    if axes == 2:
        return (shape[0], size)
    if axes == 3 and len(shape) >= 2:
        return (*shape[:2], size // max(1, shape[1]))
    raise ShapeError(
        f"{loss.kind()}: the loop {loop.__name__} has {axes} axes for {name}, but here it is {shape_text(shape)}, images first"
    )


def call(loss: Loss, which: str, arrays: Mapping[str, np.ndarray], output_shape: Shape, input_shape: Shape) -> None:
    """Call the loop forward, backward or right; "target" among the arrays says for which kind of target."""
    kind = kind_of(loss, arrays["target"])
    loop = loop_of(loss, getattr(loss.loops(kind), which))
    views = {name: array.reshape(in_axes(loss, loop, name, array.shape)) for name, array in arrays.items()}
    arguments = arguments_of(loss, loop, {**loss.loop_settings(output_shape, input_shape), **views})
    if is_own(loop):
        run_checked(read(loop), list(arguments.values()))
    else:
        loop(*arguments.values())
