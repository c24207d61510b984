"""The steps of one convolution or pooling, one for each output: which cells of the input it reads, by which weights.

A step follows from the index map, p*stride + r*dilation - pad, whatever its settings.  A transposed convolution is shown as what it amounts to:
its input stretched by zeros, under the filter turned round.

The pictures that everybody knows are those of Dumoulin, Visin, "A guide to convolution arithmetic for deep learning", 2016.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any, NamedTuple

import numpy as np

from minicnn.errors import SettingError
from minicnn.geometry import Axis
from minicnn.kernels.index import tile_position, weight_tap
from minicnn.layers.adaptive_pool import AdaptivePool
from minicnn.layers.conv_transpose import ConvTranspose
from minicnn.layers.max_pool import MaxPool
from minicnn.layers.variant import Variant
from minicnn.tracing.frame_lines import BETWEEN, PADDING, Line, adaptive, transposed, window
from minicnn.tracing.of_layer import Layered

MOST, SOME = 64, 12  # steps that are drawn; of more, so many
Cell = tuple[int, int, int]  # slice, row, column


class Read(NamedTuple):
    """A cell that a step reads, by which weight (None in a pooling), and where that lies in the filter."""

    cell: Cell
    weight: float | None
    tap: Cell


class Step(NamedTuple):
    """One output.

    number : of the output, in scan order
    place : its cell
    letters : "p=0, q=1"
    filter : the weights of this output as they lie over the input (slices, rows, columns); None in a pooling
    winner : the cell that a max pooling chooses
    """

    number: int
    place: Cell
    letters: str
    reads: tuple[Read, ...]
    filter: np.ndarray | None
    winner: Cell | None = None


@dataclass(frozen=True)
class Frames:
    """All that is drawn.

    source : (slices, rows, columns) of the input with its padding; NaN where there is no number
    holds : of the same shape: 0 for a number, else PADDING or BETWEEN
    result : (slices, rows, columns) of the output
    word : what joins input and weights: "*", or "max", "mean"
    axis_count : 1, 2 or 3
    total : steps there are; of many, some from the first to the last are drawn
    """

    title: str
    subtitle: str
    source: np.ndarray
    holds: np.ndarray
    result: np.ndarray
    steps: tuple[Step, ...]
    word: str
    axis_count: int
    total: int

    @property
    def summary(self) -> str:
        """As in "9 steps"."""
        return f"{self.total} steps" if self.total == len(self.steps) else f"{len(self.steps)} of {self.total:,} steps"


def frames_of(layered: Layered, filter_: int = 0) -> Frames:
    """The steps of a layer of one image, for one filter; of the input, the first channel that it sees.

    Raises
    ------
    SettingError
        If the layer has no window.
    """
    layer: Any = layered.node.layer
    x, y = layered.inputs[0], layered.run_forward()
    if isinstance(layer, Variant):
        return _of_variant(layered, y, filter_)
    lines = _lines(layered)
    axes = len(lines)
    shape = x.shape[1:]
    channel = _channel(layered, filter_)
    source, holds = _stretched(x[0, channel], lines)
    filters = _filters(layered, filter_)
    steps = []
    places = list(product(*(range(size) for size in y.shape[2:])))
    for number, place in chosen(places):
        taps = [list(enumerate(line.reads[p])) for line, p in zip(lines, place, strict=True)]
        own = None if filters is None else filters(place)
        reads = []
        for each in product(*taps):
            at = tuple(n for n, _ in each)
            weight = None if own is None else float(own[tuple(tap for _, (tap, _) in each)])
            reads.append(Read(_cell([cell for _, (_, cell) in each]), weight, _cell(at)))
        order = [[tap for tap, _ in line.reads[p]] for line, p in zip(lines, place, strict=True)]
        over = None if own is None else _wide(own[np.ix_(*order)])
        inside = [read.cell for read in reads if holds[read.cell] == 0]
        winner = max(inside, key=lambda cell: source[cell]) if isinstance(layer, MaxPool) and inside else None
        steps.append(Step(number, _cell(place), _letters(place), tuple(reads), over, winner))
    name = layered.network if layered.network == layered.node.name else f"{layered.network}, {layered.node.name}"
    what = f"channel {channel} of {shape[0]}, " if shape[0] > 1 else ""
    note = f"{what}filter {filter_} of {y.shape[1]}" if y.shape[1] > 1 and filters is not None else what.rstrip(", ")
    summed = "; the output sums over all channels" if shape[0] > 1 and filters is not None and _sees(layered) > 1 else ""
    result = y[0, filter_ if filters is not None else channel]
    word = (
        "*"
        if filters is not None
        else {"max": "max", "avg": "mean", "l2p": "L2"}.get(layer.kind().lower().removeprefix("adaptive")[:3], "pool")
    )
    settings = ", ".join((layer.kind(), *layer.brief()))
    return Frames(f"{name}: {settings}", note + summed, source, holds, _wide(result), tuple(steps), word, axes, len(places))


def chosen(places: Sequence[tuple[int, ...]]) -> list[tuple[int, tuple[int, ...]]]:
    """The steps that are drawn, with their numbers: all, or some at even distances, the first and the last among them."""
    if len(places) <= MOST:
        return list(enumerate(places))
    return [(n, places[n]) for n in (round(k * (len(places) - 1) / (SOME - 1)) for k in range(SOME))]


def _lines(layered: Layered) -> list[Line]:
    layer: Any = layered.node.layer
    shapes = layered.node.input_shapes
    axes: tuple[Axis, ...] | None = layer.axes(shapes)
    if isinstance(layer, AdaptivePool):
        return [adaptive(size, out) for size, out in zip(shapes[0][1:], layered.node.output_shapes[0][1:], strict=True)]
    if axes is None:
        raise SettingError(
            f"{layered.node.name} ({layer.kind()!r}) has no window that moves\n  steps are drawn of convolutions and poolings"
        )
    return [transposed(axis) if isinstance(layer, ConvTranspose) else window(axis) for axis in axes]


def _stretched(plane: np.ndarray, lines: Sequence[Line]) -> tuple[np.ndarray, np.ndarray]:
    """The input in its cells, and what each holds."""
    source = np.full([len(line.holds) for line in lines], np.nan)
    holds = np.zeros(source.shape, np.int64)
    for cell in np.ndindex(source.shape):
        held = tuple(line.holds[n] for line, n in zip(lines, cell, strict=True))
        if min(held) >= 0:
            source[cell] = plane[held]
        else:
            holds[cell] = PADDING if PADDING in held else BETWEEN
    return _wide(source), _wide(holds)


def _filters(layered: Layered, filter_: int) -> Any:
    """Output place -> the weights over the first channel, tap by tap, as the loop reads them; None in a pooling."""
    layer: Any = layered.node.layer
    own = layer.loop_settings(layered.node.input_shapes).get("weight") if not layered.node.slots else None
    if isinstance(own, np.ndarray):
        return lambda place: own
    weight = layered.parameters.get("weight")
    if weight is None or weight.ndim < 3:
        return None
    if isinstance(layer, ConvTranspose):
        return lambda place: weight[_channel(layered, filter_), filter_ % weight.shape[1]]
    flip, tile = getattr(layer, "flip", False), layer.tile(layered.node.input_shapes) if hasattr(layer, "tile") else ()
    shared = weight.ndim == layer.axis_count + 2
    if not hasattr(layer, "tile"):  # one filter for each link of a table
        link = next((n for n, (k, _) in enumerate((k, c) for k, row in enumerate(layer.table) for c in row) if k == filter_), 0)
        return lambda place: weight[link]

    def of(place: tuple[int, ...]) -> np.ndarray:
        position = () if shared else tuple(map(tile_position, place, tile))
        taps = weight[(filter_, *position, 0)]
        return taps[np.ix_(*([weight_tap(r, size, flip) for r in range(size)] for size in taps.shape))]

    return of


def _channel(layered: Layered, filter_: int) -> int:
    """The first channel that a filter sees, or, in a pooling, that it makes."""
    layer: Any = layered.node.layer
    channels, filters = layered.node.input_shapes[0][0], layered.node.output_shapes[0][0]
    if hasattr(layer, "table"):
        return int(layer.table[filter_][0])
    if not hasattr(layer, "groups"):
        return min(filter_, channels - 1)
    return filter_ // (filters // layer.groups) * (channels // layer.groups)


def _sees(layered: Layered) -> int:
    layer: Any = layered.node.layer
    return layered.node.input_shapes[0][0] // int(getattr(layer, "groups", 1)) if hasattr(layer, "filters") else 1


def _of_variant(layered: Layered, y: np.ndarray, filter_: int) -> Frames:
    """A convolution of one's own: what its map says of the first channel that is read."""
    own = layered.node.layer.convolution(layered.node.input_shapes[0])  # type: ignore[attr-defined]
    shape, out = own.input_shape, own.output_shape[1:]
    area, places = prod(shape[1:]), list(product(*(range(size) for size in out)))
    mine = own.reads.output // len(places) == filter_
    channel = int(own.reads.input[mine][0]) // area if mine.any() else 0
    weight, steps = layered.parameters["weight"].ravel(), []
    for number, place in chosen(places):
        uses = np.flatnonzero((own.reads.output == filter_ * len(places) + number) & (own.reads.input // area == channel))
        reads = [
            Read(_cell(np.unravel_index(own.reads.input[use] % area, shape[1:])), float(weight[own.reads.weight[use]]), (0, 0, n))
            for n, use in enumerate(uses)
        ]
        over = np.array([[[read.weight for read in reads]]], np.float64) if reads else np.zeros((1, 1, 0))
        steps.append(Step(number, _cell(place), _letters(place), tuple(reads), over))
    source = _wide(layered.inputs[0][0, channel].astype(np.float64))
    note = f"channel {channel} of {shape[0]}, filter {filter_} of {own.output_shape[0]}; the output sums over all channels"
    title = f"{layered.network}, {layered.node.name}: {', '.join((layered.node.layer.kind(), *layered.node.layer.brief()))}"
    return Frames(title, note, source, np.zeros(source.shape, np.int64), _wide(y[0, filter_]), tuple(steps), "*", len(out), len(places))


def _wide(array: np.ndarray) -> np.ndarray:
    """(slices, rows, columns), one of each that is missing."""
    return array.reshape((1,) * (3 - array.ndim) + array.shape)


def _cell(place: Sequence[Any]) -> Cell:
    first, second, third = (0,) * (3 - len(place)) + tuple(map(int, place))
    return first, second, third


def _letters(place: Sequence[int]) -> str:
    return ", ".join(f"{letter}={n}" for letter, n in zip("opq"[-len(place) :], place, strict=True))
