"""What a step of training costs on many ranks: a model of latencies and bandwidths, with constants that `measured_link` measures.

    step(R) = compute + statistics + gather + update

    compute      seconds of one rank for the batch, for the largest share of its slots:  ceil(S / R) / S
    statistics   for each of E exchanges of small rows:  latency * ceil(log2 R)
    gather       each rank gets the slots of the others:  latency * ceil(log2 R) + (S - S/R) * bytes / bandwidth
    update       every rank adds all S slots:  S * bytes / memory_bandwidth

in place of which an all-reduce, whose order of sums depends on R, would take

    all-reduce   2 * latency * ceil(log2 R) + 2 * (R - 1)/R * bytes / bandwidth

Thakur, Rabenseifner, Gropp, "Optimization of Collective Communication Operations in MPICH", 2005, sections 3.1 and 4.5: of an allgather by
recursive doubling, and of an all-reduce by a reduce-scatter and an allgather.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from minicnn.network import Graph
    from minicnn.parallel.mpi import MPIRanks

SMALL_FLOATS = 64  # of a row of statistics: 32 channels
LARGE_FLOATS = 1 << 20
LOOKS = 41


class Link(NamedTuple):
    """What connects ranks: seconds of a small message, bytes a second of large ones, and of sums in memory."""

    latency_seconds: float
    bandwidth: float
    memory_bandwidth: float


class Work(NamedTuple):
    """A step of training: seconds of one rank, slots that its batch makes, bytes of the gradient, exchanges of statistics."""

    seconds: float
    slots: int
    gradient_bytes: int
    exchanges: int


class Step(NamedTuple):
    """Seconds of a step on so many ranks, and of its parts; `all_reduce` in place of gather and update."""

    ranks: int
    compute: float
    statistics: float
    gather: float
    update: float
    all_reduce: float

    @property
    def seconds(self) -> float:
        """With slots that are gathered, and added in their order."""
        return self.compute + self.statistics + self.gather + self.update


def work_of(net: Graph, batch: int, seconds: float) -> Work:
    """The work of a network's step, which takes one rank so many seconds."""
    from minicnn.engine.plan import slots_of_batch
    from minicnn.layers.batch_norm import BatchNorm

    topology = net.topology
    norms = sum(isinstance(node.layer, BatchNorm) for node in topology.nodes)
    return Work(seconds, slots_of_batch(topology, batch), 4 * topology.memory_size, 2 * norms)


def steps(work: Work, link: Link, ranks: Iterable[int], weak: bool = False) -> list[Step]:
    """The model for numbers of ranks.

    weak : the batch grows with the ranks, so that each has the whole work, as one slot
    """
    return [_step(work._replace(slots=count) if weak else work, link, count, weak) for count in ranks]


def _step(work: Work, link: Link, ranks: int, weak: bool) -> Step:
    own, turns = min(ranks, work.slots), math.ceil(math.log2(ranks))
    compute = work.seconds * (1.0 if weak else math.ceil(work.slots / own) / work.slots)
    moved = (work.slots - work.slots / own) * work.gradient_bytes
    update = work.slots * work.gradient_bytes / link.memory_bandwidth
    reduced = 2 * (ranks - 1) / ranks * work.gradient_bytes
    return Step(
        ranks,
        compute,
        work.exchanges * turns * link.latency_seconds,
        turns * link.latency_seconds + moved / link.bandwidth,
        update,
        2 * turns * link.latency_seconds + reduced / link.bandwidth + work.gradient_bytes / link.memory_bandwidth,
    )


def measured_link(ranks: MPIRanks) -> Link:
    """The constants between these ranks, of which there must be at least two; medians, the same on all."""
    from minicnn.engine.ranks import Division

    division = Division((1,) * ranks.size, None)

    def gather(floats: int) -> Callable[[], None]:
        rows = np.ones((ranks.size, floats), np.float32)
        return lambda: ranks.gather(rows, division)

    small, large = (_seconds(gather(floats), ranks) for floats in (SMALL_FLOATS, LARGE_FLOATS))
    turns, moved = math.ceil(math.log2(ranks.size)), 4 * LARGE_FLOATS * (ranks.size - 1)
    slots = np.ones((8, LARGE_FLOATS // 8), np.float32)
    total = np.empty(slots.shape[1], np.float32)
    added = _seconds(lambda: slots.sum(axis=0, out=total), ranks)
    return ranks.from_first(Link(small / turns, moved / max(large - small, 1e-9), slots.nbytes / added))


def _seconds(action: Callable[[], object], ranks: MPIRanks) -> float:
    looks = []
    for _ in range(LOOKS):
        ranks.meet()
        begin = time.perf_counter()
        action()
        looks.append(time.perf_counter() - begin)
    return statistics.median(looks)
