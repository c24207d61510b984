"""Runs campaigns side by side, two processes at a time, and counts."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from .campaign import Campaign, Fault
from .campaigns import ON_REQUEST, WARMING
from .process import Result, Running

WORKERS = 2
POLL_SECONDS = 0.02
CACHE = "cache"  # machine code, for all processes of a run


class Found(NamedTuple):
    """The first fault of its kind in a process, how many there were, and the command that runs that process again."""

    campaign: str
    fault: Fault
    times: int
    command: str


@dataclass
class Tally:
    """The count of one campaign: processes begun and ended, what they tried, what they showed."""

    campaign: Campaign
    begun: int = 0
    processes: int = 0
    trials: int = 0
    seconds: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)

    def add(self, result: Result) -> None:
        self.processes += 1
        self.trials += result.trials
        self.seconds += result.seconds
        self.faults.update(fault.kind for fault in result.faults)

    @property
    def share(self) -> float:
        """Of the full run, what is begun."""
        return self.begun / self.campaign.processes


class Stress:
    """A run of campaigns, all of which advance at the same pace.

    Parameters
    ----------
    campaigns : sequence of Campaign
    seed : int
        Of the first process of each; the next has the next.
    minutes : float, optional
        After these, from when the cache is warm, no process begins but the first of a campaign; without, each campaign has the
        processes of the full run.
    report : function of a Found
        Called with every fault as it is found.
    each_minute : function
        Called while the run lasts.
    """

    def __init__(
        self,
        campaigns: Sequence[Campaign],
        seed: int = 0,
        minutes: float | None = None,
        report: Callable[[Found], object] = lambda found: None,
        each_minute: Callable[[], object] = lambda: None,
    ) -> None:
        self.tallies = [Tally(campaign) for campaign in campaigns]
        self.seconds = 0.0  # from the beginning to the last full minute, or to the end
        self._begin = time.monotonic()
        self.found: list[Found] = []
        self._seed = seed
        self._minutes = minutes
        self._report = report
        self._each_minute = each_minute
        self._running: list[tuple[Tally, Running]] = []

    def run(self) -> None:
        """Run to the end; after a KeyboardInterrupt, too, the tallies count the processes that had ended."""
        self._begin = time.monotonic()
        campaigns, warming = self.tallies, [Tally(WARMING)] if any(tally.campaign not in ON_REQUEST for tally in self.tallies) else []
        self.tallies = warming + campaigns
        with tempfile.TemporaryDirectory(prefix="minicnn-stress-", ignore_cleanup_errors=True) as name:
            try:
                copy_machine_code(Path(name) / CACHE)
                self._run(warming, Path(name), None)
                self._run(campaigns, Path(name), None if self._minutes is None else time.monotonic() + 60 * self._minutes)
            finally:
                for _, process in self._running:
                    process.end()
                self.seconds = time.monotonic() - self._begin

    def _run(self, tallies: Sequence[Tally], folder: Path, until: float | None) -> None:
        while True:
            while len(self._running) < WORKERS and (tally := self._next(tallies, until)):
                seed = self._seed + tally.begun
                tally.begun += 1
                self._running.append((tally, Running(tally.campaign, seed, folder / f"{tally.campaign.name}-{seed}", folder / CACHE)))
            if not self._running:
                return
            time.sleep(POLL_SECONDS)
            self._collect()
            self._look_at_the_clock()

    def _look_at_the_clock(self) -> None:
        seconds = time.monotonic() - self._begin
        if seconds >= self.seconds + 60:
            self.seconds = seconds
            self._each_minute()

    def _next(self, tallies: Sequence[Tally], until: float | None) -> Tally | None:
        """The campaign that has advanced least, if one is to go on; each begins, however short the time."""
        if until is None:
            waiting = [tally for tally in tallies if tally.share < 1]
        elif time.monotonic() < until:
            waiting = list(tallies)
        else:
            waiting = [tally for tally in tallies if not tally.begun]
        return min(waiting, key=lambda tally: tally.share, default=None)

    def _collect(self) -> None:
        """Count the processes that have ended."""
        for tally, process in list(self._running):
            result = process.result()
            if result is not None:
                self._running.remove((tally, process))
                tally.add(result)
                self._note(tally.campaign.name, result.faults, process.command)

    def _note(self, campaign: str, faults: Sequence[Fault], command: str) -> None:
        for kind, times in Counter(fault.kind for fault in faults).items():
            first = next(fault for fault in faults if fault.kind == kind)
            self.found.append(Found(campaign, first, times, command))
            self._report(self.found[-1])


def copy_machine_code(cache: Path) -> None:
    """Begin with what is compiled already where NUMBA_CACHE_DIR says; the rest takes about 20 seconds."""
    compiled = os.environ.get("NUMBA_CACHE_DIR")
    if compiled and Path(compiled, "minicnn").is_dir():
        shutil.copytree(Path(compiled, "minicnn"), cache / "minicnn")
