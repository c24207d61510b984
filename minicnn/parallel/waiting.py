"""How ranks wait for each other: without keeping a processor from whoever has work.

MPI's own waiting calls never sleep.  Where ranks share processors, with each other or with other programs, the one that waits then takes
the time slices of the one it waits for: a gather of 256 bytes took 76 ms instead of 0.1 (two ranks on two busy processors).
"""

from __future__ import annotations

import os
import time
from typing import Any

POLITE_SECONDS = 0.0002  # of asking again and again; longer waits are cut into naps
NAP_SECONDS = 0.00005

give_way = getattr(os, "sched_yield", lambda: None)


def wait(request: Any) -> None:
    """Until an MPI request is done.  Signals are heard meanwhile."""
    patience = time.perf_counter() + POLITE_SECONDS
    while not request.Test():
        if time.perf_counter() < patience:
            give_way()
        else:
            time.sleep(NAP_SECONDS)
