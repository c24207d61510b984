"""When a way serves, told from the geometry and the number of images alone."""

from __future__ import annotations

from functools import lru_cache
from math import prod

from minicnn.geometry import REMEMBERED
from minicnn.kernels.cpu.convolution.depthwise import TAPS
from minicnn.kernels.cpu.convolution.maps import reversed_axes
from minicnn.kernels.cpu.convolution.problem import BACKWARD_INPUT, BACKWARD_WEIGHT, FORWARD, Axes, Problem
from minicnn.kernels.cpu.convolution.tiles import TILE_TAPS
from minicnn.kernels.cpu.convolution.weight_gradient_lowering import fill_lanes
from minicnn.kernels.cpu.lanes.vector import LANES

MOST_TAPS = 1 << 21
FEWEST_PIXELS = 128  # of an image whose products for filters of one tap are added up by themselves
MANY_READS = 1 << 14  # entries of a table beyond which storing the padding is better than listing what each border position reads


def tables_serve(axes: Axes) -> bool:
    """Whether the taps can be listed in tables: all but filters of millions of taps, most of which then lie outside the input."""
    return prod(axis.taps for axis in axes) <= MOST_TAPS


@lru_cache(REMEMBERED)
def padding_fits(axes: Axes) -> bool:
    """Whether x between its padding is not much more than x and y."""
    return prod(a.before + a.size + a.after for a in axes) <= 8 * (prod(a.size for a in axes) + prod(a.out for a in axes))


def halo(axes: Axes, channels: int) -> list[tuple[int, int]]:
    """A halo pays where channels alone cannot fill the taps of a tile of the weight gradient, and where border positions, each with a
    list of reads of its own, are many; else borders are left out."""
    short = channels < TILE_TAPS and max(max(a.before, a.after) for a in axes) <= max(a.taps for a in axes)
    reads = prod(a.taps * min(a.out, 1 + -(-a.before // a.stride) + -(-a.after // a.stride)) for a in axes)
    return [(a.before, a.after) for a in axes] if (short or reads > MANY_READS) and padding_fits(axes) else []


def is_narrow(problem: Problem, images: int) -> bool:
    """Whether images too few to fill a vector stand side by side with no gap between pixels: lanes then run over columns as well."""
    return images < LANES and problem.shared and padding_fits(problem.axes)


def goes_by_filter(problem: Problem, images: int) -> bool:
    """Whether a tiled convolution is better computed filter by filter: for few images, whose lanes are columns, if each has work enough."""
    uses = prod(axis.out // each for axis, each in zip(problem.axes, problem.tile, strict=True))
    return images < LANES and not problem.shared and uses >= LANES and padding_fits(problem.axes)


def is_depthwise(problem: Problem, images: int) -> bool:
    """Whether this is a 3x3 with stride 1 and one filter a channel.

    The gradient of the weight needs columns enough to fill lanes: 64 images of 1024 planes 7x7 take 8.9 ms, not 6.4; of 32 planes 112x112,
    24, not 52.
    """
    plain = len(problem.axes) == 2 and all((axis.taps, axis.stride, axis.dilation) == (TAPS, 1, 1) for axis in problem.axes)
    fills = problem.work != BACKWARD_WEIGHT or images < LANES or 2 * problem.axes[-1].out >= LANES
    return plain and problem.channels == problem.filters == problem.groups and problem.shared and fills


def goes_back_as_forward(problem: Problem, images: int) -> bool:
    """Whether the input gradient is better computed as a convolution of dy: with stride 1, for few images or large filters."""
    if problem.work != BACKWARD_INPUT or not problem.shared:
        return False
    axes = problem.axes
    reads = prod(axis.taps * min(axis.size, 2 * axis.extent + 1) for axis in axes)
    plain = all(axis.stride == 1 and 0 <= axis.before < axis.extent for axis in axes)
    return plain and (images < LANES or reads > MANY_READS) and padding_fits(reversed_axes(axes))


def has_one_tap(problem: Problem) -> bool:
    """Whether every position reads the pixel at its own place, and no other."""
    plain = all((axis.taps, axis.stride, axis.before, axis.out) == (1, 1, 0, axis.size) for axis in problem.axes)
    return plain and problem.groups == 1 and problem.shared


def goes_one_by_one(problem: Problem, images: int) -> bool:
    """Whether images go one by one, read and written where they lie: filters of one tap, whose work is little beside carrying images into
    lanes and back.  64 images of 512 channels 28x28, 128 filters: 30 and 23 ms; their input gradient gains nothing: 27.9 and 27.7 ms."""
    pixels = prod(axis.out for axis in problem.axes)
    fills = pixels >= LANES and 10 * pixels >= 9 * -(-pixels // LANES) * LANES
    return images > 1 and has_one_tap(problem) and fills and problem.work == FORWARD


def sums_one_by_one(problem: Problem) -> bool:
    """The same for the weight gradient, where each image has pixels enough for what is added up to be carried to its place.

    512 channels 28x28, 128 filters, two threads: 64 images 45 and 26 ms (0.65 and 1.42 times as fast as PyTorch), 8 images 7.4 and 2.9.
    """
    pixels = prod(axis.out for axis in problem.axes)
    return problem.work == BACKWARD_WEIGHT and has_one_tap(problem) and fill_lanes(problem.filters) and pixels >= FEWEST_PIXELS


def patches_pay(problem: Problem, images: int, side_by_side: bool) -> bool:
    """Whether the weight gradient of a tiled convolution is better computed position by position, from patches of at most a shard of images.

    For all filters, each position copies a row of taps of each image.  The direct way loses, for each tap of the row and each filter: where
    filters are lanes, what it takes to turn its sum back, once for each filter of the tile; else to add up its lanes, and a third of that
    at each position.  On arrays (not `side_by_side`), it also carries x into lanes.  By position and the direct way, ms, 64 images in
    shards of 16: 16 filters 5x5 of 6 channels 14x14, 25 positions a filter 0.38 and 0.29, 4 positions 0.40 and 0.50, 1 position 0.38 and
    0.77; 16 images: 96 filters 3x3 of 64 channels 13x13, 4 positions 2.3 and 1.5, 1 position 2.8 and 4.2.
    """
    filters = problem.filters // problem.groups
    uses = prod(-(-axis.out // tile) for axis, tile in zip(problem.axes, problem.tile, strict=True))
    row, copies = filters * problem.axes[-1].taps, images * uses
    if fill_lanes(filters):
        return row >= (8 if side_by_side else 4) * copies
    return row * (3 + uses * -(-images // LANES)) >= (8 if side_by_side else 6) * copies
