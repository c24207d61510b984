"""What it takes to compute a batch in use, by a model: the sums of a shard, reading its values, and what threads lose to each other.

    shard     convolutions as `ways.cycles` has them, and what carries their input to where lanes are columns; other sums a vector of
              images at a time, or of features where images fill none; a vector for each element that other layers read or write
    threads   two: they share every step and wait for each other after it, or each takes a shard of its own

Cycles of one thread at 4 GHz, measured on a processor with AVX-512 (their proportions are what counts).  One shard of LeNet and of
ResNet-20, microseconds, measured and thought: 8 images 48, 2,971 and 44, 3,197; 16 images 74, 3,446 and 73, 3,590.
"""

from __future__ import annotations

from math import prod

from minicnn.engine.operations.convolution import problem_of
from minicnn.engine.small_batches import shares_steps
from minicnn.engine.work import is_little
from minicnn.graph import INPUT, Node, Topology
from minicnn.kernels.cpu.convolution.choice import PER_PRODUCT, direct_cycles
from minicnn.kernels.cpu.convolution.problem import DIRECT, FORWARD, Images
from minicnn.kernels.cpu.convolution.turns import turns, turns_fill_lanes
from minicnn.kernels.cpu.convolution.ways import MEMORY_BYTES, costs, cycles
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.kernels.cpu.winograd.few_images_lowering import choose_few
from minicnn.layers import Linear
from minicnn.layers.conv import Conv
from minicnn.layers.pool import Pool

THREADS = 2  # that the model thinks of: which images go together must not depend on the machine
STEP = 400.0  # to begin a step
SHARED_STEP = 6_000.0  # what threads lose to each other at a step that they share: they wait for each other
UNEVEN = 1.1  # and how much more than its half the slower one has
WAKING = 16_000.0  # until a second thread takes part, and has left
PART = 12_000.0  # of a plan besides its steps
ARRANGED = 8.0  # a vector of a value that is carried to where lanes are columns
FROM_MEMORY = 0.6  # a weight that comes from there
ELEMENTS = 1.5  # a vector of what other layers read and write
WINDOW = 6.0  # a vector that pooling reads
LONE = 0.25  # of that where lanes are pixels of a single image
LONE_SUMS = 0.85  # of a convolution's cycles where rows need not be told apart by images: ResNet-18, one image 8.1 milliseconds, two 19
PAIRED = 0.45  # of a vector of images what two together save where weights, or places, are fetched for both


def goes_by_winograd(topology: Topology, together: int) -> bool:
    """Whether some layer of a batch of so many images, in full vectors, is computed by Winograd's way: its lanes are whole vectors."""
    return any(
        isinstance(node.layer, Conv)
        and (problem := problem_of(node, FORWARD)).shared
        and node.inputs[0] != INPUT
        and costs(problem, Images(together, LANES)).name != DIRECT
        for node in topology.nodes
    )


def shard_cycles(topology: Topology, images: int, together: int) -> float:
    """Of so many images side by side, in a batch of `together`, on one thread."""
    return sum(_node_cycles(node, images, together) for node in topology.nodes)


def plan_cycles(topology: Topology, images: int, batch: int, shard: int, split: bool, together: int) -> float:
    """Of images in shards, whose steps threads share if `split`, by a plan for `batch` of them: until the last thread has left."""
    shards, own = -(-images // shard), shard_cycles(topology, shard, together)
    if is_little(topology, batch):
        return PART + shards * own
    if split:
        return PART + WAKING + shards * (UNEVEN * own / THREADS + len(topology.nodes) * SHARED_STEP)
    return PART + WAKING + -(-shards // THREADS) * own


def takes_shards(topology: Topology) -> bool:
    """Whether each of two threads had better take a shard of its own than share steps: in LeNet and ResNet-20, not in ResNet-18."""
    return not shares_steps(topology)


def _node_cycles(node: Node, images: int, together: int) -> float:
    vectors = -(-images // LANES)
    fetches = vectors - PAIRED * (vectors // 2)
    elements = sum(map(prod, node.input_shapes))
    if isinstance(node.layer, Conv):
        problem, halo = problem_of(node, FORWARD), node.inputs[0] == INPUT
        if not problem.shared and images % LANES and turns_fill_lanes(problem):
            filters = list(turns(problem.axes, problem.tile))
            sums = sum(
                choose_few(axes, problem.channels, problem.filters, problem.groups, images, images).cycles[DIRECT] for axes in filters
            )
            return (2 + 2 * len(filters)) * STEP + images * (sums + ARRANGED * elements / LANES)
        if not problem.shared:
            return STEP + fetches * direct_cycles(problem.axes, problem.channels // problem.groups, problem.filters)
        if images % LANES == 0:
            return STEP + vectors * cycles(problem, Images(together, images, halo))
        alone = LONE_SUMS if images == 1 else 1.0
        return 3 * STEP + images * alone * (cycles(problem, Images(together, images, halo)) + ARRANGED * elements / LANES)
    macs = node.layer.cost(node.input_shapes, node.output_shapes).macs or 0
    if macs:
        by_feature = isinstance(node.layer, Linear) and images < LANES
        sums = PER_PRODUCT / 2 * macs * (images / LANES if by_feature else fetches)
        weights = sum(slot.size for slot in node.slots)
        return STEP + (max(sums, FROM_MEMORY * weights) if 4 * weights > MEMORY_BYTES else sums)
    if isinstance(node.layer, Pool):
        return STEP + WINDOW * elements * (LONE if images == 1 else fetches)
    return STEP + ELEMENTS * (elements + sum(map(prod, node.output_shapes))) * images / LANES
