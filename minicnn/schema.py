"""Values from files: what the JSON in them may hold, checked before anything is built from it.

Files come from anywhere.  Each check returns the value with its type, or raises a CheckpointError that names place and value.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from minicnn.errors import CheckpointError, quoted
from minicnn.geometry import LARGEST_SETTING

MOST_LETTERS = 1 << 23  # of one JSON text; the largest network of the zoo takes 67,000
MOST_LEVELS = 250  # nesting of objects and lists; a block in a block takes two
LONGEST_TEXT = 4096
LARGEST_IMAGE = 1 << 28  # numbers: 1 GiB as float32
MOST_AXES = 4

Checked = TypeVar("Checked")


def parse(content: str, where: str, most_letters: int = MOST_LETTERS) -> Any:
    """The value of a JSON text, with finite numbers and bounded nesting.

    Raises
    ------
    CheckpointError
        If it is not JSON, or longer or deeper than minicnn writes.
    """
    if len(content) > most_letters:
        raise CheckpointError(f"{where} is broken: {len(content):,} characters, more than the {most_letters:,} allowed")
    try:
        value = json.loads(content, parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{where} is broken: {error}") from error
    if _levels(value) > MOST_LEVELS:
        raise CheckpointError(f"{where} is broken: objects and lists are nested more than {MOST_LEVELS} deep")
    return value


def _finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _no_number(digits)


def _no_number(letters: str) -> float:
    raise ValueError(f"{quoted(letters)} is not a finite number")


def _levels(value: object) -> int:
    """How deep lists and objects are nested, or just over the limit."""
    levels, inner = 0, [value]
    while inner and levels <= MOST_LEVELS + 1:
        levels += 1
        inner = [each for held in inner if isinstance(held, (list, dict)) for each in (held.values() if isinstance(held, dict) else held)]
    return levels - 1


def record(where: str, value: object, names: Iterable[str]) -> dict[str, Any]:
    """An object with exactly these names."""
    wanted = sorted(names)
    if not isinstance(value, dict) or sorted(value) != wanted:
        raise CheckpointError(f"{where} must be an object with {', '.join(wanted)}, but is {quoted(value)}")
    return value


def whole(where: str, name: str, value: object, least: int = 0, most: int = LARGEST_SETTING) -> int:
    """A whole number from `least` to `most`."""
    if type(value) is not int or not least <= value <= most:
        raise CheckpointError(f"{where}: {name} is {quoted(value)}, but must be a whole number from {least} to {most}")
    return value


def real(where: str, name: str, value: object, least: float = -math.inf, most: float = math.inf, below: float = math.inf) -> float:
    """A finite number from `least` to `most`, and less than `below`."""
    try:
        given = float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan
    except OverflowError:  # a whole number beyond the largest float
        given = math.nan
    if not (math.isfinite(given) and least <= given <= most and given < below):
        bounds = [f"at least {least:g}"] * (least > -math.inf) + [f"at most {most:g}"] * (most < math.inf)
        bounds += [f"less than {below:g}"] * (below < math.inf)
        raise CheckpointError(f"{where}: {name} is {quoted(value)}, but must be a finite number{', ' * bool(bounds)}{' and '.join(bounds)}")
    return given


def text(where: str, name: str, value: object) -> str:
    """A text no longer than names and paths are; any characters, control characters too."""
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise CheckpointError(f"{where}: {name} is {quoted(value)}, but must be text of at most {LONGEST_TEXT} characters")
    return value


def word(where: str, name: str, value: object) -> str:
    """A text on one line that can be printed as it is."""
    if not text(where, name, value).isprintable():
        raise CheckpointError(f"{where}: {name} is {quoted(value)}, but must be printable characters only")
    return str(value)


def items(where: str, name: str, value: object, check: Callable[..., Checked], **limits: Any) -> tuple[Checked, ...]:
    """A list whose items all pass `check`."""
    if not isinstance(value, (list, tuple)):
        raise CheckpointError(f"{where}: {name} is {quoted(value)}, but must be a list")
    return tuple(check(where, f"an item of {name}", each, **limits) for each in value)


def image_shape(where: str, name: str, value: object) -> tuple[int, ...]:
    """The shape of an image, (C, *space) or (F,), small enough to fit into memory."""
    shape = items(where, name, value, whole, least=1)
    if not 1 <= len(shape) <= MOST_AXES or math.prod(shape) > LARGEST_IMAGE:
        raise CheckpointError(
            f"{where}: {name} is {quoted(value)}, but must be one to {MOST_AXES} sizes of at most {LARGEST_IMAGE:,} numbers"
        )
    return shape
