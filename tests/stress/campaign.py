"""What a campaign is: processes of one kind, each a stream of trials that go right or show a fault."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import NamedTuple

CRASH, HANG, WRONG, TRACEBACK = KINDS = ("crash", "hang", "wrong", "traceback")


class Fault(NamedTuple):
    """What a trial showed: one of KINDS, and in words what was seen."""

    kind: str
    detail: str


Trials = Iterator[Fault | None]  # one item a trial: None where all went right


class Campaign(NamedTuple):
    """Processes that try the same thing by different seeds.

    name : of the module beside this one whose `trials` does it; what stands behind a dash is its second argument
    purpose : for the help
    processes : in the full run
    deadline_seconds : for one trial; the first one's includes what it prepares
    """

    name: str
    purpose: str
    processes: int
    deadline_seconds: float = 60.0

    @property
    def family(self) -> str:
        return self.name.partition("-")[0]

    def trials(self, seed: int) -> Trials:
        """Try, and yield after every trial.  To be called in a process of its own: it may crash or hang, and that is counted too."""
        part = self.name.partition("-")[2]
        module = importlib.import_module(f".{self.family}", __package__)  # only there, so that the process that counts loads nothing
        trials: Trials = module.trials(seed, part) if part else module.trials(seed)
        return trials
