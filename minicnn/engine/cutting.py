"""How a batch in use is cut into what goes well: shards of full vectors, full vectors that all threads share, and the few images left.

A vector has a lane for each of `LANES` images and takes as long for one image as for all of them; few images have ways of their own, where
a lane is a column or one of Winograd's tiles.  So 17 images go as 16 and 1, and 100 as 64, 32 and 4.  Milliseconds an image, 16 and 17
images, before and with the cut: AlexNet 4.3, 8.6 and 4.5, ResNet-18 19.8, 33.2 and 20.5.

All images of a call get the same sums, bit for bit, whatever their place: layers are computed as the whole batch would be (`together`).
"""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

from minicnn.engine.operations.convolution import problem_of
from minicnn.engine.plan import CACHE_BYTES, SHARDS_SIZES, outweighs_images, shard_size
from minicnn.engine.small_batches import FEW_SHARDS
from minicnn.graph import INPUT, Topology
from minicnn.kernels.cpu.convolution.problem import FORWARD, Images
from minicnn.kernels.cpu.convolution.ways import cycles
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.layers.conv import Conv

INFERENCE_BATCH = 512  # images a plan holds outputs for at once; larger inputs are split into batches
SMALLEST = SHARDS_SIZES[-1]
MANY = FEW_SHARDS * SMALLEST  # images that are shards enough for each thread to take its own
PART_CYCLES = 12_000.0  # that a part more takes besides its sums: 3 us
LEAST = 8  # few images that go together in any cache: fewer fill vectors worse
WIDEST = 128  # images of a shard where weights outweigh them: beyond, the sums take longer than reading the weights


class Cut(NamedTuple):
    """Images that go through one plan.

    images : how many
    batch, shard : of the plan: the most it takes at a time, and how many lie side by side
    together : images by whose number every layer is computed
    by_feature : whether linear layers sum over lanes that are features, also where a lane could be an image
    """

    images: int
    batch: int
    shard: int
    together: int
    by_feature: bool = False

    def plan(self) -> dict[str, Any]:
        """What its plan is told beside the batch."""
        return {"shard": self.shard, "together": self.together, "by_feature": self.by_feature}


def cuts(topology: Topology, images: int) -> tuple[Cut, ...]:
    """What a network's images are cut into, in their order; it follows from the network and their number alone."""
    if images < LANES:
        return tuple(Cut(few, few, few, images) for few in _few(topology, images))
    together = inference_class(images, INFERENCE_BATCH)
    if any(map(outweighs_images, topology.nodes)):  # as few shards as can be, each of which reads the weights
        batch = _whole(min(images, INFERENCE_BATCH), LANES)
        shard = _whole(-(-batch // -(-batch // WIDEST)), LANES)
        return (Cut(images, _whole(batch, shard), shard, together),)
    left = images if few_pay(topology, images % LANES, together) else _whole(images, LANES)
    found = []
    for unit in sorted({MANY, SMALLEST, LANES}, reverse=True):
        if some := left // unit * unit:
            batch, shard = (INFERENCE_BATCH, _balanced(topology, some)) if unit == MANY else (some, unit)
            found.append(Cut(some, batch, shard, together))
            left -= some
    if left:
        # where weights stay in the cache: LeNet, one image beside 16, 27 and 16 microseconds
        by_feature = 4 * topology.memory_size <= CACHE_BYTES
        few_cuts = [Cut(few, few, few, together) for few in _few(topology, left)]
        return tuple(cut._replace(by_feature=by_feature) for cut in (*found, *few_cuts))
    return (*found[:-1], found[-1]._replace(images=images - sum(cut.images for cut in found[:-1])))


def _few(topology: Topology, images: int) -> list[int]:
    """Few images in even parts, whose largest value has room for a copy in the cache; all together where one image has none.

    Cut or not, 15 images: ResNet-20 0.45 and 0.58 milliseconds an image on one thread.
    """
    if any(isinstance(node.layer, Conv) and not problem_of(node, FORWARD).shared for node in topology.nodes):
        return [images]  # a vector's time for any number
    largest = max(4 * prod(shape) for node in topology.nodes for shape in (*node.input_shapes, *node.output_shapes))
    most = max(LEAST, CACHE_BYTES // (2 * largest)) if 2 * largest <= CACHE_BYTES else images
    parts = -(-images // most)
    return [images * (part + 1) // parts - images * part // parts for part in range(parts)]


def few_pay(topology: Topology, few: int, together: int) -> bool:
    """Whether so many images take less time by themselves than in a vector that they do not fill: by the cycles of shared convolutions.

    Layers whose weights are read once either way count for nothing.
    """
    apart, lanes = PART_CYCLES, 0.0
    for node in topology.nodes if few else ():
        if isinstance(node.layer, Conv) and (problem := problem_of(node, FORWARD)).shared:
            halo = node.inputs[0] == INPUT
            apart += few * cycles(problem, Images(together, few, halo))
            lanes += cycles(problem, Images(together, LANES, halo))
    return apart < lanes


def inference_class(images: int, most: int) -> int:
    """Images as which a batch is computed: a power of two, so that few plans serve all sizes."""
    return min(1 << (images - 1).bit_length(), most)


def _balanced(topology: Topology, images: int) -> int:
    """Images of a shard: as many as are a plan's own, but so that two threads get the same number of shards."""
    most = shard_size(topology, min(images, INFERENCE_BATCH), training=False)
    fit = (size for size in SHARDS_SIZES if size <= most and min(images, INFERENCE_BATCH) % (2 * size) == 0)
    return next(fit, SMALLEST)


def _whole(number: int, unit: int) -> int:
    return -(-number // unit) * unit
