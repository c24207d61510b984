"""A command that several ranks run together: who speaks, and how it ends if one of them fails."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from minicnn.cli.echo import printable
from minicnn.launch import DATA, launched_ranks

if TYPE_CHECKING:
    from minicnn.parallel import MPIRanks


@contextmanager
def together(kind: str | None) -> Iterator[MPIRanks | None]:
    """The ranks that run this command; None where it was neither started by `mpiexec` nor asked to be run by ranks.

    An error that all of them have is reported once.  One that not all have ends them all.
    """
    if kind is None and launched_ranks() == 1:
        yield None
        return
    from minicnn import parallel

    ranks = parallel.ranks(kind or DATA)
    with parallel.failing_together(ranks, tell):
        yield ranks


def tell(message: str) -> None:
    """An error on standard error, also from a rank that otherwise says nothing."""
    os.write(2, f"Error: {printable(message)}\n".encode())
