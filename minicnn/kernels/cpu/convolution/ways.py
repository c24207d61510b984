"""The table of ways: how any pass of any convolution is computed, of functions and of networks, the first row that serves.

A row appends steps for images that lie side by side, or works on a user's arrays, image after image: cuts a convolution into others
(`pieces.py`) or reads and writes where they lie (`in_place.py`).  Networks, which have no such arrays, pass the latter over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from math import prod
from typing import NamedTuple, cast

from minicnn.geometry import REMEMBERED
from minicnn.kernels.cpu.convolution import in_place
from minicnn.kernels.cpu.convolution.choice import FEWEST_CHANNELS, TILES, Choice, choose_many, wanted
from minicnn.kernels.cpu.convolution.conditions import (
    goes_back_as_forward,
    goes_by_filter,
    goes_one_by_one,
    halo,
    is_depthwise,
    is_narrow,
    padding_fits,
    patches_pay,
    sums_one_by_one,
)
from minicnn.kernels.cpu.convolution.few_images_backward import append_few_images_backward, goes_by_remainder
from minicnn.kernels.cpu.convolution.few_images_lowering import append_few_images_forward
from minicnn.kernels.cpu.convolution.lowering import (
    append_convolution_backward_input,
    append_convolution_backward_weight,
    append_convolution_forward,
)
from minicnn.kernels.cpu.convolution.pieces import Piece, axes_to_cut, back_as_forward, by_filter, by_remainder, in_blocks
from minicnn.kernels.cpu.convolution.problem import (
    AUTO,
    BACKWARD_INPUT,
    BACKWARD_WEIGHT,
    DIRECT,
    FORWARD,
    WINOGRAD2,
    WINOGRAD4,
    Images,
    Operands,
    Problem,
)
from minicnn.kernels.cpu.convolution.remainders import remainders_pay
from minicnn.kernels.cpu.convolution.turns import append_turns_forward, turns_fill_lanes
from minicnn.kernels.cpu.convolution.weight_gradient_lowering import append_by_row, append_filter_lanes, fill_lanes, fill_one_vector
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.kernels.cpu.program.call import WHOLE_SHARD
from minicnn.kernels.cpu.program.program import Argument, Program
from minicnn.kernels.cpu.unshared.lowering import append_tiled_backward_input, append_tiled_backward_weight, serves_few, serves_rows
from minicnn.kernels.cpu.winograd.few_images_lowering import append_winograd_few, choose_few
from minicnn.kernels.cpu.winograd.lowering import TransformedFilters, append_winograd, append_winograd_filters
from minicnn.kernels.cpu.winograd.weight_gradient_lowering import append_winograd_weight, choose_weight

MEMORY_BYTES = 1 << 22  # weights beyond which each pass reads them from memory


Room = Callable[[int], Argument]


class Steps(NamedTuple):
    """How a way appends steps.

    append : from values in lanes: (program, result, source, problem, operands), or (program, dweight, dy, x, problem)
    prepare : the filters' transform, once for all images: (program, common, problem, weight, keep), see `append_winograd_filters`
    outside : whether `append` can read and write a single image in the arrays of a call
    single : whether a call of so many images gives it one at a time
    """

    append: Callable[..., None]
    prepare: Callable[[Program, Room, Problem, int, Room | None], TransformedFilters] | None = None
    outside: bool = False
    single: Callable[[int], bool] = lambda images: False


class Way(NamedTuple):
    """A row of the table.

    name, reason : as `bench --explain` shows them
    serves : whether it can, and is the better one, for a problem and its images; rows below need not ask what rows above have taken
    how : steps; or what is done with a user's arrays, and the pieces that are then left to compute
    """

    name: str
    reason: str
    serves: Callable[[Problem, Images], bool]
    how: Steps | Callable[[Piece], Iterable[Piece]]


def choose(problem: Problem, images: Images) -> Way:
    """The first row that serves."""
    return chosen(problem, images, wanted())


@lru_cache(REMEMBERED)
def chosen(problem: Problem, images: Images, wanted: str) -> Way:
    """The same, found again while the same is `wanted`."""
    return next(way for way in WAYS if (not images.shard or isinstance(way.how, Steps)) and way.serves(problem, images))


def choose_steps(problem: Problem, images: Images) -> Steps:
    """The same for images side by side, whose rows all append steps."""
    return cast(Steps, choose(problem, images).how)


def costs(problem: Problem, images: Images) -> Choice:
    """What the model of costs thinks of Winograd's way: cycles of a vector of images, or of one image where lanes are columns.

    Images that belong to more than lie together in a shard are computed as all of them are.
    """
    if problem.work == BACKWARD_WEIGHT:
        return choose_weight(problem, images)
    back = problem.as_forward() if all(axis.stride == 1 for axis in problem.axes) else problem
    axes, groups = back.axes, back.groups
    channels, filters = (problem.channels, problem.filters) if problem.work == FORWARD else (problem.filters, problem.channels)
    few = images.number < LANES and (not images.shard or images.shard % LANES != 0)
    choice = (
        choose_few(axes, channels, filters, groups, images.number, images.number if images.shard else 1, images.repeated)
        if few
        else choose_many(axes, channels, filters, groups, -(-images.number // LANES))
    )
    if images.shard > LANES and images.shard % LANES:  # Winograd's vectors of images are whole
        return choice._replace(name=DIRECT)
    # sums of few channels are rounded better by the direct way, and small anyway
    if not images.shard and (min(channels, filters) // groups < FEWEST_CHANNELS or (few and not padding_fits(axes))):
        return choice._replace(name=DIRECT)
    return choice


def cycles(problem: Problem, images: Images) -> float:
    """Cycles of a forward pass by the way that `costs` chooses: of a vector of images, or of one image of a shard that fills none."""
    name = DIRECT if images.halo else costs(problem, images).name
    if images.shard % LANES == 0:
        return costs(problem, images).cycles[name]
    sizes = problem.axes, problem.channels, problem.filters, problem.groups
    return choose_few(*sizes, images.shard, images.shard, images.repeated).cycles[name]


def _by_winograd(name: str, m: int) -> Way:
    def serves(problem: Problem, images: Images) -> bool:
        if problem.algorithm != AUTO or problem.work == BACKWARD_WEIGHT or not problem.shared or images.halo:
            return problem.algorithm == name
        return costs(problem, images).name == name

    def prepare(program: Program, common: Room, problem: Problem, weight: int, keep: Room | None = None) -> TransformedFilters:
        own, exchanged = problem.as_forward(), problem.work == BACKWARD_INPUT
        sizes = own.channels // own.groups, own.filters // own.groups, own.groups
        return append_winograd_filters(program, common, weight, *sizes, m, own.axes[0].taps, own.flip, exchanged, keep)

    taps = " or ".join(f"{tile.taps}x{tile.taps}" for tile in TILES if tile.name == name)
    reason = f"{taps} with stride 1: tiles of {m}x{m} need fewer multiplications"
    return Way(name, reason, serves, Steps(_append_winograd, prepare, outside=True, single=lambda images: images < LANES))


def _weight_by_winograd(name: str, m: int) -> Way:
    def serves(problem: Problem, images: Images) -> bool:
        if problem.work != BACKWARD_WEIGHT or not problem.shared or problem.algorithm not in (AUTO, name):
            return False
        return costs(problem, images).name == name

    def append(program: Program, dweight: int, dy: Activation, x: Activation, problem: Problem) -> None:
        append_winograd_weight(program, dweight, dy, x, problem, m)

    return Way(name, f"3x3 with stride 1: the sum over tiles of {m}x{m} needs fewer multiplications", serves, Steps(append))


def _append_winograd(program: Program, y: Activation, x: Activation, problem: Problem, operands: Operands) -> None:
    own, (_, bias, rectify, prepared, added) = problem.as_forward(), operands
    filters = cast(TransformedFilters, prepared)
    if y.map.shard % LANES:
        append_winograd_few(program, y, x, own.axes, own.groups, filters, bias, rectify, added)
    else:
        append_winograd(program, y, x, own.axes, own.groups, filters, bias, rectify, program.parts, added)


def _few_uses(problem: Problem, images: int) -> bool:
    return not problem.flip and serves_few(problem.axes, problem.tile, images)


def _few_images_and_uses(problem: Problem, images: Images) -> bool:
    if problem.work == FORWARD:
        return images.number < LANES and _few_uses(problem, images.number)
    rows = serves_rows(images.number, problem.filters // problem.groups)
    return problem.work == BACKWARD_INPUT and rows and _few_uses(problem, images.number)


def _weights_from_memory(problem: Problem, images: Images) -> bool:
    """64 images: weights of 0.9 to 3.4 MB take 0.56 to 0.93 of the time the direct way, of 6.9 to 36 MB twice as long or more."""
    size = prod(problem.tile) * problem.filters * problem.channels // problem.groups * problem.taps
    few = _few_uses(problem, images.shard or min(images.number, WHOLE_SHARD)) and images.shard % LANES == 0
    return problem.work == BACKWARD_INPUT and few and 4 * size > MEMORY_BYTES


def _weights_written_once(problem: Problem, images: Images) -> bool:
    if problem.work != BACKWARD_WEIGHT or images.halo or not _few_uses(problem, images.shard or images.number):
        return False
    return patches_pay(problem, min(images.number, images.shard or WHOLE_SHARD), side_by_side=images.shard > 0)


def _columns_are_lanes(problem: Problem, images: Images) -> bool:
    few = images.shard % LANES != 0 if images.shard else is_narrow(problem, images.number)
    if images.shard and problem.work == BACKWARD_INPUT:
        return few and goes_back_as_forward(problem, images.shard)
    return problem.work == FORWARD and problem.shared and few


def _remainders_are_rows(problem: Problem, images: Images) -> bool:
    if problem.work != BACKWARD_INPUT or not problem.shared or images.shard % LANES == 0 or all(axis.stride == 1 for axis in problem.axes):
        return False
    return goes_by_remainder(problem.axes, problem.filters // problem.groups, images.shard)


def _columns_of_turns(problem: Problem, images: Images) -> bool:
    narrow = problem.work == FORWARD and not problem.shared and not problem.flip and images.shard % LANES != 0
    return narrow and turns_fill_lanes(problem)


def _rows_of_taps(problem: Problem, images: Images) -> bool:
    between_padding = images.halo if images.shard else any(map(any, halo(problem.axes, problem.channels)))
    plain = problem.work == BACKWARD_WEIGHT and problem.shared and not between_padding
    return plain and fill_one_vector(problem.axes, problem.channels // problem.groups, problem.filters // problem.groups)


POSITIONS = "position by position"
WAYS: Sequence[Way] = (
    Way("in blocks", "an axis too long for tables of its reads", lambda p, i: bool(axes_to_cut(p)), in_blocks),
    Way("filter by filter", "few images, filters that take turns", lambda p, i: goes_by_filter(p, i.number), by_filter),
    Way("depthwise", "3x3 with stride 1, a filter a channel: plane by plane", lambda p, i: is_depthwise(p, i.number), in_place.depthwise),
    Way(POSITIONS, "few images, weights that serve few positions: read once", _few_images_and_uses, in_place.unshared),
    Way(POSITIONS, "weights that serve few positions: written once", _weights_written_once, in_place.unshared_weight),
    Way(
        "as a forward pass",
        "stride 1, for few images or large filters: dx is a convolution of dy",
        lambda p, i: goes_back_as_forward(p, i.number),
        back_as_forward,
    ),
    Way(
        "by remainder",
        "few images, strides: dx in convolutions of dy, one for each remainder of positions",
        lambda p, i: p.work == BACKWARD_INPUT and p.shared and remainders_pay(p.axes, (i.number, p.channels), p.filters, p.groups),
        by_remainder,
    ),
    _by_winograd(WINOGRAD4, 4),
    _by_winograd(WINOGRAD2, 2),
    Way(
        "image by image",
        "a single tap: less work than carrying images into lanes",
        lambda p, i: not i.shard and goes_one_by_one(p, i.number),
        Steps(append_few_images_forward, outside=True, single=lambda images: True),
    ),
    Way("lane a column", "images too few to fill a vector", _columns_are_lanes, Steps(append_few_images_forward, outside=True)),
    Way("by remainder", "images too few to fill a vector, strides", _remainders_are_rows, Steps(append_few_images_backward)),
    Way("turn by turn", "images too few to fill a vector, filters that take turns", _columns_of_turns, Steps(append_turns_forward)),
    Way(
        POSITIONS,
        "weights that serve few positions: read once",
        _weights_from_memory,
        Steps(append_tiled_backward_input),
    ),
    Way(POSITIONS, "weights that serve few positions: written once", _weights_written_once, Steps(append_tiled_backward_weight)),
    Way(
        "image by image",
        "a single tap: less work than carrying images into lanes",
        lambda p, i: not i.shard and sums_one_by_one(p),
        Steps(append_filter_lanes, outside=True, single=lambda images: True),
    ),
    _weight_by_winograd(WINOGRAD4, 4),
    _weight_by_winograd(WINOGRAD2, 2),
    Way(
        "lane a filter",
        "filters that fill the lanes",
        lambda p, i: p.work == BACKWARD_WEIGHT and fill_lanes(p.filters // p.groups),
        Steps(append_filter_lanes),
    ),
    Way("lane a filter", "a vector of filters for each of three taps", _rows_of_taps, Steps(append_by_row)),
    Way(
        "lane an image",
        "filters too few to fill lanes",
        lambda p, i: p.work == BACKWARD_WEIGHT,
        Steps(append_convolution_backward_weight),
    ),
    Way("lane an image", "the direct way: taps from tables", lambda p, i: p.work == FORWARD, Steps(append_convolution_forward)),
    Way("lane an image", "the direct way: taps from tables", lambda p, i: True, Steps(append_convolution_backward_input)),
)
