"""Convolutions that the tests of the tiles share: small enough for a simulator, awkward enough to matter; and what they should give."""

from typing import NamedTuple

import numpy as np

from minicnn.geometry import resolve_axes
from minicnn.kernels.cpu.convolution.problem import BACKWARD_INPUT, BACKWARD_WEIGHT, FORWARD, Problem
from minicnn.kernels.cuda.convolution import lowering
from minicnn.kernels.textbook import linear, tiled

UNSHARED = "unshared"  # as a tile: every output position has its own filter
BOUND = 2e-5  # of the largest: float32's rounding of sums of up to some thousand terms, in whatever order


class Case(NamedTuple):
    name: str
    images: int
    channels: int
    sizes: tuple
    filters: int
    taps: object
    stride: object = 1
    padding: object = 0
    dilation: object = 1
    groups: int = 1
    tile: tuple | str | None = None
    flip: bool = False
    rectify: bool = False
    biased: bool = True
    splits: int = 0  # parts of the sums; 0: as the model chooses

    @property
    def axes(self):
        return resolve_axes(self.name, self.sizes, self.taps, self.stride, self.padding, self.dilation)

    @property
    def tiles(self):
        outs = tuple(axis.out for axis in self.axes)
        return outs if self.tile == UNSHARED else self.tile or (1,) * len(outs)

    @property
    def row(self):
        """Images of a position, up to a multiple of 4."""
        return -(-self.images // 4) * 4

    def problem(self, work):
        return Problem(work, self.axes, self.groups, self.tiles, self.flip, self.channels, self.filters)

    @property
    def shapes(self):
        """Of x, weight, bias and y."""
        taps, outs = tuple(axis.taps for axis in self.axes), tuple(axis.out for axis in self.axes)
        weight = (self.filters, *self.tiles, self.channels // self.groups, *taps)
        return (self.images, self.channels, *self.sizes), weight, (self.filters, *self.tiles), (self.images, self.filters, *outs)

    def arrays(self, seed=0):
        """x, weight, bias, dy in float32, and a bias of the gradient of the input, which a transposed convolution adds; zeros for none."""
        rng = np.random.default_rng(seed)
        x, weight, bias, dy, dx_bias = (rng.standard_normal(shape).astype(np.float32) for shape in (*self.shapes, (self.channels,)))
        return [x, weight, bias * self.biased, dy, dx_bias * self.biased]


CASES = (
    Case("valid", 4, 2, (5, 6), 3, 3, biased=False),
    Case("same, three images", 3, 3, (5, 5), 5, 3, padding="same"),
    Case("full, flipped", 4, 2, (4, 3), 3, 2, padding="full", flip=True, rectify=True),
    Case("stride leaves a rest", 4, 2, (8, 7), 3, 3, stride=(3, 2), padding=1),
    Case("dilated, padding exceeds the window", 4, 2, (6, 6), 3, 2, padding=4, dilation=3),
    Case("grouped", 4, 4, (5, 4), 6, 3, padding=1, groups=2),
    Case("one tap", 12, 5, (3, 3), 17, 1),
    Case("tiled", 4, 2, (5, 5), 3, 2, tile=(2, 2)),
    Case("unshared", 7, 2, (4, 4), 3, 3, padding=1, tile=UNSHARED, rectify=True, biased=False),
    Case("one axis", 8, 3, (9,), 4, 3, padding=1),
    Case("three axes", 4, 2, (3, 3, 4), 3, 2, padding=1),
    Case("linear", 18, 37, (), 19, ()),
    Case("sums in parts", 4, 9, (3, 3), 4, 3, padding=1, splits=3, rectify=True),
    Case("one image", 1, 2, (4, 4), 3, 3, padding=1, splits=5),
    Case("tile exceeds the output", 2, 2, (4, 3), 2, 2, tile=(2, 5)),
    Case("tiled, strided, dilated", 2, 2, (9, 8), 2, 3, stride=2, dilation=(1, 3), padding=(1, 3), tile=(3, 2), biased=False),
    Case("one filter a channel", 3, 4, (5, 4), 4, 3, padding=1, groups=4, rectify=True),
    Case(
        "one filter a channel, strided, tiled, flipped",
        5,
        3,
        (7, 6),
        3,
        4,
        stride=2,
        padding=2,
        groups=3,
        tile=(2, 2),
        flip=True,
        biased=False,
    ),
    Case("one filter a channel, unshared", 4, 2, (9,), 2, 2, groups=2, tile=UNSHARED, biased=False),
)


def textbook_passes(case, x, weight, bias, dy, dx_bias):
    """y, dx (with a bias for each channel), dweight, in float64, by the loops of the definitions."""
    x, weight, bias, dy, dx_bias = (each.astype(np.float64) for each in (x, weight, bias, dy, dx_bias))
    y, dx, dweight = np.full(dy.shape, np.nan), np.full(x.shape, np.nan), np.full(weight.shape, np.nan)
    axes, settings, family, name = case.axes, (), linear, "linear"
    if axes:
        settings = (*(a.stride for a in axes), *(a.before for a in axes), *(a.dilation for a in axes), case.groups)
        family, name = tiled, f"tiled_conv{len(axes)}d"
    taps = tuple(range(-len(axes), 0))
    turned = np.ascontiguousarray(np.flip(weight, taps)) if case.flip else weight
    getattr(family, f"{name}_forward")(y, x, turned, bias, *settings)
    getattr(family, f"{name}_backward_input")(dx, dy, turned, *settings)
    getattr(family, f"{name}_backward_weight")(dweight, dy, x, *settings)
    dweight = np.flip(dweight, taps) if case.flip else dweight
    dx += dx_bias[(slice(None), *(None,) * len(axes))]
    return (*(np.maximum(each, 0) if case.rectify else each for each in (y, dx)), dweight)


def images_innermost(array, row):
    """(N, C, *sizes) as flat (C, *sizes, row), lanes beyond the images holding what no sum may touch."""
    lanes = np.full((*array.shape[1:], row), np.nan, np.float32)
    lanes[..., : len(array)] = np.moveaxis(array, 0, -1)
    return lanes.ravel()


def images_first(flat, shape):
    """The way back, without the lanes beyond."""
    return np.moveaxis(flat.reshape(*shape[1:], -1)[..., : shape[0]], -1, 0)


def close(got, wanted, bound=BOUND):
    """Whether two arrays agree; NaN is never right."""
    return bool(np.isfinite(got).all() and np.abs(got - wanted).max(initial=0) <= bound * max(1.0, np.abs(wanted).max(initial=0)))


def device_passes(case, launches, put, get, tiles=None):
    """y, dx, dweight as `append_convolution` makes them; `put` carries an array to where launches run, `get` carries it back.

    Outputs are poisoned first, and so are the lanes that no image fills.

    tiles : sizes of the gather and the reduce tile, where the model's choice is not wanted
    """
    x, weight, bias, dy, dx_bias = case.arrays()
    x_lanes, dy_lanes, flat_weight = (put(each) for each in (images_innermost(x, case.row), images_innermost(dy, case.row), weight.ravel()))

    def run(work, size, source, other, bias=None):
        result = put(np.full(size, np.nan, np.float32))
        append(launches, case, work, result, source, other, bias if case.biased else None, tiles)
        return get(result)

    y = run(FORWARD, dy[0].size * case.row, x_lanes, flat_weight, put(bias.ravel()))
    dx = run(BACKWARD_INPUT, x[0].size * case.row, dy_lanes, flat_weight, put(dx_bias))
    dweight = run(BACKWARD_WEIGHT, weight.size, dy_lanes, x_lanes)
    return images_first(y, dy.shape), images_first(dx, x.shape), dweight.reshape(weight.shape)


def append(launches, case, work, result, source, other, bias=None, tiles=None):
    """A pass as a whole, or with given tiles, and with sums in as many parts as the case says."""
    problem, images, row, reduce = case.problem(work), case.images, case.row, work == BACKWARD_WEIGHT
    finish = () if reduce else (bias, case.rectify)
    if tiles is None and not case.splits:
        lowering.append_convolution(launches, problem, images, row, result, source, other, *finish)
        return
    choice = lowering.reduce_choice(problem, images) if reduce else lowering.gather_choice(problem, row)
    choice = choice._replace(splits=case.splits or choice.splits)
    choice = choice if tiles is None else choice._replace(sizes=tiles[reduce])
    if reduce:
        lowering.append_reduce(launches, problem, images, row, result, source, other, choice)
    else:
        lowering.append_gather(launches, problem, row, (result, source, other, bias), case.rectify, choice)
