"""Views of a network as figures: pictures and bars whose captions hold the numbers behind them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from minicnn.charts import Bars, Chart, Figure, Picture, PictureGrid
from minicnn.geometry import shape_text
from minicnn.views import Deconvolution, Filters, Histogram, Maps, Occlusion, Patches, Saliency
from minicnn.views.patches import cut

MOST_PLANES = 8  # channels of a deep filter beside each other, and filters below each other
MOST_FILTERS = 96  # pictures of filters with a single plane
MOST_MAPS = 8  # channels of a layer
ROW = 64  # flat features in a row of pixels
PAIRS = 4  # pictures in a row of patches, each beside what was led back: they fit into 80 columns
ALONE, FEW, MANY = 80, 40, 30  # pixels across a picture in a terminal: of one in a row, of two or three, of more
STRIP = 8  # so many times longer than high is a signal


def filter_figures(title: str, found: Filters, unit: int | None = None) -> list[Figure]:
    """A picture for each filter, in colour; or a row for each filter, a picture for each channel that it sees."""
    weight = found.weight
    K, C = weight.shape[:2]
    known = weight[np.isfinite(weight)]
    taps = shape_text(weight.shape[2:]).replace(" ", "")
    words = f"{title}: {K} filters {C}x{taps} of {found.layer} ({found.kind})"
    if found.tile:
        words += f" at place {','.join(map(str, found.place))} of {shape_text(found.tile)}"
    words += f", weights from {known.min():.3g} to {known.max():.3g}"
    if found.colour or C == 1 or weight.ndim == 3:
        shown = range(K)[:MOST_FILTERS] if unit is None else [unit]
        words += f"; the first {MOST_FILTERS}" if len(shown) < K and unit is None else ""
        pictures = [Picture(f"{k}: {_extent(weight[k])}", _one(weight[k], found.colour), signed=not found.colour) for k in shown]
        return [PictureGrid(words, (tuple(pictures),))]
    filters_, planes = (range(K)[:MOST_PLANES], range(C)[:MOST_PLANES]) if unit is None else ([unit], range(C)[:MOST_FILTERS])
    words += f"; a row is a filter, a picture a channel ({len(filters_)} of {K}, {len(planes)} of {C})"
    rows = tuple(tuple(Picture(f"{k}, channel {c}", _flat(weight[k, c]), signed=True) for c in planes) for k in filters_)
    return [PictureGrid(words, rows, shared_range=True)]


def map_figures(title: str, maps: Sequence[Maps], picture: Picture, unit: int | None = None) -> list[Figure]:
    """The picture, then a row of channels for each layer."""
    figures: list[Figure] = [PictureGrid(f"{title}: what its layers make of {picture.caption}", ((picture,),))]
    for each in maps:
        shape = shape_text(each.values.shape).replace(" ", "")
        words = f"{each.layer} ({each.kind}): {shape}, from {number(each.least)} to {number(each.most)}, {100 * each.zeros:.0f} % zeros"
        if each.values.ndim < 3:
            figures.append(PictureGrid(words, ((Picture("", _wide(_flat(each.values)), signed=each.least < 0),),)))
            continue
        K = len(each.values)
        channels = [unit] if unit is not None else list(range(K)) if K <= MOST_MAPS else each.strongest(MOST_MAPS)
        words += f"; the {MOST_MAPS} strongest channels" if unit is None and K > MOST_MAPS else ""
        signed = each.least < 0
        pictures = tuple(Picture(f"{k}: {number(each.values[k].max())}", _flat(each.values[k]), signed) for k in channels)
        figures.append(PictureGrid(words, (pictures,), shared_range=True))
    return figures


def saliency_figures(title: str, found: Saliency, picture: Picture, answer: str) -> list[Figure]:
    """The picture, and how much each pixel changes the score; with its sign where there is one channel."""
    row = [picture, Picture("size of the gradient", _flat(found.map))]
    if len(found.gradient) == 1:
        row.append(Picture("with its sign", _flat(found.gradient[0]), signed=True))
    words = f"{title}: how the score of {answer} changes with each pixel; the gradient is at most {found.map.max():.3g}"
    return [PictureGrid(words, (tuple(row),))]


def occlusion_figures(title: str, found: Occlusion, picture: Picture, answer: str, classes: Sequence[str]) -> list[Figure]:
    """The picture, the answer for every place of the grey window, and what is lost by covering each pixel."""
    of_class = found.probabilities is not None
    values = found.scores if found.probabilities is None else found.probabilities
    least, most = (number((100 if of_class else 1) * each) for each in (values.min(), values.max()))
    window = shape_text(found.window).replace(" ", "")
    words = f"{title}: {answer} while a grey window of {window} pixels covers a part: {least} to {most}{' %' if of_class else ''}"
    if of_class:
        answers = Counter(found.best.ravel().tolist()).most_common(3)
        places = ", ".join(f"{_class(classes, k)} in {count}" for k, count in answers)
        words += f"; most likely then, of {found.best.size} places: {places}"
    row = (
        picture,
        Picture("probability" if of_class else "score", _flat(values)),
        Picture("lost per pixel", _flat(found.per_pixel), signed=True),
    )
    return [PictureGrid(words, (row,))]


def patch_figures(title: str, found: Sequence[Patches], source: str) -> list[Figure]:
    """A row for each unit: what it sees where it is strongest."""
    first = found[0]
    sizes = shape_text(first.patches[0].pixels.shape[1:]).replace(" ", "")
    words = f"{title}: what excites units of {first.layer} most among {first.images:,} test images of {source}; each row is a unit, and sees {sizes} pixels"
    rows = tuple(
        tuple(
            Picture(f"{f'{each.k}: ' if not n else ''}{patch.value:.3g} in #{patch.image}", pixels_of(patch.pixels))
            for n, patch in enumerate(each.patches)
        )
        for each in found
    )
    return [PictureGrid(words, rows)]


def deconvolution_figures(title: str, found: Sequence[Deconvolution], shown: npt.NDArray[Any], picture: Picture) -> list[Figure]:
    """The picture; for each unit the patch that it sees, and what of it the unit answers to."""
    pairs = []
    for each in found:
        place = ",".join(map(str, each.place))
        seen, pattern = pixels_of(cut(shown, each.window)), cut(each.pixels, each.window)
        pairs.append(Picture(f"{each.k}: {each.value:.3g}{f' at {place}' if place else ''}", seen))
        pairs.append(Picture(f"led back: {_extent(pattern)}", pixels_of(pattern), signed=len(pattern) != 3))
    rows = tuple(tuple(pairs[n : n + PAIRS]) for n in range(0, len(pairs), PAIRS))
    words = f"{title}: what units of {found[0].layer} answer to in {picture.caption}, led back to the pixels"
    return [PictureGrid(words, ((picture,), *rows))]


def histogram_figures(title: str, weights: Sequence[Histogram], activations: Sequence[Histogram], source: str) -> list[Figure]:
    """Bars for each parameter, and for what each layer gives; there with a scale by powers of ten, for most are often 0."""
    figures: list[Figure] = []
    for each, where in [*((each, "") for each in weights), *((each, f" for {source}") for each in activations)]:
        numbers = f"mean {each.mean:.3g}, deviation {each.deviation:.3g}, from {each.least:.3g} to {each.most:.3g}"
        zeros = f", {100 * each.zeros:.0f} % zeros" if each.zeros else ""
        words = f"{title}: {each.name}{where}, {each.counts.sum():,} numbers, {numbers}{zeros}"
        bars = Bars(each.name, each.centres.tolist(), each.counts.tolist())
        figures.append(Chart(words, (bars,), x_label="value", y_label="how many", log_y=bool(where)))
    return figures


def number(value: float) -> str:
    """Three digits, or all before the point: "0.0171", "12.3", "1,080"."""
    return f"{value:.3g}" if abs(value) < 999.5 else f"{value:,.0f}"


def pixels_of(pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A picture (C, *space) as pixels of a figure: in colour if it has three channels, else its first; a signal as a row."""
    if pixels.ndim == 3 and len(pixels) == 3:
        return pixels
    return _flat(pixels[0])


