"""How a small training batch is cut: into shards of images, and those, where that pays, step by step into parts.

A shard is as wide as its images: no lane of a vector is empty where lanes are columns and images together.  Everything here follows from
the network and the batch alone, so that results have the same bits on any number of threads.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from minicnn.engine.operations.convolution import problem_of
from minicnn.graph import Topology
from minicnn.kernels.cpu.convolution.choice import Choice
from minicnn.kernels.cpu.convolution.problem import DIRECT, FORWARD, Images
from minicnn.kernels.cpu.convolution.ways import costs
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.layers.conv import Conv

FEW_SHARDS = 4  # of the smallest size: a batch of so many is no small one
WORTH_FETCHING = 450  # multiply-adds for each value of an image
ALONE = 4_000_000  # multiply-adds of a step that one thread does in 50 us, as long as it takes to wake another and await it
IN_TRAINING = 1.6  # of Winograd's few images to what the model says: 13 images of 64 channels take 1.2 of a full vector, not 0.8
LONG = 200 * ALONE  # beyond which even a single shard, whose steps end with a wait for each other, is shared


def is_small(batch: int) -> bool:
    """Whether there are fewer images than vectors of them keep threads busy with."""
    return batch < FEW_SHARDS * LANES


def small_shard(topology: Topology, batch: int) -> int:
    """Images of a shard: LeNet's step of one image takes 54 us with a shard of one, 214 with one of 16."""
    images = -(-batch // _shards(topology, batch))
    return images if images >= LANES or _narrow_pays(topology, images) else LANES


def shares_steps(topology: Topology) -> bool:
    """Whether threads share every step of a small batch: else they take images, and what a step leaves stays in a thread's cache.

    They do where numbers are used often enough to be worth fetching from the cache of another (ResNet-18), not in LeNet, nor in ResNet-20:
    8 images, 6.2 and 5.8 ms.
    """
    values = sum(prod(shape) for node in topology.nodes for shape in node.output_shapes)
    return multiply_adds(topology) >= WORTH_FETCHING * values


def splits_steps(topology: Topology, batch: int, shards: int) -> bool:
    """Whether steps of this batch are shared: of few images where that pays, of a single shard if a thread alone takes long.

    ResNet-20, one image: 2.1 ms by one thread; two that share its 264 steps take 1.4 at best, and 3.3 as soon as anything disturbs them.
    """
    return shares_steps(topology) or (shards == 1 and batch * multiply_adds(topology) > LONG)


def alone(topology: Topology) -> int:
    """Images that one thread had better train with by itself."""
    return ALONE // max(1, multiply_adds(topology))


def multiply_adds(topology: Topology) -> int:
    """Those of a training step, for one image: forward, and back to weights and inputs."""
    return 3 * sum(node.layer.cost(node.input_shapes, node.output_shapes).macs or 0 for node in topology.nodes)


def _shards(topology: Topology, batch: int) -> int:
    """How many: no more than waking a thread is worth, as few as possible while threads share its steps, else an even number.

    More than 16 images to a shard are no worse than 16 (LeNet, 33 images: two shards of 17, 0.26 ms, two rounds of shards of 9, 0.32), but for Winograd's way,
    whose lanes are images.
    """
    if shares_steps(topology) or batch <= alone(topology):
        return -(-batch // LANES)
    return min(batch, 2 if batch <= 2 * LANES or not any(many.name != DIRECT for _, many in _convolutions(topology, LANES)) else FEW_SHARDS)


def _narrow_pays(topology: Topology, images: int) -> bool:
    """Whether so few images are better computed with columns as lanes than as a vector some of whose lanes are empty.

    Winograd's way for full vectors may outweigh what empty lanes cost: ResNet-20, two shards of 10 and of 11 images, 13 and 14.3 ms, and
    as two of 16, 13.3 ms.
    """
    narrow = wide = 0.0  # cycles: the weight's gradient goes the direct way, forward and back to the input the one that is chosen
    for few, many in _convolutions(topology, images):
        direct = many.cycles[DIRECT] / LANES  # of an image
        narrow += images * (direct + 2 * (direct if few.name == DIRECT else IN_TRAINING * few.cycles[few.name]))
        wide += LANES * direct + 2 * many.cycles[many.name]
    return narrow <= wide


def _convolutions(topology: Topology, images: int) -> Iterator[tuple[Choice, Choice]]:
    """What each convolution costs in a shard of so many images, and in one of a vector of them."""
    for node in topology.nodes:
        if isinstance(node.layer, Conv) and len(node.layer.axes(node.input_shapes) or ()) == 2:
            problem = problem_of(node, FORWARD)
            yield costs(problem, Images(images, images)), costs(problem, Images(LANES, LANES))
