"""Which way each convolution goes, and what the model of costs thinks of every way that could serve; nothing is timed here.

The model with its constants: `minicnn.kernels.cpu.choice`.  Layers of the set go as a call of `kernels.conv2d` would, those of networks
as the engine plans them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from math import prod
from typing import Any, cast

from minicnn import zoo
from minicnn.bench.layer_set import LAYER_SET
from minicnn.bench.options import Options
from minicnn.engine.plan import shard_size
from minicnn.geometry import Axis
from minicnn.kernels.cpu.assembly.weight_gradient import FEWEST_FILTERS, FEWEST_OF_ONE
from minicnn.kernels.cpu.choice import DIRECT, VARIABLE, choose
from minicnn.kernels.cpu.convolution_call import WINOGRAD_CHANNELS
from minicnn.kernels.cpu.maps import reversed_axes
from minicnn.kernels.cpu.tiles import ROW_FILTERS, ROW_TAPS
from minicnn.kernels.cpu.vector import LANES

NETWORKS = {"lenet": 128, "resnet20": 128, "alexnet": 64}   # with the batch they are explained for


@dataclass(frozen=True)
class Explanation:
    """One pass of one convolution.

    way : "direct", "winograd2" or "winograd4"; for weight gradients what a lane is
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
    """The layers of the set, then those of three networks; which of them, at which batches and in which passes, `options` says."""
    for case in LAYER_SET:
        if case.family == "conv" and options.wants(case.name):
            for batch in options.batches or case.batches:
                yield from _passes(case.name, case.axes, case.input_shape[0], case.output_shape[0], case.layer.groups, batch, LANES, True,
                                   options.passes)
    for name, usual in NETWORKS.items():
        topology = zoo.build(name).topology
        for node in topology.nodes:
            own, layer = f"{name}:{node.name}", cast(Any, node.layer)
            if layer.kernel == "conv" and options.wants(own):
                for batch in options.batches or (usual,):
                    axes, groups = layer.axes(node.input_shapes) or (), layer.groups
                    yield from _passes(own, axes, node.input_shapes[0][0], node.output_shapes[0][0], groups, batch,
                                       shard_size(topology, batch, training=batch >= LANES), False, options.passes)


def _passes(name: str, axes: Sequence[Axis], channels: int, filters: int, groups: int, batch: int, shard: int, call: bool,
            passes: Sequence[str]) -> Iterator[Explanation]:
    if "forward" in passes:
        yield _product(name, "forward", axes, channels, filters, groups, batch, shard, call)
    if "input" in passes:
        # with a stride the gradient has the products of the forward pass, and no choice
        back = reversed_axes(axes) if all(axis.stride == 1 for axis in axes) else axes
        yield _product(name, "input gradient", back, filters, channels, groups, batch, shard, call)
    if "weight" in passes:
        yield Explanation(name, "weight gradient", batch, *_weight_gradient(axes, channels // groups, filters // groups))


def _product(name: str, work: str, axes: Sequence[Axis], channels: int, filters: int, groups: int, batch: int, shard: int, call: bool
             ) -> Explanation:
    vectors = -(-batch // LANES)
    choice = choose(axes, channels, filters, groups, shard if batch >= LANES else batch, vectors)
    cycles = {way: each * vectors / 1e6 for way, each in choice.cycles.items()}
    if batch < LANES:
        return Explanation(name, work, batch, DIRECT, {}, f"fewer than {LANES} images: a lane is a column")
    if len(cycles) == 1:
        return Explanation(name, work, batch, DIRECT, cycles, "not 3x3 with stride 1 and dilation 1")
    if call and min(channels, filters) // groups < WINOGRAD_CHANNELS:
        return Explanation(name, work, batch, DIRECT, cycles, f"fewer than {WINOGRAD_CHANNELS} channels or filters: rounds better")
    return Explanation(name, work, batch, choice.name, cycles, f"{VARIABLE} says so" if choice.forced else "fewest cycles")


def _weight_gradient(axes: Sequence[Axis], channels: int, filters: int) -> tuple[str, dict[str, float], str]:
    """What a lane is, no cycles, and why; as `assembly/convolution.py` decides."""
    size = f"{filters} filters of {channels} channels, {prod(axis.taps for axis in axes)} taps"
    if filters >= FEWEST_FILTERS:
        return "lane a filter", {}, f"{size}: they fill the tile's lanes"
    if len(axes) == 2 and FEWEST_OF_ONE <= filters <= LANES and channels >= ROW_FILTERS and (axes[1].taps, axes[1].stride) == (ROW_TAPS, 1):
        return "lane a filter", {}, f"{size}: one vector for each of three taps"
    return "lane an image", {}, f"{size}: too few to fill lanes, so images do"
