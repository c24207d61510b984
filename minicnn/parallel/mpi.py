"""The ranks of a run, by MPI: what the engine and the training loop ask of them (`minicnn.engine.ranks.Ranks`)."""

from __future__ import annotations

import copy
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from minicnn.errors import DeviceError, SettingError, quoted, suggestion
from minicnn.launch import DATA, KINDS, MODEL
from minicnn.parallel.waiting import SLICE_SECONDS, wait
from minicnn.processors import usable_processors

if TYPE_CHECKING:
    from mpi4py import MPI

    from minicnn.engine.ranks import Division

TOWERS = 2


def ranks(kind: str, communicator: Any = None) -> MPIRanks:
    """The ranks of an mpi4py communicator, by default all that `mpiexec` has started, which share the work in this way.

    Raises
    ------
    DeviceError
        If mpi4py or an MPI library is missing.
    SettingError
        If there is no such way, or it takes another number of ranks.
    """
    if kind not in KINDS:
        raise SettingError(f"parallel is {quoted(kind)}, but must be one of {', '.join(map(repr, KINDS))}{suggestion(kind, KINDS)}")
    world = imported().COMM_WORLD if communicator is None else communicator
    if kind == MODEL and world.size != TOWERS:
        raise SettingError(
            f"parallel='model' takes {TOWERS} ranks, one for each tower, but there {'is one' if world.size == 1 else f'are {world.size}'}"
            f"\n  start it with: mpiexec -n {TOWERS} minicnn train ... --parallel model"
        )
    return MPIRanks(kind, world)


def imported() -> Any:
    """mpi4py's MPI, which starts MPI; a DeviceError if it is not here."""
    try:
        from mpi4py import MPI
    except ImportError as error:
        raise DeviceError("training on several ranks needs mpi4py, which is not here\n  pip install 'minicnn[mpi]'") from error
    except RuntimeError as error:
        raise DeviceError(
            "training on several ranks needs an MPI library, and mpi4py finds none\n  pip install mpich, or install one with the system"
        ) from error
    return MPI


class MPIRanks:
    """The ranks of a run, as each of them sees them.

    kind : "data" or "model"
    rank, size : of this process, from 0, and how many there are

    Every method is called by all ranks, in the same order.
    """

    def __init__(self, kind: str, world: Any) -> None:
        self.kind, self.world = kind, world
        self.rank, self.size = int(world.rank), int(world.size)
        self._mpi: Any = imported()
        self._rows: MPI.Intracomm = world.Dup()  # messages of others who use this communicator are none of ours
        self._talk: MPI.Intracomm = world.Dup()
        self.failures: MPI.Intracomm = world.Dup()
        here = world.Split_type(self._mpi.COMM_TYPE_SHARED)
        processors = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        self.sharing = here.allgather(processors).count(processors)  # ranks of this machine that use the same processors
        here.Free()
        self._patience = SLICE_SECONDS if self.sharing <= usable_processors() else 0.0

    @property
    def leads(self) -> bool:
        """Whether this is the rank that writes and shows."""
        return self.rank == 0

    @property
    def computing(self) -> int:
        """How many share the images."""
        return self.size if self.kind == DATA else 1

    @property
    def by_images(self) -> MPIRanks:
        """The same ranks, each with the whole network, for what needs no towers."""
        found = copy.copy(self)
        found.kind = DATA
        return found

    def gather(self, rows: np.ndarray, division: Division) -> None:
        """Each rank has its own rows of an array, C-contiguous; afterwards all have all of them."""
        if self.size == 1 or not rows.size:
            return
        packed = rows if division.order is None else rows[division.order]
        length = rows.size // len(rows)
        counts = [length * count for count in division.counts]
        self._wait(self._rows.Iallgatherv(self._mpi.IN_PLACE, [packed, counts]))
        if division.order is not None:
            rows[division.order] = packed

    def swap(self, rows: np.ndarray) -> None:
        """Each of two ranks gets the other's rows in place of its own."""
        other, sent = 1 - self.rank, rows.copy()
        coming, going = self._rows.Irecv(rows, other), self._rows.Isend(sent, other)
        self._wait(coming)
        self._wait(going)

    def meet(self) -> None:
        """Wait until all are here."""
        self._wait(self._talk.Ibarrier())

    def _wait(self, request: Any) -> None:
        wait(request, self._patience)

    def from_first(self, value: Any) -> Any:
        """The first rank's value; the others' are not looked at."""
        self.meet()
        return self._talk.bcast(value)

    def from_all(self, value: Any) -> list[Any]:
        """Every rank's value, in their order."""
        self.meet()
        return self._talk.allgather(value)

    def on_any(self, value: bool) -> bool:
        """Whether it holds on any rank."""
        return any(self.from_all(value))

    def demand_same(self, **values: Any) -> None:
        """An error on every rank unless all have the same values; words of a name are joined by _.

        Raises
        ------
        SettingError
            That names the first difference.
        """
        for rank, others in enumerate(every := self.from_all(values)):
            for name, value in others.items():
                if value != every[0][name]:
                    raise SettingError(
                        f"rank {rank} has another {name.replace('_', ' ')} than rank 0\n  rank 0  {every[0][name]}\n  rank {rank}  {value}"
                    )

    def threads(self) -> int:
        """Processors for each rank: those it may use, divided among the ranks of its machine that may use the same."""
        return max(1, usable_processors() // self.sharing)
