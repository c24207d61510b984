"""A line on a terminal while something takes longer than a moment: what happens now, and a bar where it is known how much there is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import Timer
from types import TracebackType
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, SpinnerColumn, TextColumn, TimeElapsedColumn

MOMENT = 0.5  # seconds: what is quicker shows nothing
Item = TypeVar("Item")


class Waiting:
    """The line, on stderr; nothing in a pipe.  A context.

        with Waiting(stderr_console(), total=len(laws)) as waiting:
            for law in laws:
                waiting.show(law.name)
                ...

    Parameters
    ----------
    words : str
        What happens at first.
    total : int, optional
        How many parts there are; `show` ends one and begins the next.
    """

    def __init__(self, console: Console, words: str = "", total: int | None = None) -> None:
        columns: list[ProgressColumn | str] = [SpinnerColumn("line"), TextColumn("{task.description}", markup=False)]
        if total is not None:
            columns += [BarColumn(), MofNCompleteColumn()]
        self._bar = Progress(*columns, TimeElapsedColumn(), console=console, transient=True) if console.is_terminal else None
        self._task = self._bar.add_task(words, total=total) if self._bar else None
        self._timer: Timer | None = None
        self._begun = 0

    def __enter__(self) -> Waiting:
        self._await()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.clear()

    def show(self, words: str) -> None:
        """What happens now; a part before it is done."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, description=words, completed=self._begun)
            self._begun += 1
            if self._timer is None:
                self._await()

    def clear(self) -> None:
        """Leave the line free, for something is printed."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()
            self._timer = None
        if self._bar is not None:
            self._bar.stop()

    def _await(self) -> None:
        if self._bar is not None:
            self._timer = Timer(MOMENT, self._bar.start)
            self._timer.daemon = True
            self._timer.start()


def each_of(console: Console, items: Sequence[Item]) -> Iterator[Item]:
    """Items, with a line that names the one in work."""
    with Waiting(console, total=len(items)) as waiting:
        for item in items:
            waiting.show(str(item))
            yield item
