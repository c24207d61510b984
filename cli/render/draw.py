"""A network's picture as SVG, written by hand: boxes, lines labelled with shapes, frames around blocks."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import NamedTuple

from minicnn.cli.render.draw_flow import DOWN, RIGHT, Content, flow_sheet
from minicnn.cli.render.draw_scaled import NOTE, scaled_sheet
from minicnn.cli.render.draw_sheet import LINE_HEIGHT, PADDING, text_box
from minicnn.cli.render.draw_u import u_sheet
from minicnn.cli.render.draw_words import colour_of, words_of
from minicnn.errors import SettingError
from minicnn.graph import Topology
from minicnn.graph.drawing import Box, Picture, picture
from minicnn.graph.u_shape import UShape, u_shape, with_folded_arms

WIDTH = 186  # pixels of a box
DIRECTIONS = ("down", "right")
SHAPES = ("auto", "plain", "u")


class Look(NamedTuple):
    """How a picture is laid out.

    direction : "down" or "right" of a plain one; None lets a U be a U, and what is to scale run to the right
    shape : "u", "plain", or "auto": a U where the network is one
    scaled : whether blocks have the proportions of what they hold
    """

    direction: str | None = None
    shape: str = "auto"
    scaled: bool = False


def svg(topology: Topology, title: str, source: str, depth: int | None = None, look: Look = Look()) -> str:  # noqa: B008 a constant
    """The whole file; `depth` folds blocks as the summary's does, in a U depth 1 each half of a level.

    Raises
    ------
    SettingError
        If a U is wanted of a network that is none, or a scale where sizes are free.
    """
    if look.scaled and topology.samples:
        raise SettingError(
            f"draw: sizes of {title} are free, so that nothing can be to scale\n  give an input of one size, as in --input 1x64x64"
        )
    sized = topology.samples[-1] if topology.samples else topology  # layers are asked where sizes are known
    known, shape = arranged(sized, title, depth, look)
    drawn = Picture(tuple(_with_nodes(box, topology) for box in known.boxes), known.lines)
    if look.scaled:
        return scaled_sheet(topology, drawn, shape, title).svg(title, f"{source}  ({NOTE})" if source else NOTE)
    content = []
    for box in known.boxes:
        words = words_of(box, sized, title, 1 if shape is None else 2)
        marks = partial(text_box, words=words, colour=colour_of(box))
        content.append(Content(WIDTH, 2 * PADDING + LINE_HEIGHT * len(words), marks))
    if shape is not None:
        return u_sheet(topology, drawn, shape, content).svg(title, source)
    return flow_sheet(topology, drawn, content, RIGHT if look.direction == "right" else DOWN).svg(title, source)


def arranged(topology: Topology, title: str, depth: int | None, look: Look) -> tuple[Picture, UShape | None]:
    """The boxes, folded, and the U that they make, if one is wanted."""
    drawn = picture(topology, depth)
    if look.shape == "plain" or (look.shape == "auto" and look.direction is not None):
        return drawn, None
    whole = picture(topology) if depth == 1 else drawn
    shape = u_shape(whole)
    if shape is None:
        if look.shape == "u":
            raise SettingError(
                f"draw: {title} is not a U: down to small maps and up again in one path, with skips across"
                f"\n  use --shape plain{'' if depth is None else ', or another --depth'}"
            )
        return drawn, None
    return with_folded_arms(whole, shape) if depth == 1 else (drawn, shape)


def _with_nodes(box: Box, topology: Topology) -> Box:
    """The same box of the same network for other sizes."""
    return replace(box, nodes=tuple(topology.nodes[node.index] for node in box.nodes))
