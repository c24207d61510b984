"""Several processes, or ranks, that run one plan together: each computes the shards of some slots, and gets the others' results.

What the engine knows of them is `Ranks`; how numbers travel is theirs.  A slot belongs to one rank, so that its shards are added in the
order in which one process alone would add them; all ranks then have all slots, and add them in their order: the same bits on any number
of ranks.  Where shards need each other's numbers on the way, as in batch normalization, the plan has an `Exchange`.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from minicnn.errors import GraphError
from minicnn.kernels.cpu.program.crew import run

if TYPE_CHECKING:
    from minicnn.engine.plan import Plan

ROWS, SWAP, SLOTS = "rows", "swap", "slots"  # kinds of exchanges


class Division(NamedTuple):
    """Rows of an array, each of which one rank has computed.

    counts : rows of each rank
    order : the rows, those of the first rank first; None if that is how they lie
    """

    counts: tuple[int, ...]
    order: np.ndarray | None

    @classmethod
    def of(cls, owners: np.ndarray, size: int) -> Division:
        """From the rank of each row, and the number of ranks."""
        counts = tuple(np.bincount(owners, minlength=size).tolist())
        return cls(counts, None if (np.diff(owners) >= 0).all() else np.argsort(owners, kind="stable"))


class Ranks(Protocol):
    """The ranks of a run, as each of them sees them."""

    rank: int  # of this process, from 0
    size: int  # how many there are

    @property
    def computing(self) -> int:
        """How many share the images; 1 if each computes all of them, but a part of the network."""

    def gather(self, rows: np.ndarray, division: Division) -> None:
        """Each rank has its own rows of an array, C-contiguous; afterwards all have all of them."""

    def swap(self, rows: np.ndarray) -> None:
        """Each of two ranks gets the other's rows in place of its own."""


class Exchange(NamedTuple):
    """What ranks exchange after a phase.

    phase : how many phases come before it
    kind : ROWS of common memory, one a shard; SWAP, the same, but of two ranks that compute all shards; SLOTS, the gradients
    begin, row : in `memory`, in elements; of all slots where the kind is SLOTS
    """

    phase: int
    kind: str
    begin: int = 0
    row: int = 0


def own_slots(slots: int, ranks: Ranks) -> tuple[int, int]:
    """First and last slot, and one, of this rank."""
    return slots_of(slots, ranks.rank, ranks.computing) if ranks.computing > 1 else (0, slots)


def slots_of(slots: int, rank: int, size: int) -> tuple[int, int]:
    """The same of any rank: about as many each; where there are more ranks than slots, one each for the first of them."""
    if size >= slots:
        return min(rank, slots), min(rank + 1, slots)
    return slots * rank // size, slots * (rank + 1) // size


def owners_of_slots(slots: int, size: int) -> np.ndarray:
    """The rank of each slot."""
    owners = np.zeros(slots, np.int64)
    for rank in range(size):
        first, stop = slots_of(slots, rank, size)
        owners[first:stop] = rank
    return owners


def run_together(plan: Plan, ranks: Ranks, parameters: np.ndarray, jobs: np.ndarray, addresses: np.ndarray) -> None:
    """Run batches as `crew.run` does in one process; between exchanges a program runs as there, with the shards of this rank alone.

    A signal's exception is raised when its batch is done, by this rank alone.
    """
    first, stop = own_slots(plan.layout.slots, ranks)
    layout, program = plan.layout._replace(own_first=first, own_stop=stop), plan.program
    around = (plan.memory, parameters)
    if not plan.exchanges:
        run(plan.threads, program, *around, jobs, addresses, layout, plan.finished)
        return
    ends = [*(each.phase for each in plan.exchanges), len(program.phases)]
    parts = [program._replace(phases=program.phases[begin:end]) for begin, end in zip([0, *ends], ends, strict=False)]
    for n in range(len(jobs)):
        interrupt: BaseException | None = None
        for part, exchange in zip(parts, [*plan.exchanges, None], strict=True):
            done = np.zeros(1, np.int64)
            try:
                if len(part.phases):
                    run(plan.threads, part, *around, jobs[n : n + 1], addresses, layout, done, whole_batches=True)
            except BaseException as error:
                if not done[0]:
                    raise
                interrupt = interrupt or error  # of a signal: the part is whole, and the others wait for the rest of the batch
            if exchange is not None:
                _carry_out(plan, ranks, parameters, exchange, first == 0 < stop)
        plan.finished[0] = n + 1
        if interrupt is not None:
            raise interrupt


def gather_results(plan: Plan, ranks: Ranks, statistics: np.ndarray, batch_size: int, output: np.ndarray | None) -> None:
    """What the shards of batches have reported, (batches, shards, 2), and the outputs of their images."""
    if ranks.computing > 1:
        batches, shards, _ = statistics.shape
        ranks.gather(statistics.reshape(-1, 2), _division(plan, ranks, np.arange(batches * shards) % shards))
        if output is not None:
            places = np.arange(len(output)) % batch_size
            ranks.gather(output.reshape(len(output), -1), _division(plan, ranks, places // plan.layout.shard))


def refuse_alone() -> None:
    """The error of a plan that is one of two, run without the other."""
    raise GraphError("a tower of a network runs together with the other one: Trainer(net, parallel='model')")


def _division(plan: Plan, ranks: Ranks, shards: np.ndarray) -> Division:
    """Whose rows are whose, of which each belongs to one of these shards, or slots."""
    slots = plan.layout.slots
    return Division.of(owners_of_slots(slots, ranks.computing)[shards % slots], ranks.size)


@functools.cache
def _in_order(slots: int, computing: int, size: int, rows: int) -> Division:
    """The same of the first so many shards."""
    return Division.of(owners_of_slots(slots, computing)[np.arange(rows) % slots], size)


def _carry_out(plan: Plan, ranks: Ranks, parameters: np.ndarray, exchange: Exchange, leads: bool) -> None:
    """leads : whether this rank has the first shard, with which running statistics follow."""
    layout, memory = plan.layout, plan.memory
    if exchange.kind == SWAP:
        ranks.swap(_rows(plan, exchange))
    elif ranks.computing == 1:
        return
    elif exchange.kind == ROWS:
        rows = _rows(plan, exchange)
        ranks.gather(rows, _in_order(layout.slots, ranks.computing, ranks.size, len(rows)))
    else:
        slots = memory[layout.slot_begin : layout.slot_begin + layout.slots * layout.slot_size].reshape(layout.slots, layout.slot_size)
        for begin, end in plan.running if leads else ():  # where a slot has nothing: they are no gradients
            slots[0, begin:end] = parameters[begin:end]
        ranks.gather(slots, _in_order(layout.slots, ranks.computing, ranks.size, layout.slots))
        for begin, end in () if leads else plan.running:
            parameters[begin:end] = slots[0, begin:end]


def _rows(plan: Plan, exchange: Exchange) -> np.ndarray:
    shards = -(-plan.arrays.batch // plan.layout.shard)
    return plan.memory[exchange.begin : exchange.begin + shards * exchange.row].reshape(shards, exchange.row)
