"""Handwriting prepared as the images of MNIST and its relatives were made, from a picture of a whole sheet.

    picture = read_picture("seven.jpg", ground=None)       # dark on light or light on dark, lit unevenly, written anywhere
    image = as_handwriting(picture, "mnist")                # (1, 28, 28) uint8, light ink on black, as the network knows it

The ground is a smooth surface fitted to the sheet, the ink is what stands out from it on one side.  The ink is cut out, scaled, and
set into the middle of an image by the rule of the data set:

    mnist    into 20 x 20 pixels of 28 x 28, its centre of mass in the middle.  LeCun, Cortes, Burges, "The MNIST database", 1998
    emnist   into 24 x 24 pixels of 28 x 28, its box in the middle.  Cohen et al., "EMNIST", 2017, section II

Whose images were made like MNIST's can be seen in them, whatever the file they come from: `made_like`.

The 8 x 8 images of "digits" are not among them.  Made as their authors tell, set upright, 24 x 32 pixels large, strokes as thick as theirs,
counted in blocks of 4 x 4, lenet reads 97 % of 150 sheets of their own writers, but 83 % of 150 sheets with digits of MNIST: too few people
wrote them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from minicnn.datasets.pictures import Picture, resize, to_channels
from minicnn.errors import DataError, SettingError

Grey = npt.NDArray[np.float64]  # (H, W)

LEAST_SIDE, LARGEST_SIDE = 20, 512  # of a picture in pixels; larger ones are shrunk first
FIT_PIXELS = 64  # rows and columns of the grid of pixels that the ground is fitted to
FIT_ROUNDS = 30
TERMS = (1, 3, 6)  # of a constant, a plane, a quadratic surface
LEAST_GAIN = 0.5  # grey levels by which a surface with more terms must come nearer to the pixels
LEAST_CONTRAST = 12.0  # grey levels between ink and ground
NOISES = 5.0  # contrast of ink in units of the ground's roughness
FAINT = 0.1  # of full ink: paler pixels are ground
LEAST_IMAGES, MOST_IMAGES = 20, 500  # by which a data set is recognised
TRACE = 32  # of 255: paler pixels may come from compression
NEARLY_ALL = 0.95
SPECK = 0.03  # of the ink of the largest stroke: smaller ones are dirt


class Making(NamedTuple):
    """How the images of a data set were made.

    size : rows and columns of the image
    box : rows and columns that the ink fills, its shape kept
    by_mass : the centre of mass comes to the middle, otherwise the centre of the box
    """

    size: int
    box: tuple[int, int]
    by_mass: bool


MAKINGS = {
    "mnist": Making(28, (20, 20), by_mass=True),
    "emnist": Making(28, (24, 24), by_mass=False),
}


def as_handwriting(picture: Picture, like: str = "mnist", where: str = "the picture") -> npt.NDArray[np.uint8]:
    """The ink of a picture as an image of the data set `like`.

    Parameters
    ----------
    picture : (C, H, W) uint8, or float32 from 0 to 255
        One letter or digit, light or dark, on a ground that may be lit unevenly; grey, or red, green and blue.
    like : "mnist" or "emnist"
    where : str
        What errors call the picture.

    Returns
    -------
    (1, 28, 28) uint8: ink is 255, ground 0

    Raises
    ------
    DataError
        If nothing stands out from the ground, or the picture has other axes or fewer than 20 rows or columns.
    SettingError
        If `like` is not known.
    """
    if like not in MAKINGS:
        raise SettingError(f"like is {like!r}, but must be one of {', '.join(MAKINGS)}")
    if picture.ndim != 3 or len(picture) not in (1, 3) or not picture.size:
        raise DataError(f"{where} is {sizes(picture.shape)}, expected a grey or colour picture: (1 or 3, rows, columns)")
    if min(picture.shape[1:]) < LEAST_SIDE:
        raise DataError(f"{where} is {sizes(picture.shape[1:])}, too small to tell ink from ground: at least {LEAST_SIDE} x {LEAST_SIDE}")
    making = MAKINGS[like]
    ink = find_ink(_grey(picture), where)
    image = _placed(_scaled(_cut_out(ink), making.box), making)
    return np.rint(image * 255).astype(np.uint8)[None]


def made_like(images: npt.NDArray[Any]) -> str:
    """Whose rule the images (N, C, *space) of a data set follow, "mnist"; "" if none that can be told from them.

    Ink as large as the box, and its centre of mass in the middle, in nearly all of up to 500 images: all of MNIST's are so, however they
    were stored, none of Fashion-MNIST's.
    """
    making = MAKINGS["mnist"]
    if images.dtype != np.uint8 or images.shape[1:] != (1, making.size, making.size) or len(images) < LEAST_IMAGES:
        return ""
    rows = np.linspace(0, len(images) - 1, min(len(images), MOST_IMAGES)).astype(int)
    ink = np.where(images[rows, 0] > TRACE, images[rows, 0], 0).astype(np.float64)
    mass = ink.sum(axis=(1, 2))
    if not mass.all():
        return ""
    fits = np.zeros(len(rows), np.int64)
    right = np.ones(len(rows), bool)
    for axis in (1, 2):
        there = np.asarray(ink.any(axis=axis))  # (n, size) along the other axis
        length = making.size - there[:, ::-1].argmax(axis=1) - there.argmax(axis=1)
        fits = np.maximum(fits, length)
        middle = ink.sum(axis=axis) @ np.arange(making.size) / mass
        right &= np.abs(middle - making.size / 2) <= 1
    right &= (fits >= making.box[0] - 1) & (fits <= making.box[0])
    return "mnist" if right.mean() >= NEARLY_ALL else ""


def sizes(shape: tuple[int, ...]) -> str:
    """A shape in words: 28 x 28."""
    return " x ".join(map(str, shape))


def find_ink(grey: Grey, where: str) -> Grey:
    """How much of each pixel is ink, (H, W) from 0 to 1: what stands out from a smooth ground on the side that stands out more."""
    if grey.min() == grey.max():
        raise DataError(f"{where} is blank: all of its pixels have the same brightness")
    ground = smooth_ground(grey)
    above = grey - ground
    dark = np.square(above[above < 0]).sum() > np.square(above[above > 0]).sum()
    depth = -above if dark else above
    rough = 1.4826 * float(np.median(np.maximum(-depth, 0)[depth < 0])) if (depth < 0).any() else 0.0  # of the side without ink
    count = max(3, grey.size // 5000)  # a few pixels may be anything
    most = float(np.partition(depth, -count, axis=None)[-count])
    if most < LEAST_CONTRAST:
        raise DataError(f"{where} is blank: nothing stands out from its ground by more than {max(most, 0):.0f} of 255 grey levels")
    if most < NOISES * rough:
        raise DataError(
            f"{where} holds no ink that can be told from its ground: it stands out by {most:.0f} of 255 grey levels,"
            f" and the ground is uneven by {rough:.0f}"
        )
    colour = float(np.median(grey[depth > 0.7 * most]))
    contrast = np.maximum(ground - colour if dark else colour - ground, 0.3 * most)
    cut = max(FAINT, 3 * rough / most)
    share = np.clip(depth / contrast, 0, 1)
    return np.where(share > cut, share, 0.0).astype(np.float64)


def smooth_ground(grey: Grey) -> Grey:
    """The brightness of the ground, (H, W): the simplest of a constant, a plane and a quadratic surface that passes nearest to most pixels."""
    H, W = grey.shape
    v, u = (np.linspace(-1, 1, size) if size > 1 else np.zeros(1) for size in (H, W))
    rows, columns = (np.unique(np.linspace(0, size - 1, FIT_PIXELS).astype(int)) for size in (H, W))
    terms, heights = _terms(v[rows], u[columns]), grey[np.ix_(rows, columns)].ravel()
    best, factors = np.inf, np.zeros(0)
    for count in TERMS:
        found = _robust_fit(terms[:, :count], heights)
        miss = float(np.median(np.abs(heights - terms[:, :count] @ found)))
        if miss < best - LEAST_GAIN:
            best, factors = miss, found
    return (_terms(v, u)[:, : len(factors)] @ factors).reshape(H, W)


def _robust_fit(terms: Grey, heights: Grey) -> Grey:
    """Factors of the terms, by least squares in which what is far off counts less and less, in the end hardly at all."""
    weights, factors = np.ones(len(heights)), np.zeros(terms.shape[1])
    for n in range(FIT_ROUNDS):
        root = np.sqrt(weights)
        factors = np.linalg.lstsq(terms * root[:, None], heights * root, rcond=None)[0].astype(np.float64)
        off = np.abs(heights - terms @ factors)
        if n < FIT_ROUNDS // 3:
            weights = 1 / np.maximum(off, 1.0)  # towards the least sum of distances
        else:
            scale = 3 * max(1.0, 1.4826 * float(np.median(off)))
            weights = 1 / np.square(1 + np.square(off / scale))
    return factors


def _terms(v: Grey, u: Grey) -> Grey:
    """1, v, u, v^2, vu, u^2 at every pair of a row v and a column u: (rows * columns, 6)."""
    rows, columns = (each.ravel() for each in np.meshgrid(v, u, indexing="ij"))
    return np.stack([np.ones_like(rows), rows, columns, rows * rows, rows * columns, columns * columns], axis=1)


def _grey(picture: Picture) -> Grey:
    """(H, W) from 0 to 255, shrunk if it is large."""
    grey = to_channels(picture.astype(np.float32), 1)
    _, H, W = grey.shape
    if max(H, W) > LARGEST_SIDE:
        grey = resize(grey, *(max(1, round(size * LARGEST_SIDE / max(H, W))) for size in (H, W)))
    return grey[0].astype(np.float64)


def _cut_out(ink: Grey) -> Grey:
    """The rows and columns of the strokes, without specks elsewhere."""
    names = strokes(ink > 0)
    masses = np.bincount(names.ravel(), ink.ravel())
    masses[0] = 0  # the ground
    kept = (masses >= SPECK * masses.max())[names] & (names > 0)
    rows, columns = np.flatnonzero(kept.any(axis=1)), np.flatnonzero(kept.any(axis=0))
    return np.where(kept, ink, 0)[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def strokes(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Pixels that touch, corners included, share a number from 1; 0 where the mask is false.

    Each row is cut into runs; runs of neighbouring rows that touch get the same root.
    """
    names = np.zeros(mask.shape, np.int64)
    roots = [0]

    def root(name: int) -> int:
        while roots[name] != name:
            roots[name] = name = roots[roots[name]]
        return name

    above: list[tuple[int, int, int]] = []  # first column, last column + 1, name
    for h, row in enumerate(mask):
        edges = np.flatnonzero(np.diff(row.astype(np.int8), prepend=0, append=0)).tolist()
        here, n = [], 0
        for first, stop in zip(edges[::2], edges[1::2], strict=True):
            name = len(roots)
            roots.append(name)
            while n < len(above) and above[n][1] < first:
                n += 1
            m = n
            while m < len(above) and above[m][0] <= stop:
                roots[root(above[m][2])] = root(name)
                m += 1
            here.append((first, stop, name))
            names[h, first:stop] = name
        above = here
    return np.array([root(name) for name in range(len(roots))])[names]


def _scaled(ink: Grey, box: tuple[int, int]) -> Grey:
    """The ink in the size of the box, its shape kept; what shrinking made pale is dark again."""
    factor = min(most / size for most, size in zip(box, ink.shape, strict=True))
    rows, columns = (max(1, min(most, round(size * factor))) for most, size in zip(box, ink.shape, strict=True))
    scaled = resize(ink[None], rows, columns)[0].astype(np.float64)
    full = float(np.sort(scaled, axis=None)[-max(1, scaled.size // 20)])
    return np.clip(scaled / full, 0, 1) if 0 < full < 1 else scaled


def _placed(ink: Grey, making: Making) -> Grey:
    """The ink in the middle of an image."""
    image = np.zeros((making.size, making.size))
    starts = []
    for axis, size in enumerate(ink.shape):
        middle = (size - 1) / 2
        if making.by_mass:
            middle = float(ink.sum(axis=1 - axis) @ np.arange(size) / ink.sum())
        place = making.size / 2 - middle if making.by_mass else (making.size - size) / 2
        starts.append(min(max(0, int(np.floor(place + 0.5))), making.size - size))
    image[starts[0] : starts[0] + ink.shape[0], starts[1] : starts[1] + ink.shape[1]] = ink
    return image
