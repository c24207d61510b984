"""How ranks wait for each other: at once where each has a processor, and without keeping one from whoever has work where not.

MPI's own waiting calls never sleep.  Where ranks share processors, the one that waits then takes the time slices of the one it waits for: a
gather of 256 bytes took 76 ms instead of 0.1 (two ranks, two processors, other programs on both).  Who gives the processor away, on the
other hand, may get it back a time slice later, where other programs want it, too: a step of ResNet-20 took 166 ms instead of 114.  So
ranks that have a processor each ask again and again for about as long as a slice, and the others nap at once.
"""

from __future__ import annotations

import time
from typing import Any

SLICE_SECONDS = 0.003
NAP_SECONDS = 0.00005


def wait(request: Any, patience: float = SLICE_SECONDS) -> None:
    """Until an MPI request is done; naps follow after so many seconds.  Signals are heard meanwhile."""
    end = time.perf_counter() + patience
    while not request.Test():
        if time.perf_counter() > end:
            time.sleep(NAP_SECONDS)
