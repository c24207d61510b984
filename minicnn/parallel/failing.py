"""How a run on several ranks fails: all of them end, and one says why."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minicnn.parallel.mpi import MPIRanks

TOGETHER_SECONDS = 2.0  # within which ranks that make the same mistake have all made it
TOLD_SECONDS = 0.5  # in which mpiexec passes on what a rank has written: an abort may come before the second half of it


@contextmanager
def failing_together(ranks: MPIRanks, tell: Callable[[str], None]) -> Iterator[None]:
    """An exception inside the block that all ranks have is the first rank's to report; one that not all have ends the others, too.

    tell : writes a message

    Raises
    ------
    SystemExit
        On the others.
    """
    try:
        yield
    except BaseException as error:
        if isinstance(error, SystemExit | GeneratorExit) and not getattr(error, "code", 0):
            raise
        if all_fail(ranks):
            if ranks.leads:
                raise
            raise SystemExit(1) from error
        interrupted = isinstance(error, KeyboardInterrupt)
        tell(f"rank {ranks.rank}: {'interrupted' if interrupted else str(error) or type(error).__name__}")
        _abort(ranks, 130 if interrupted else 1)


def _abort(ranks: MPIRanks, status: int) -> None:
    """End all ranks, once what this one has said is on its way."""
    sys.stderr.flush()
    time.sleep(TOLD_SECONDS)
    ranks.world.Abort(status)


def all_fail(ranks: MPIRanks) -> bool:
    """Whether all ranks come here within a moment."""
    arrived, end = ranks.failures.Ibarrier(), time.monotonic() + TOGETHER_SECONDS
    while not arrived.Test():
        if time.monotonic() > end:
            return False
        time.sleep(0.001)
    return True


def tell_of_failures(ranks: MPIRanks) -> None:
    """From now on an exception that ends this process ends the other ranks as well, after its traceback: they would wait for ever."""
    before = sys.excepthook

    def ending(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        together = all_fail(ranks)
        if not together or ranks.leads:
            before(kind, error, trace)
        if not together:
            _abort(ranks, 1)

    sys.excepthook = ending
