"""All campaigns, in the order of the table, and how much of each makes a full run: about 45 minutes on two cores."""

from __future__ import annotations

from .campaign import Campaign

FILES = ("network", "checkpoint", "run.json", "history", "npy", "idx", "picture", "npz", "csv", "folder")  # the kinds of mutations.py

CAMPAIGNS = (
    Campaign("interrupts", "exceptions at random microseconds of calls on two threads: 20 a process", 1000),
    Campaign("threads", "gradients of one network on four threads: 4 x 250 a process, among other calls", 300),
    Campaign("forks", "forks while another thread computes: 5 a process, and a pool of processes", 200),
    *(Campaign(f"files-{kind}", f"mutated files of the kind {kind}: 500 a process", 40) for kind in FILES),
    Campaign("caches", "damaged folders of machine code: 5 a process", 50, 120.0),
    Campaign("kills", "trainings killed three times each, between any two instructions", 100, 600.0),
    Campaign("streams", "commands whose streams are closed, full or cut, or that Ctrl-C meets: 10 a process", 80, 90.0),
)
WARMING = Campaign("warming", "every call once, to fill the cache", 1, 300.0)
DRILL = Campaign("drill", "faults on purpose: whether they are noticed", 5, 1.0)
ON_REQUEST = (WARMING, DRILL)  # run by name only


def named(name: str) -> list[Campaign]:
    """The campaigns of that name or family; none if there are none."""
    return [each for each in (*CAMPAIGNS, *ON_REQUEST) if name in (each.name, each.family)]
