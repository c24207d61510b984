"""Which algorithm each convolution uses, and what the cost model expects of each that could serve; nothing is timed here.

The model with its constants: `minicnn.kernels.cpu.convolution.choice`.  Layers of the set are computed as by a call of
`kernels.conv2d`, those of networks as the engine plans them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from math import prod
from typing import Any, cast

from minicnn import zoo
from minicnn.bench.layer_set import LAYER_SET
from minicnn.bench.options import Options
from minicnn.engine.operations.convolution import choose_for_plan
from minicnn.engine.plan import shard_size
from minicnn.geometry import Axis
from minicnn.kernels.cpu.convolution import depthwise_call
from minicnn.kernels.cpu.convolution.choice import DIRECT, VARIABLE
from minicnn.kernels.cpu.convolution.maps import reversed_axes
from minicnn.kernels.cpu.convolution.weight_gradient_lowering import fill_lanes, fill_one_vector
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.kernels.cpu.winograd.call import FEWEST_CHANNELS, choose_for_call
from minicnn.layers.conv import Conv

NETWORKS = {"lenet": 128, "resnet20": 128, "alexnet": 64}  # with the batch to explain them for


@dataclass(frozen=True)
class Explanation:
    """One pass of one convolution.

    way : "direct", "winograd2" or "winograd4"; for weight gradients what a lane holds
    cycles : millions for the whole batch on one thread, as the model has it, for each way that can serve
    reason : why, in words
    """

    name: str
    work: str
    batch: int
    way: str
    cycles: dict[str, float]
    reason: str

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def explanations(options: Options) -> Iterator[Explanation]:
    """The layers of the set, then those of three networks; `options` selects layers, batches and passes."""
    for case in LAYER_SET:
        if case.family == "conv" and options.wants(case.name):
            for batch in options.batches or case.batches:
                yield from _passes(
                    case.name, case.axes, case.input_shape[0], case.output_shape[0], case.layer.groups, batch, LANES, True, options.passes
                )
    for name, usual in NETWORKS.items():
        topology = zoo.build(name).topology
        for node in topology.nodes:
            own, layer = f"{name}:{node.name}", cast(Any, node.layer)
            if isinstance(layer, Conv) and options.wants(own):
                for batch in options.batches or (usual,):
                    axes, groups = layer.axes(node.input_shapes) or (), layer.groups
                    yield from _passes(
                        own,
                        axes,
                        node.input_shapes[0][0],
                        node.output_shapes[0][0],
                        groups,
                        batch,
                        shard_size(topology, batch, training=batch >= LANES),
                        False,
                        options.passes,
                    )


def _passes(
    name: str, axes: tuple[Axis, ...], channels: int, filters: int, groups: int, batch: int, shard: int, call: bool, passes: Sequence[str]
) -> Iterator[Explanation]:
    if "forward" in passes:
        yield _product(name, "forward", axes, channels, filters, groups, batch, shard, call)
    if "input" in passes:
        # with a stride the gradient has the products of the forward pass, and there is no choice
        back = reversed_axes(axes) if all(axis.stride == 1 for axis in axes) else axes
        yield _product(name, "input gradient", back, filters, channels, groups, batch, shard, call)
    if "weight" in passes:
        yield Explanation(name, "weight gradient", batch, *_weight_gradient(axes, channels // groups, filters // groups))


def _product(
    name: str, work: str, axes: tuple[Axis, ...], channels: int, filters: int, groups: int, batch: int, shard: int, call: bool
) -> Explanation:
    if call and depthwise_call.serves(axes, channels, filters, groups):
        return Explanation(name, work, batch, DIRECT, {}, "depthwise 3x3 with stride 1: plane by plane")
    choice = (
        choose_for_call(axes, channels, filters, groups, batch) if call else choose_for_plan(axes, channels, filters, groups, shard, batch)
    )
    few = batch < LANES
    cycles = {way: each * (batch if few else -(-batch // LANES)) / 1e6 for way, each in choice.cycles.items()}
    if len(cycles) == 1:
        reason = "not 3x3 with stride 1 and dilation 1"
    elif choice.forced:
        reason = f"{VARIABLE} says so"
    elif cycles[choice.name] == min(cycles.values()):
        reason = "fewest cycles"
    elif call and min(channels, filters) // groups < FEWEST_CHANNELS:
        reason = f"fewer than {FEWEST_CHANNELS} channels or filters: rounds better"
    else:
        reason = "nearly as fast, and rounds better"
    if few:
        reason += "; a lane is a tile" if choice.tile else "; a lane is a column"
    return Explanation(name, work, batch, choice.name, cycles, reason)


def _weight_gradient(axes: tuple[Axis, ...], channels: int, filters: int) -> tuple[str, dict[str, float], str]:
    """What a lane holds, no cycles, and why."""
    size = f"{filters} filters of {channels} channels, {prod(axis.taps for axis in axes)} taps"
    if fill_lanes(filters):
        return "lane a filter", {}, f"{size}: they fill the tile's lanes"
    if fill_one_vector(axes, channels, filters):
        return "lane a filter", {}, f"{size}: one vector for each of three taps"
    return "lane an image", {}, f"{size}: too few to fill lanes, so images do"
