"""Pictures of cells with the class of every pixel, generated each time: ellipses, some in contact, noise, uneven light.

A threshold cannot tell the cells from the ground, since light falls off across the picture by more than a cell stands out: what is a cell
shows only against its surroundings.  Everything is drawn in whole numbers, so that every machine gets the same pictures.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from minicnn.datasets.catalog import Split

Map = npt.NDArray[np.int64]  # (SIZE, SIZE)

SIZE = 64
COUNTS: dict[Split, int] = {"train": 400, "test": 100}
SEEDS: dict[Split, int] = {"train": 20_150, "test": 20_151}
CELLS = (5, 10)  # in a picture, as the axes below: from the first number to before the second
LONG_AXES, SHORT_AXES = (6, 11), (4, 8)  # half of them, in pixels
ATTACHED = 20  # of a hundred cells, those that are put beside another
GAP = 2  # pixels of ground around cells that are not
TRIES = 30
GROUND, CONTRAST = (40, 65), (40, 61)  # grey values; a cell is so much lighter than the ground around it
SLOPE = 75  # of the light, from one edge to the other, at most
NOISE, ROLLS = 11, 4  # the sum of four numbers from -11 to 11: a deviation of 13.3
LEFT_RIGHT_UP_DOWN = ((0, 1), (0, -1), (1, 0), (-1, 0))


class Scene(NamedTuple):
    """One picture, and which cell each of its pixels belongs to, from 1; 0 is ground."""

    picture: npt.NDArray[np.uint8]
    owner: Map


def read_cells(split: Split) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Pictures (N, 1, 64, 64) uint8 and masks (N, 64, 64) int64, 1 for a cell; N is 400 for "train" and 100 for "test"."""
    scenes = draw_scenes(split)
    masks = np.stack([scene.owner > 0 for scene in scenes])
    return np.stack([scene.picture for scene in scenes])[:, None], masks.astype(np.int64)


def draw_scenes(split: Split) -> list[Scene]:
    """All scenes of a split.  NumPy's legacy generator (MT19937) never changes its stream; the order of the draws is part of the recipe."""
    random = np.random.RandomState(SEEDS[split])
    return [draw_scene(random) for _ in range(COUNTS[split])]


def draw_scene(random: np.random.RandomState) -> Scene:
    """One scene."""
    owner = np.zeros((SIZE, SIZE), np.int64)
    centres: list[tuple[int, int]] = []
    for _ in range(random.randint(*CELLS)):
        attached = bool(centres) and random.randint(100) < ATTACHED
        for _ in range(TRIES):
            shape = draw_shape(random)
            centre = beside(random, owner, centres, shape) if attached else apart(random, owner, shape)
            if centre is not None:
                centres.append(centre)
                owner[ellipse(*centre, *shape)] = len(centres)
                break
    return Scene(light_up(random, owner), owner)


def draw_shape(random: np.random.RandomState) -> tuple[int, int, int, int]:
    """Half axes, and a direction (row, column) for the long one."""
    direction_h, direction_w = random.randint(-9, 10), random.randint(1, 10)
    return random.randint(*LONG_AXES), random.randint(*SHORT_AXES), direction_h, direction_w


def ellipse(centre_h: int, centre_w: int, long: int, short: int, direction_h: int, direction_w: int) -> npt.NDArray[np.bool_]:
    """(SIZE, SIZE): where (along / long)^2 + (across / short)^2 <= 1, along and across the direction."""
    h, w = np.arange(SIZE)[:, None] - centre_h, np.arange(SIZE)[None] - centre_w
    along, across = direction_h * h + direction_w * w, direction_w * h - direction_h * w
    within = (long * short) ** 2 * (direction_h**2 + direction_w**2)
    return (short * along) ** 2 + (long * across) ** 2 <= within


def apart(random: np.random.RandomState, owner: Map, shape: tuple[int, int, int, int]) -> tuple[int, int] | None:
    """A centre that leaves ground around the cell; None if the one drawn does not."""
    centre = random.randint(SIZE), random.randint(SIZE)
    near = widened(ellipse(*centre, *shape), GAP)
    return None if owner[near].any() else centre


def beside(
    random: np.random.RandomState, owner: Map, centres: list[tuple[int, int]], shape: tuple[int, int, int, int]
) -> tuple[int, int] | None:
    """A centre with the cell in contact with another: moved away from it until they no longer overlap; None if something is in the way."""
    host = random.randint(len(centres))
    step_h, step_w = random.randint(-8, 9), random.randint(-8, 9)
    most = max(abs(step_h), abs(step_w), 1)  # a step is one pixel at most
    for turn in range(SIZE // 2):
        centre = centres[host][0] + turn * step_h // most, centres[host][1] + turn * step_w // most
        found = owner[ellipse(*centre, *shape)]
        if not (0 <= centre[0] < SIZE and 0 <= centre[1] < SIZE):
            return None
        if not found.any():
            around = owner[widened(ellipse(*centre, *shape), 1)]
            return centre if (around == host + 1).any() else None
    return None


def widened(inside: npt.NDArray[np.bool_], pixels: int) -> npt.NDArray[np.bool_]:
    """With all that is so many steps away, left, right, up or down."""
    for _ in range(pixels):
        wide = inside.copy()
        wide[1:] |= inside[:-1]
        wide[:-1] |= inside[1:]
        wide[:, 1:] |= inside[:, :-1]
        wide[:, :-1] |= inside[:, 1:]
        inside = wide
    return inside


def light_up(random: np.random.RandomState, owner: Map) -> npt.NDArray[np.uint8]:
    """The picture: ground in uneven light, lighter cells, noise."""
    slope_h, slope_w = random.randint(-SLOPE, SLOPE + 1), random.randint(-SLOPE, SLOPE + 1)
    h, w = np.arange(SIZE)[:, None], np.arange(SIZE)[None]
    light = (slope_h * h + slope_w * w) // SIZE
    contrast = np.concatenate([[0], random.randint(*CONTRAST, size=int(owner.max()) + CELLS[1])])
    noise = random.randint(-NOISE, NOISE + 1, size=(ROLLS, SIZE, SIZE)).sum(axis=0)
    values = random.randint(*GROUND) + light - light.min() + contrast[owner] + noise
    return np.clip(values, 0, 255).astype(np.uint8)
