"""Which way each convolution takes, by the table of ways, and what the cost model expects of Winograd's; nothing is timed here.

The table: `minicnn.kernels.cpu.convolution.ways`; the model with its constants: `minicnn.kernels.cpu.convolution.choice`.  Layers
of the set are computed as by a call of `kernels.conv2d`, those of networks as the engine plans them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from minicnn import zoo
from minicnn.bench.layer_set import LAYER_SET
from minicnn.bench.options import Options
from minicnn.engine.operations.convolution import problem_of
from minicnn.engine.plan import shard_size
from minicnn.kernels.cpu.convolution.choice import FEWEST_CHANNELS, VARIABLE
from minicnn.kernels.cpu.convolution.pieces import back_as_forward
from minicnn.kernels.cpu.convolution.problem import BACKWARD_INPUT, BACKWARD_WEIGHT, FORWARD, Images, Problem
from minicnn.kernels.cpu.convolution.ways import Steps, choose, costs
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.layers.conv import Conv

NETWORKS = {"lenet": 128, "resnet20": 128, "alexnet": 64}  # with the batch to explain them for
PASSES = {"forward": (FORWARD, "forward"), "input": (BACKWARD_INPUT, "input gradient"), "weight": (BACKWARD_WEIGHT, "weight gradient")}


@dataclass(frozen=True)
class Explanation:
    """One pass of one convolution.

    way : the row of the table
    cycles : millions for the whole batch on one thread, as the model has it, of "direct", "winograd2" and "winograd4", if there is a choice
    reason : which cases the row serves, and what the cost model says
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
        if case.family in ("conv", "tiled", "unshared") and options.wants(case.name):
            layer, channels, filters = case.layer, case.input_shape[0], case.output_shape[0]
            tile = layer.tile((case.input_shape,))
            for batch in options.batches or case.batches:
                for work, words in (PASSES[name] for name in PASSES if name in options.passes):
                    problem = Problem(work, case.axes, layer.groups, tile, layer.flip, channels, filters)
                    yield _explained(case.name, words, problem, Images(batch))
    for name, usual in NETWORKS.items():
        topology = zoo.build(name).topology
        for node in topology.nodes:
            own = f"{name}:{node.name}"
            if isinstance(node.layer, Conv) and options.wants(own):
                for batch in options.batches or (usual,):
                    images = Images(batch, shard_size(topology, batch, training=batch >= LANES))
                    for work, words in (PASSES[name] for name in PASSES if name in options.passes):
                        yield _explained(own, words, problem_of(node, work), images)


def _explained(name: str, words: str, problem: Problem, images: Images) -> Explanation:
    way = choose(problem, images)
    if way.how is back_as_forward:  # which has its own way
        problem = problem.as_forward()
        way = choose(problem, images)
    if not problem.shared or not isinstance(way.how, Steps):
        return Explanation(name, words, images.number, way.name, {}, way.reason)
    choice = costs(problem, images)
    vectors = images.number if images.number < LANES else -(-images.number // LANES)
    cycles = {each: cost * vectors / 1e6 for each, cost in choice.cycles.items()}
    if len(cycles) == 1:
        reason = way.reason
    elif choice.forced:
        reason = f"{VARIABLE} says so"
    elif cycles[choice.name] == min(cycles.values()):
        reason = f"{way.reason}; fewest cycles"
    elif not images.shard and min(problem.channels, problem.filters) // problem.groups < FEWEST_CHANNELS:
        reason = f"{way.reason}; fewer than {FEWEST_CHANNELS} channels or filters: rounds better"
    else:
        reason = f"{way.reason}; nearly as fast as Winograd's, and rounds better"
    return Explanation(name, words, images.number, way.name, cycles, reason)
