"""The folder of a run on several ranks: rank 0 alone reads and writes it, and tells the others what it has read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from minicnn.errors import MinicnnError
from minicnn.train.run_folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from minicnn.parallel import MPIRanks
    from minicnn.train.records import EpochRecord

Value = TypeVar("Value")


def on_first(ranks: MPIRanks | None, function: Callable[[], Value]) -> Value:
    """What a function returns, or raises, on rank 0; on every rank.  Without ranks: here."""
    if ranks is None:
        return function()
    value, error = None, None
    if ranks.leads:
        try:
            value = function()
        except MinicnnError as caught:
            error = caught
    value, error = ranks.from_first((value, error))
    if error is not None:
        raise error
    return value  # type: ignore[return-value]


def run_folder(ranks: MPIRanks | None, make: Callable[[], RunFolder]) -> RunFolder:
    """The folder that `make` gives, on rank 0 if there are several."""
    if ranks is None:
        return make()
    own: list[RunFolder] = []

    def path() -> Path:
        own.append(make())
        return own[0].path

    return SharedFolder(ranks, on_first(ranks, path), own[0] if own else None)


class SharedFolder(RunFolder):
    """A run's folder as each rank sees it.  What reads, and `claim`, is called by all; what writes does nothing but on rank 0.

    own : the folder itself, on rank 0
    """

    def __init__(self, ranks: MPIRanks, path: Path, own: RunFolder | None) -> None:
        super().__init__(path)
        self._ranks, self._own = ranks, own
        self.writes = own is not None

    def _read(self, read: Callable[[RunFolder], Value]) -> Value:
        return on_first(self._ranks, lambda: read(self._own))  # type: ignore[arg-type]

    def holds(self, name: str) -> bool:
        return self._read(lambda own: own.holds(name))

    def claim(self) -> None:
        self._read(lambda own: own.claim())

    def read_description(self) -> dict[str, Any]:
        return self._read(lambda own: own.read_description())

    def read_checkpoint(self) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
        return self._read(lambda own: own.read_checkpoint())

    def release(self) -> None:
        if self._own:
            self._own.release()

    def discard(self) -> None:
        if self._own:
            self._own.discard()

    def write_description(self, values: dict[str, Any]) -> None:
        if self._own:
            self._own.write_description(values)

    def write_history(self, records: Sequence[EpochRecord], **more: Any) -> None:
        if self._own:
            self._own.write_history(records, **more)

    def append_history(self, record: EpochRecord, **more: Any) -> None:
        if self._own:
            self._own.append_history(record, **more)

    def write_checkpoint(self, arrays: dict[str, np.ndarray], numbers: dict[str, Any]) -> None:
        if self._own:
            self._own.write_checkpoint(arrays, numbers)
