"""Places of arrays: the letters of their axes, and the same place in another view of the same memory."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import numpy as np

SPACES = {0: (), 1: ("w",), 2: ("h", "w"), 3: ("d", "h", "w")}
OUTS = {0: (), 1: ("q",), 2: ("p", "q"), 3: ("o", "p", "q")}
ANY = {1: ("k",), 2: ("n", "f"), 3: ("n", "c", "w"), 4: ("n", "c", "h", "w"), 5: ("n", "c", "d", "h", "w")}


def documented(function: Callable[..., Any]) -> dict[str, tuple[str, ...]]:
    """Array -> the letters of its axes, small, as a loop's docstring has them: "x : (N, C, H, W) float"."""
    found: dict[str, tuple[str, ...]] = {}
    for names, sizes in re.findall(r"^([\w, ]+) : \(([^)]*)\)", inspect.getdoc(function) or "", re.MULTILINE):
        letters = tuple(_letter(size) for size in sizes.split(",") if size.strip())
        found |= dict.fromkeys((name.strip() for name in names.split(",")), letters)
    return found


def _letter(size: str) -> str:
    word = re.match(r"[A-Za-z]+", size.strip())
    return word.group().lower() if word and len(word.group()) == 1 else "j" if word else "i"


def letters_of(function: Callable[..., Any], name: str, axes: int) -> tuple[str, ...]:
    """The letters of an array with so many axes; where the loop flattens its space, those of a map."""
    known = documented(function).get(name, ())
    return known if len(known) == axes else ANY.get(axes, tuple(f"i{n}" for n in range(axes)))


def same_memory(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two arrays are views of the same numbers, all of them."""
    return one.size > 0 and one.size == other.size and _bounds(one) == _bounds(other)


def place_in(view: np.ndarray, array: np.ndarray, place: tuple[int, ...]) -> tuple[int, ...]:
    """The place in `view` of what lies at `place` of `array`, which is the same memory in other axes."""
    if view.shape == array.shape and view.strides == array.strides:
        return place
    address = array.__array_interface__["data"][0] + sum(i * stride for i, stride in zip(place, array.strides, strict=True))
    rest = address - _bounds(view)[0]
    found = [0] * view.ndim
    for axis in sorted(range(view.ndim), key=lambda axis: (-abs(view.strides[axis]), view.shape[axis])):
        if view.shape[axis] > 1:
            steps, rest = divmod(rest, abs(view.strides[axis]))
            found[axis] = steps if view.strides[axis] > 0 else view.shape[axis] - 1 - steps
    return tuple(found)


def _bounds(array: np.ndarray) -> tuple[int, int]:
    """Where its first byte lies, and its last number."""
    start = array.__array_interface__["data"][0]
    steps = [(size - 1) * stride for size, stride in zip(array.shape, array.strides, strict=True)]
    return start + sum(step for step in steps if step < 0), start + sum(step for step in steps if step > 0)
