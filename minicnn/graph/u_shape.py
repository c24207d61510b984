"""The U in a network's picture: down to small maps, up again to large ones, with a skip across at every level.

A picture is a U if its boxes follow each other in one path, but for skips over a part of it in which maps are smaller, one within the other:

    down1                -> join1 after1
        down2        -> join2 after2
            bottom

Ronneberger, Fischer, Brox, "U-Net: Convolutional Networks for Biomedical Image Segmentation", 2015, figure 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import prod
from typing import NamedTuple

from minicnn.graph.drawing import Box, Line, Picture


class Level(NamedTuple):
    """The boxes of one level, by their numbers in the picture.

    down : the last of them is where the skip begins
    bypass : on the skip, as a crop
    before : after the level below, with maps as large as here again
    join : where the skip ends
    after : behind it, with maps of this size
    """

    down: tuple[int, ...]
    bypass: tuple[int, ...]
    before: tuple[int, ...]
    join: int
    after: tuple[int, ...]


class UShape(NamedTuple):
    """Levels from the outermost, and the boxes below them all."""

    levels: tuple[Level, ...]
    bottom: tuple[int, ...]


class Skip(NamedTuple):
    """A way from one box of the path to a later one, over boxes of its own."""

    start: int
    end: int
    over: tuple[int, ...]


def u_shape(drawn: Picture) -> UShape | None:
    """How a picture's boxes make a U; None if they do not."""
    aside = {number for number, box in enumerate(drawn.boxes) if box.block is None and box.nodes[0].layer.bypass}
    path = [number for number in range(len(drawn.boxes)) if number not in aside]
    skips = _skips(drawn, path, aside)
    if not skips or any(line.start is None and line.end != path[0] for line in drawn.lines):
        return None
    place = {number: index for index, number in enumerate(path)}
    skips.sort(key=lambda skip: place[skip.start])
    if any(place[one.start] >= place[other.start] or place[one.end] <= place[other.end] for one, other in pairwise(skips)):
        return None
    ends = [(place[skip.start], place[skip.end]) for skip in skips]
    if not all(_dips(drawn, path[start + 1 : end], drawn.boxes[path[end]]) for start, end in ends):
        return None
    return _levels(drawn, path, skips, ends)


def _skips(drawn: Picture, path: Sequence[int], aside: set[int]) -> list[Skip]:
    """The ways beside the path; none if the path is not one, or ways beside it fork."""
    onward: dict[int, list[int]] = {}
    for line in drawn.lines:
        if line.start is not None:
            onward.setdefault(line.start, []).append(line.end)
    if any(later not in onward.get(number, ()) for number, later in pairwise(path)):
        return []
    found = []
    following = dict(pairwise(path))
    for number in path:
        for first in onward.get(number, ()):
            if first == following.get(number):
                continue
            end, over = first, []
            while end in aside:
                over.append(end)
                if len(onward.get(end, ())) != 1:
                    return []
                (end,) = onward[end]
            found.append(Skip(number, end, tuple(over)))
    return found


def _space(box: Box) -> int:
    return prod(box.nodes[-1].output_shapes[0][1:])


def _dips(drawn: Picture, within: Sequence[int], join: Box) -> bool:
    """Whether maps become smaller than where a skip ends."""
    return any(prod(node.output_shapes[0][1:]) < _space(join) for number in within for node in drawn.boxes[number].nodes)


def _levels(drawn: Picture, path: list[int], skips: Sequence[Skip], ends: Sequence[tuple[int, int]]) -> UShape:
    starts, joins = zip(*ends, strict=True)
    downs = [tuple(path[before + 1 : start + 1]) for before, start in pairwise((-1, *starts))]
    inner = path[starts[-1] + 1 : joins[-1]]
    behind = [path[join + 1 : outer] for outer, join in pairwise((len(path), *joins))]  # of each level, until the next join
    afters, befores = [tuple(behind[0])], []
    for skip, segment in zip(skips, [*behind[1:], inner], strict=True):
        least = 1 if segment is inner else 0  # something is below
        size = _space(drawn.boxes[skip.end])
        up = next((place for place in range(least, len(segment)) if _space(drawn.boxes[segment[place]]) >= size), len(segment))
        afters.append(tuple(segment[:up]))
        befores.append(tuple(segment[up:]))
    *afters, bottom = afters
    return UShape(
        tuple(
            Level(down, skip.over, before, skip.end, after) for down, skip, before, after in zip(downs, skips, befores, afters, strict=True)
        ),
        bottom,
    )


def with_folded_arms(drawn: Picture, shape: UShape) -> tuple[Picture, UShape]:
    """The picture with one box for each half of a level, and one for the bottom; boxes of other blocks behind a level stay."""
    merged: list[tuple[list[int], str]] = []
    levels: list[tuple[int, int, tuple[int, ...]]] = []

    def add(numbers: Sequence[int], title: str) -> int:
        merged.append((list(numbers), title))
        return len(merged) - 1

    for depth, level in enumerate(shape.levels, 1):
        levels.append((add(level.down, f"level {depth}, down"), -1, ()))
    bottom = add(shape.bottom, "bottom")
    for depth, level in reversed([*enumerate(shape.levels, 1)]):
        home = drawn.boxes[level.join].path
        own = 0
        while own < len(level.after) and drawn.boxes[level.after[own]].path == home:
            own += 1
        up = add([*level.before, *level.bypass, level.join, *level.after[:own]], f"level {depth}, up")
        rest = tuple(add([number], "") for number in level.after[own:])
        levels[depth - 1] = (levels[depth - 1][0], up, rest)
    boxes = tuple(
        drawn.boxes[numbers[0]]
        if not title
        else Box(tuple(node for number in sorted(numbers) for node in drawn.boxes[number].nodes), row, 0, None, title)
        for row, (numbers, title) in enumerate(merged)
    )
    home_of = {number: index for index, (numbers, _) in enumerate(merged) for number in numbers}
    lines = dict.fromkeys(
        Line(None if line.start is None else home_of[line.start], home_of[line.end], line.value)
        for line in drawn.lines
        if line.start is None or home_of[line.start] != home_of[line.end]
    )
    folded = UShape(tuple(Level((down,), (), (), up, rest) for down, up, rest in levels), (bottom,))
    return Picture(boxes, tuple(lines)), folded
