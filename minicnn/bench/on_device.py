"""Times on a CUDA device.  The host only queues launches there, so a call queues the work several times and waits once.

The first call does the work once and returns its result on the host, to be compared.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minicnn.bench.protocol import Contestant
from minicnn.kernels.cuda import memory
from minicnn.kernels.cuda.runtime import SIMULATED, on, wait

CALL_SECONDS = 2e-3  # of a call: the wait for its end, some 10 microseconds, then does not count
EXPECTED_FLOPS, EXPECTED_BYTES = 2e13, 2e12  # a second, of a device of today
MOST_TIMES = 200


def times_in_a_call(flops: int | None, moved_bytes: int | None) -> int:
    """How often a piece of work is queued before the wait."""
    expected = max((flops or 0) / EXPECTED_FLOPS, (moved_bytes or 0) / EXPECTED_BYTES, 1e-9)
    return 1 if SIMULATED else int(min(MOST_TIMES, max(1, CALL_SECONDS / expected)))


class Queued:
    """Work on the device of a number; called, it does it once, or from the second call on `times` times."""

    def __init__(self, number: int, work: Callable[[], Any], times: int) -> None:
        self._number, self._work, self._times = number, work, times
        self._first = True

    def __call__(self) -> Any:
        with on(self._number):
            if self._first:
                self._first = False
                return self._on_host(self._work())
            for _ in range(self._times):
                self._work()
            wait()
        return None

    def _on_host(self, result: Any) -> np.ndarray | None:
        wait()
        if result is None or isinstance(result, np.ndarray):
            return result
        return result.cpu().numpy() if hasattr(result, "cpu") else memory.to_host(result)  # PyTorch's, or one of ours


def queued(number: int, contestant: Contestant, times: int) -> Contestant:
    """A contestant whose call queues work, as one whose call waits for it."""
    return Contestant(contestant.name, Queued(number, contestant.call, times), times)
