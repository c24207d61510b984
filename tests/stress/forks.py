"""Forks: a process forks while another of its threads computes; the child computes the same bits and ends.

The fault looked for: a lock that the other thread held, or workers that it had, which the child waits for without end.
"""

from __future__ import annotations

import multiprocessing
import random
import threading
import time
from functools import partial

import numpy as np

from minicnn import kernels

from .campaign import HANG, WRONG, Fault, Trials
from .children import in_child
from .workloads import WORKLOADS, Arrays, Work, equal_bits, images

FORKS = 5
LONGEST_PAUSE_SECONDS = 0.01  # between two forks
CHILD_SECONDS = 15.0  # a child computes for milliseconds
PIECES = 8  # calls that a pool makes


def trials(seed: int) -> Trials:
    """FORKS forks, then one pool of processes, while a second thread computes all the time."""
    dice = random.Random(seed)
    names = ["forward", "backward", "convolution", "pooling"]
    works = {name: WORKLOADS[name](np.random.default_rng(seed)) for name in names}
    wanted = {name: work.result() for name, work in works.items()}
    busy = dice.choice(names)
    with Load(works[busy]):
        for _ in range(FORKS):
            time.sleep(LONGEST_PAUSE_SECONDS * dice.random())
            name = dice.choice(names)
            yield in_child(f"{name} in a child, {busy} in the parent", partial(has_bits, works[name], wanted[name]), CHILD_SECONDS)
        yield pool(dice.choice(multiprocessing.get_all_start_methods()), np.random.default_rng(seed))


class Load:
    """A second thread that computes within a `with`."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._going = True
        self._thread = threading.Thread(target=self._compute, daemon=True)

    def _compute(self) -> None:
        while self._going:
            self._work.call()

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._going = False
        self._thread.join()


def has_bits(work: Work, wanted: Arrays) -> bool:
    return equal_bits(work.result(), wanted)


def pool(method: str, rng: np.random.Generator) -> Fault | None:
    """Two processes made by a start method of multiprocessing share a few convolutions."""
    pieces, weight = [images(rng, 32, (8, 28, 28)) for _ in range(PIECES)], images(rng, 16, (8, 3, 3))
    wanted = [kernels.conv2d(x, weight) for x in pieces]
    with multiprocessing.get_context(method).Pool(2) as workers:
        found = workers.starmap_async(kernels.conv2d, [(x, weight) for x in pieces])
        try:
            right = equal_bits(found.get(2 * CHILD_SECONDS), wanted)
        except multiprocessing.TimeoutError:
            return Fault(HANG, f"a pool made by {method}")
    return None if right else Fault(WRONG, f"a pool made by {method}: other bits")
