"""What would make a network fit, found by trying it out.

A layer knows which of its own settings would work.  This module looks for the rest: a larger input, the nearest inputs for which
everything fits, and padding for the smaller of two branches that meet.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from minicnn.errors import ShapeError
from minicnn.geometry import shape_text
from minicnn.graph.node import Step
from minicnn.graph.shapes import Shapes, propagate, shape_of, ways_to
from minicnn.layers import Shape
from minicnn.layers.windowed import Windowed

LARGEST_TRY = 1 << 14  # pixels; no larger input is tried
FARTHEST_TRY = 64  # pixels up and down; no input farther away is tried
MOST_NAMES = 4  # layers that a repair names one by one


def repairs(steps: Sequence[Step], known: Sequence[Shapes], input_shape: Shape) -> list[str]:
    """Changes that make the first step of unknown shape fit, each to follow "use"."""
    broken = steps[len(known)]
    inputs = tuple(shape_of(ref, known, input_shape) for ref in broken.inputs)
    words = [*broken.layer.repairs(inputs)]
    if broken.layer.grows:
        # one that fits all that follows as well, unless no input can
        larger = words and (_smallest_input(steps, input_shape) or _smallest_input(steps[: len(known) + 1], input_shape))
        return [*words, f"an input of at least {shape_text(larger[1:])}"] if larger else words
    if len(inputs) > 1:
        words = [*_padded_ways(steps, known, inputs, input_shape), *words]
    if words or len(inputs) > 1:
        sizes = _nearest_inputs(steps, input_shape)
        if sizes:
            words.append(f"an input of {' or '.join(shape_text(space) for space in sizes)}")
    return words


def _fits(steps: Sequence[Step], input_shape: Shape) -> bool:
    try:
        propagate(steps, input_shape, [])
    except ShapeError:
        return False
    return True


def _smallest_input(steps: Sequence[Step], input_shape: Shape) -> Shape | None:
    """The smallest input, no axis smaller than now, that passes all these steps; None if growing it does not help."""

    def grown(least: int) -> Shape:
        return input_shape[0], *(max(size, least) for size in input_shape[1:])

    if len(input_shape) < 2:
        return None
    short = min(input_shape[1:])
    enough = max(2, 2 * short)
    while not _fits(steps, grown(enough)):
        short, enough = enough, 2 * enough
        if enough > LARGEST_TRY:
            return None
    while enough - short > 1:
        middle = (short + enough) // 2
        short, enough = (short, middle) if _fits(steps, grown(middle)) else (middle, enough)
    return grown(enough)


def _nearest_inputs(steps: Sequence[Step], input_shape: Shape) -> list[Shape]:
    """The nearest smaller and larger sizes of the input for which the whole network fits; each axis is tried by itself."""
    channels, *space = input_shape

    @cache
    def fits_all_axes(size: int) -> bool:
        return _fits(steps, (channels, *(size for _ in space)))

    found = []
    for direction in (-1, 1):
        sizes = [
            next(
                (
                    size + direction * far
                    for far in range(FARTHEST_TRY + 1)
                    if size + direction * far > 0 and fits_all_axes(size + direction * far)
                ),
                None,
            )
            for size in space
        ]
        candidate = tuple(size for size in sizes if size is not None)
        if space and len(candidate) == len(space) and candidate != tuple(space) and _fits(steps, (channels, *candidate)):
            found.append(candidate)
    return found


def _padded_ways(steps: Sequence[Step], known: Sequence[Shapes], inputs: tuple[Shape, ...], input_shape: Shape) -> list[str]:
    """Padding "same" for the windows of stride 1 that make one branch smaller than the others, if that makes them agree."""
    broken = steps[len(known)]
    smallest = min(range(len(inputs)), key=lambda n: inputs[n][1:])
    others = [ref for n, ref in enumerate(broken.inputs) if n != smallest]
    own = sorted(ways_to([broken.inputs[smallest]], steps) - ways_to(others, steps))
    padded = {}
    for index in own:
        layer, (before, after) = steps[index].layer, known[index]
        if isinstance(layer, Windowed) and before[0][1:] != after[0][1:] and (other := layer.keeping_size()) is not None:
            padded[index] = steps[index]._replace(layer=other)
    if not padded:
        return []
    tried = [padded.get(index, step) for index, step in enumerate(steps[: len(known)])]
    now: list[Shapes] = []
    try:
        propagate(tried, input_shape, now)
    except ShapeError:
        return []
    meeting = tuple(shape_of(ref, now, input_shape) for ref in broken.inputs)
    words = f"padding 'same' in {_listed([steps[index].name for index in padded])}"
    try:
        broken.layer.output_shapes(broken.where, meeting)
    except ShapeError:
        return [f"{words} together with {more}" for more in broken.layer.repairs(meeting)]
    return [words]


def _listed(names: Sequence[str]) -> str:
    if len(names) > MOST_NAMES:
        return f"{', '.join(names[: MOST_NAMES - 1])} ... {names[-1]}"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
