"""One process of a campaign: inside, the trials one by one; outside, what became of it.

It writes a line for every trial, so that whatever ends it, the trials before are counted.  Nothing is piped: a process that is left
over by a trial would hold a pipe open.
"""

from __future__ import annotations

import faulthandler
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from . import CHECKOUT
from .campaign import CRASH, HANG, TRACEBACK, Campaign, Fault

RIGHT, FAULT = "right", "fault "  # what a line says of a trial; after FAULT follows the fault as JSON
GRACE_SECONDS = 5.0  # after the deadline, for a process so stuck that its own watchdog cannot end it
TIMEOUT = "Timeout ("
WATCHDOG = (TIMEOUT, "Fatal Python error")  # how faulthandler's report begins
SHOWN_LINES = 12  # of that report, or else of the last that a process wrote


def run_here(campaign: Campaign, seed: int) -> None:
    """Do the trials of one seed in this process, a line for each; at a deadline, show every thread and end."""
    faulthandler.enable()
    trials = campaign.trials(seed)
    while True:
        faulthandler.dump_traceback_later(campaign.deadline_seconds, exit=True)
        try:
            fault = next(trials)
        except StopIteration:
            break
        print(RIGHT if fault is None else FAULT + json.dumps(fault), flush=True)
    faulthandler.cancel_dump_traceback_later()


class Result(NamedTuple):
    """How many trials a process did, the faults that it showed, its seconds."""

    trials: int
    faults: list[Fault]
    seconds: float


class Running:
    """A process of a campaign that was started.

    folder : its own, made for it and removed with it
    cache : the folder of machine code
    """

    def __init__(self, campaign: Campaign, seed: int, folder: Path, cache: Path) -> None:
        self.campaign = campaign
        self.seed = seed
        self._begun = self._heard = time.monotonic()
        self._said = 0
        self._folder, self._out, self._err = folder, folder / "out", folder / "err"
        folder.mkdir()
        self._program = ["-m", "tests.stress", "--only", campaign.name, "--seed", str(seed), "--here"]
        variables = {"TMPDIR": str(folder), "NUMBA_CACHE_DIR": str(cache)}
        with open(self._out, "wb") as out, open(self._err, "wb") as err:
            self._process = subprocess.Popen(
                [sys.executable, *self._program],
                cwd=CHECKOUT,
                env=os.environ | variables,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    @property
    def command(self) -> str:
        """Runs the same process again."""
        return f"python {' '.join(self._program)}"

    def result(self) -> Result | None:
        """What became of it, or None while it runs and still writes a line now and then."""
        status = self._process.poll()
        if status is None and not self._is_silent():
            return None
        self.end()
        out = self._out.read_text(encoding="utf-8", errors="replace")
        lines = [line for line in out.splitlines() if line == RIGHT or line.startswith(FAULT)]
        faults = [Fault(*json.loads(line.removeprefix(FAULT))) for line in lines if line != RIGHT]
        last = HANG if status is None else status
        ended = verdict(last, self._err.read_text(encoding="utf-8", errors="replace"), faults)
        shutil.rmtree(self._folder, ignore_errors=True)
        return Result(len(lines) + len(ended), faults + ended, time.monotonic() - self._begun)

    def end(self) -> None:
        """End it, and whatever it started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _is_silent(self) -> bool:
        said = self._out.stat().st_size
        if said != self._said:
            self._said, self._heard = said, time.monotonic()
        return time.monotonic() - self._heard > self.campaign.deadline_seconds + GRACE_SECONDS


def verdict(status: int | str, err: str, faults: Sequence[Fault]) -> list[Fault]:
    """The fault that a process ended with, if any: from its exit status (HANG: it had to be ended), what it wrote to stderr, and the
    faults that it reported itself.
    """
    lines = [line for line in err.strip().splitlines() if "runpy" not in line]
    where = next((n for n, line in enumerate(lines) if line.startswith(WATCHDOG)), len(lines) - SHOWN_LINES)
    said = "\n".join(lines[max(where, 0) :][:SHOWN_LINES])
    if status == HANG or (status and TIMEOUT in err):
        return [Fault(HANG, said)]
    if isinstance(status, int) and status < 0:
        return [Fault(CRASH, f"{signal.Signals(-status).name}\n{said}")]
    if "Traceback (most recent call last)" in err and not faults:
        return [Fault(TRACEBACK, said)]
    return [Fault(CRASH, f"exit status {status}\n{said}")] if status else []
