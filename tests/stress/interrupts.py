"""Interrupts: a call that uses two threads is left by an exception at a random microsecond, as Ctrl-C leaves a cell of a notebook.

The fault looked for: workers that go on writing after the caller has left, into memory that is somebody else's by then.
"""

from __future__ import annotations

import random
import signal
import sys
import time
from collections.abc import Callable

import numpy as np

from .campaign import TRACEBACK, WRONG, Fault, Trials
from .workloads import WORKLOADS, Arrays, equal_bits

INTERRUPTS = 20
SHORTEST_SECONDS, LONGEST_SECONDS = 10e-6, 5e-3  # until the interrupt: a call takes 0.1 to 5 ms
SETTLING_SECONDS = 5e-3  # in which a worker that goes on would write
PATTERN = 0x5A
CANARY_BYTES = (128, 256, 512, 1024, 2048, 4096, 10240, 65536)  # beside the sizes of the results: what calls keep their books in
CANARIES = 4  # of each size


class Interrupted(BaseException):
    """Raised by the signal: like KeyboardInterrupt, no Exception."""


def trials(seed: int) -> Trials:
    """One workload, interrupted INTERRUPTS times; after each, what was allocated since is whole, and the result has the same bits."""
    dice = random.Random(seed)
    name = dice.choice(list(WORKLOADS))
    work = WORKLOADS[name](np.random.default_rng(seed))
    wanted = work.result()
    kind = dice.choice((KeyboardInterrupt, Interrupted, TimeoutError))
    sys.unraisablehook = lambda unraised: None  # Python itself drops an exception that is raised within a destructor
    for _ in range(INTERRUPTS):
        seconds = SHORTEST_SECONDS * (LONGEST_SECONDS / SHORTEST_SECONDS) ** dice.random()
        interrupt(work.call, kind, seconds)
        spoilt = spoilt_canaries(wanted)
        where = f"{name}, {kind.__name__} after {1e6 * seconds:.0f} microseconds"
        if spoilt:
            yield Fault(WRONG, f"{where}: {spoilt} arrays allocated since were written to")
            continue
        try:
            yield None if equal_bits(work.result(), wanted) else Fault(WRONG, f"{where}: the next result has other bits")
        except Exception as error:
            yield Fault(TRACEBACK, f"{where}: then {type(error).__name__}: {error}")


def interrupt(call: Callable[[], object], kind: type[BaseException], seconds: float) -> None:
    """Call again and again until, after so many seconds, the signal raises; all that the calls held is let go."""
    raised = False

    def leave(*_: object) -> None:
        nonlocal raised
        raised = True
        raise kind

    signal.signal(signal.SIGALRM, leave)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        while not raised:
            call()
    except kind:
        pass


def spoilt_canaries(results: Arrays) -> int:
    """How many of the arrays that are allocated now, of sizes that a call allocates, do not keep what is written to them."""
    sizes = [*CANARY_BYTES, *(result.nbytes for result in results)]
    canaries = [np.full(size, PATTERN, np.uint8) for size in sizes for _ in range(CANARIES)]
    time.sleep(SETTLING_SECONDS)
    return sum((canary != PATTERN).any() for canary in canaries)
