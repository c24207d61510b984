"""Files from others: good files, changed at random, are read or refused with a MinicnnError, and in bounded time and memory."""

from __future__ import annotations

import resource
import tempfile
import traceback
from pathlib import Path

from .campaign import TRACEBACK, Fault, Trials
from .mutations import Files, outcome

FILES = 500
MEMORY_BYTES = 1 << 31  # of addresses, beside those that the process has when it begins to read


def trials(seed: int, kind: str) -> Trials:
    """One trial a file."""
    with tempfile.TemporaryDirectory() as folder:
        mutated = Files(Path(folder)).mutated(kind, seed, FILES)
        limit_memory(MEMORY_BYTES)
        for number, path in enumerate(mutated):
            yield read_or_refused(kind, path, f"{path.name}, number {number}")


def read_or_refused(kind: str, path: Path, where: str) -> Fault | None:
    try:
        outcome(kind, path)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        return Fault(TRACEBACK, f"{where}: {type(error).__name__}: {str(error)[:200]}\n  {last.filename}:{last.lineno} in {last.name}")
    return None


def limit_memory(more: int) -> None:
    """Let the process have so many bytes of addresses more than now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + more,) * 2)