def for_terminal(figures: Sequence[Figure]) -> list[Figure]:
    """The same figures with large pictures reduced where several stand in a row: the mean of so many pixels for one."""
    return [_reduced(each) if isinstance(each, PictureGrid) else each for each in figures]


def _reduced(grid: PictureGrid) -> PictureGrid:
    rows = []
    for row in grid.rows:
        most = ALONE if len(row) < 2 else FEW if len(row) < 4 else MANY
        rows.append(tuple(replace(each, pixels=_means(each.pixels, -(-each.pixels.shape[-1] // most))) for each in row))
    return replace(grid, rows=tuple(rows))


def _means(pixels: npt.NDArray[Any], share: int) -> npt.NDArray[Any]:
    """(..., rows, columns) with one pixel, the mean, for `share` by `share`; NaN where all of them are."""
    if share == 1:
        return pixels
    H, W = pixels.shape[-2:]
    ends = [(0, 0)] * (pixels.ndim - 2) + [(0, -H % share), (0, -W % share)]
    padded = np.pad(pixels.astype(np.float64), ends, constant_values=np.nan)
    blocks = padded.reshape(*pixels.shape[:-2], padded.shape[-2] // share, share, padded.shape[-1] // share, share)
    known = np.isfinite(blocks)
    counts = known.sum(axis=(-3, -1))
    return np.where(counts > 0, np.where(known, blocks, 0).sum(axis=(-3, -1)) / np.maximum(counts, 1), np.nan)


def _one(weight: npt.NDArray[Any], colour: bool) -> npt.NDArray[Any]:
    """A filter with one plane, or of a signal: (C, taps)."""
    return weight if colour or weight.ndim == 2 else _flat(weight[0])


def _flat(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Any values as rows and columns of pixels: slices of a volume below each other, flat features in rows."""
    if values.ndim == 2:
        return values
    if values.ndim > 2:
        return np.vstack(list(_slices(values)))
    if len(values) <= ROW:
        return values[None].repeat(max(1, len(values) // STRIP), axis=0)
    full = np.full(-(-len(values) // ROW) * ROW, np.nan)
    full[: len(values)] = values
    return full.reshape(-1, ROW)


def _wide(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A map of a signal, (K, W), its columns repeated until it is wider than high."""
    K, W = values.shape
    return values.repeat(max(1, -(-3 * K // (2 * W))), axis=1)


def _slices(volume: npt.NDArray[Any]) -> Iterator[npt.NDArray[Any]]:
    """The slices of a volume with an empty row between them."""
    for number, each in enumerate(volume):
        if number:
            yield np.full((1, each.shape[-1]), np.nan)
        yield _flat(each)


def _extent(values: npt.NDArray[Any]) -> str:
    """Its largest number, without sign."""
    known = values[np.isfinite(values)]
    return f"\u00b1{np.abs(known).max():.2g}" if known.size else "none"


def _class(classes: Sequence[str], k: int) -> str:
    return classes[k] if k < len(classes) else str(k)
