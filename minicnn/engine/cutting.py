"""How a batch in use is cut into what goes well: shards for each thread, vectors that all threads share, and the few images left.

A vector has a lane for each of `LANES` images and takes as long for one image as for all of them; few images have ways of their own, where
a lane is a column or one of Winograd's tiles.  So 17 images go as 16 and 1, or as 9 and 8 on two threads, and 15 as a vector that they do
not fill: whatever is thought to take least (`batch_costs.py`).  Microseconds an image, 16, 17 and 32 images, two threads: LeNet 3.1, 3.4
and 2.4, in vectors and few images that threads share 3.4, 4.6 and 3.0.

All images of a call get the same sums, bit for bit, whatever their place: layers are computed as the whole batch would be (`together`).
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any, NamedTuple

from minicnn.engine.batch_costs import THREADS, goes_by_winograd, plan_cycles, takes_shards
from minicnn.engine.operations.convolution import problem_of
from minicnn.engine.plan import CACHE_BYTES, SHARDS_SIZES, outweighs_images, shard_size
from minicnn.engine.small_batches import FEW_SHARDS
from minicnn.engine.work import is_little
from minicnn.graph import Topology
from minicnn.kernels.cpu.convolution.problem import FORWARD
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.layers.conv import Conv

INFERENCE_BATCH = 512  # images a plan holds outputs for at once; larger inputs are split into batches
SMALLEST = SHARDS_SIZES[-1]
MANY = FEW_SHARDS * SMALLEST  # images that are shards enough for each thread to take its own
LEAST = 8  # few images that go together in any cache: fewer fill vectors worse
WIDEST = 128  # images of a shard where weights outweigh them: beyond, the sums take longer than reading the weights


class Cut(NamedTuple):
    """Images that go through one plan.

    images : how many
    batch, shard : of the plan: the most it takes at a time, and how many lie side by side
    together : images by whose number every layer is computed
    by_feature : whether linear layers sum over lanes that are features, also where a lane could be an image
    split : whether threads share every step of a shard; else each takes shards of its own
    """

    images: int
    batch: int
    shard: int
    together: int
    by_feature: bool = False
    split: bool = False

    def plan(self) -> dict[str, Any]:
        """What its plan is told beside the batch."""
        return {"shard": self.shard, "together": self.together, "by_feature": self.by_feature, "split": self.split}

    def cycles(self, topology: Topology) -> float:
        """What its plan is thought to take."""
        return plan_cycles(topology, self.images, self.batch, self.shard, self.split, self.together)


def cuts(topology: Topology, images: int) -> tuple[Cut, ...]:
    """What a network's images are cut into, in their order; it follows from the network and their number alone."""
    if images >= LANES and any(map(outweighs_images, topology.nodes)):  # as few shards as can be, each of which reads the weights
        batch = whole(min(images, INFERENCE_BATCH), LANES)
        shard = whole(-(-batch // -(-batch // WIDEST)), LANES)
        return (Cut(images, whole(batch, shard), shard, inference_class(images, INFERENCE_BATCH), split=True),)
    found = min(_ways(topology, images), key=lambda way: sum(cut.cycles(topology) for cut in way))
    if images >= LANES and any(cut.shard < LANES for cut in found):
        # where weights stay in the cache: LeNet, one image beside 16, 27 and 16 microseconds
        by_feature = 4 * topology.memory_size <= CACHE_BYTES
        return tuple(cut._replace(by_feature=by_feature) for cut in found)
    return tuple(found)


def _ways(topology: Topology, images: int) -> Iterator[list[Cut]]:
    """What images may be cut into: beyond `MANY`, those that are shards enough for each thread, and what is left."""
    together = images if images < LANES else inference_class(images, INFERENCE_BATCH)
    many, left = images // MANY * MANY, images % MANY
    rests = list(_ways_of_few(topology, left, together)) if left else [[]]
    for own in _shards(topology, many, together) if many else [[]]:
        yield from ([*own, *rest] for rest in rests)
    if many == MANY and left:
        yield from _shards(topology, images, together)


def _shards(topology: Topology, images: int, together: int) -> Iterator[list[Cut]]:
    """Shards of full vectors, enough of them, or one for each of two threads where it fits the cache, or a single one of little work."""
    full = whole(images, LANES)
    if is_little(topology, full):
        yield [Cut(images, full, full, together)]
    if images % MANY == 0:
        yield [Cut(images, INFERENCE_BATCH, _balanced(topology, images), together)]
    yield from _full_halves(topology, images, together)


def _full_halves(topology: Topology, images: int, together: int) -> Iterator[list[Cut]]:
    """Full vectors as one shard for each thread, where its values fit the cache."""
    half = whole(-(-images // THREADS), LANES)
    if takes_shards(topology) and half < MANY and half * _largest(topology) <= CACHE_BYTES:
        yield [Cut(images, THREADS * half, half, together)]


def _ways_of_few(topology: Topology, images: int, together: int) -> Iterator[list[Cut]]:
    """The same for fewer than `MANY`: in vectors that may hold fewer, or in those that they fill and the few left."""
    vectors, few = divmod(images, LANES)
    yield from _in_vectors(topology, images, max(together, LANES))
    if few and vectors:
        for full in _in_vectors(topology, vectors * LANES, together):
            for narrow in _narrow(topology, few, together):
                yield [*full, *narrow]
    elif few:
        yield from _narrow(topology, few, together)
        if not takes_shards(topology):
            yield [Cut(images, 1, 1, 1, split=True)]  # one after the other, each as if it came alone
    if vectors and not goes_by_winograd(topology, together):  # of any width
        yield [Cut(images, images, images, together, split=True)]
        if takes_shards(topology):
            yield [_halves(images, together)]


def _in_vectors(topology: Topology, images: int, together: int) -> Iterator[list[Cut]]:
    """A vector a shard: threads share each, or those left over when each has taken its own."""
    full = whole(images, LANES)
    yield [Cut(images, full, LANES, together, split=True)]
    own = full // (THREADS * LANES) * THREADS * LANES
    if own and takes_shards(topology):
        rest = [Cut(images - own, full - own, LANES, together, split=True)] if own < full else []
        yield [Cut(min(own, images), own, LANES, together), *rest]
    yield from _full_halves(topology, images, together)
    if full > LANES and not goes_by_winograd(topology, together):
        yield [Cut(images, full, full, together, split=True)]


def _narrow(topology: Topology, images: int, together: int) -> Iterator[list[Cut]]:
    """Images that fill no vector: shared, in parts that fit the cache, or half of them for each thread."""
    yield [Cut(few, few, few, together, split=True) for few in _few(topology, images)]
    if takes_shards(topology) and images > 1:
        yield [_halves(images, together)]


def _halves(images: int, together: int) -> Cut:
    """One shard for each thread, no wider than its images."""
    half = -(-images // THREADS)
    return Cut(images, THREADS * half, half, together)


def _few(topology: Topology, images: int) -> list[int]:
    """Few images in even parts, whose largest value has room for a copy in the cache; all together where one image has none.

    Cut or not, 15 images: ResNet-20 0.45 and 0.58 milliseconds an image on one thread.
    """
    if any(isinstance(node.layer, Conv) and not problem_of(node, FORWARD).shared for node in topology.nodes):
        return [images]  # a vector's time for any number
    largest = _largest(topology)
    most = max(LEAST, CACHE_BYTES // (2 * largest)) if 2 * largest <= CACHE_BYTES else images
    parts = -(-images // most)
    return [images * (part + 1) // parts - images * part // parts for part in range(parts)]


def _largest(topology: Topology) -> int:
    """Bytes of the largest value of an image."""
    return max(4 * prod(shape) for node in topology.nodes for shape in (*node.input_shapes, *node.output_shapes))


def inference_class(images: int, most: int) -> int:
    """Images as which a batch is computed: a power of two, so that few plans serve all sizes."""
    return min(1 << (images - 1).bit_length(), most)


def _balanced(topology: Topology, images: int) -> int:
    """Images of a shard: as many as are a plan's own, but so that two threads get the same number of shards."""
    most = shard_size(topology, min(images, INFERENCE_BATCH), training=False)
    fit = (size for size in SHARDS_SIZES if size <= most and min(images, INFERENCE_BATCH) % (2 * size) == 0)
    return next(fit, SMALLEST)


def whole(number: int, unit: int) -> int:
    """Rounded up to whole units."""
    return -(-number // unit) * unit
