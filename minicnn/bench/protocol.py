"""How times are taken, so that contestants can be compared on a machine that is never quite idle.

first call    on its own: it compiles, or fetches machine code from the cache
equality      the contestants' results are compared; if they differ nothing is timed, because a wrong result has no speed
turns         A B A B ...: whatever slows the machine down for a while slows both
one turn      a short rest first, for the threads of the contestant before may still be spinning (PyTorch's do for 4 to 10 ms,
              measured); one call that does not count, to have the caches to itself; then the calls that count
figures       a turn counts by the median of its calls, a contestant by the median of its turns, with minimum and maximum
ratio         the peer's time over ours: above 1 we are faster.  Once from the medians, once turn by turn
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from math import ceil
from statistics import median
from typing import Any, NamedTuple

REST_SECONDS = 0.015  # until no threads spin any more
SHORT_CALL_SECONDS = 0.1  # a longer call does not depend on what the caches held before


class Contestant(NamedTuple):
    """Something to be timed.

    call : without arguments
        Does the work once; its result may be compared.
    units : int
        Pieces of work in a call, such as the updates of an epoch; times are given for one.
    """

    name: str
    call: Callable[[], Any]
    units: int = 1


class Timing(NamedTuple):
    """The measurements of one contestant: its first call, and the median of each turn.  Without turns it was not timed."""

    name: str
    first_seconds: float
    turns: tuple[float, ...] = ()

    @property
    def median_seconds(self) -> float | None:
        return median(self.turns) if self.turns else None

    @property
    def least_seconds(self) -> float | None:
        return min(self.turns) if self.turns else None

    @property
    def most_seconds(self) -> float | None:
        return max(self.turns) if self.turns else None

    @property
    def spread(self) -> float | None:
        """Half the middle half of the turns, as a share of the median: 0.02 for turns that mostly agree within 2 %."""
        if len(self.turns) < 2:
            return None
        ordered = sorted(self.turns)
        quarter = len(ordered) // 4
        return (ordered[-1 - quarter] - ordered[quarter]) / 2 / median(ordered)


class Agreement(NamedTuple):
    """How far results differ, and how far they may, both relative to the largest number."""

    error: float
    tolerance: float

    @property
    def holds(self) -> bool:
        """False for NaN."""
        return self.error <= self.tolerance


class Race(NamedTuple):
    """The timings in the order of the contestants, and whether their results agreed (None: not compared)."""

    timings: tuple[Timing, ...]
    agreement: Agreement | None


@dataclass(frozen=True)
class Protocol:
    """How long, how often.

    seconds : for all turns of a race together, unless the minimum number of turns takes longer
    turn_seconds : for the counted calls of a turn; at least one is made
    rest_seconds : between two turns
    clock, sleep : replaced in tests
    """

    seconds: float = 2.0
    least_turns: int = 5
    most_turns: int = 51
    turn_seconds: float = 0.02
    rest_seconds: float = REST_SECONDS
    clock: Callable[[], float] = field(default=time.perf_counter, repr=False)
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def race(self, contestants: Sequence[Contestant], compare: Callable[[Iterator[Any]], Agreement | None] | None = None) -> Race:
        """First calls, equality, turns.

        Parameters
        ----------
        contestants : in the order of their turns
        compare : function of the first results, optional
            Gets them one by one, because each may be a gigabyte; if they do not agree, nothing is timed.
        """
        firsts: list[float] = []
        results = self._first_calls(contestants, firsts)
        agreement = None if compare is None else compare(results)
        deque(results, maxlen=0)  # those that were not compared
        timings = [Timing(contestant.name, first) for contestant, first in zip(contestants, firsts, strict=True)]
        if agreement is not None and not agreement.holds:
            return Race(tuple(timings), agreement)
        turns = self._turns(contestants)
        return Race(tuple(each._replace(turns=tuple(own)) for each, own in zip(timings, turns, strict=True)), agreement)

    def _first_calls(self, contestants: Sequence[Contestant], seconds: list[float]) -> Iterator[Any]:
        """Every contestant's first result; the times go into `seconds`."""
        for contestant in contestants:
            begin = self.clock()
            held = [contestant.call()]
            seconds.append(self.clock() - begin)
            yield held.pop()

    def _turns(self, contestants: Sequence[Contestant]) -> list[list[float]]:
        """The median seconds of each turn, for each contestant."""
        expected = [self._timed(contestant) for contestant in contestants]
        turns: list[list[float]] = [[] for _ in contestants]
        begin = self.clock()
        while len(turns[0]) < self.least_turns or (len(turns[0]) < self.most_turns and self.clock() - begin < self.seconds):
            for n, contestant in enumerate(contestants):
                self.sleep(self.rest_seconds)
                if expected[n] < SHORT_CALL_SECONDS:
                    contestant.call()
                expected[n] = self._median_of_calls(contestant, expected[n])
                turns[n].append(expected[n] / contestant.units)
        return turns

    def turn(self, contestant: Contestant) -> float:
        """One turn of its own, a first call that does not count before it: the median seconds of a piece of work."""
        contestant.call()
        self.sleep(self.rest_seconds)
        expected = self._timed(contestant)
        return (expected if expected >= SHORT_CALL_SECONDS else self._median_of_calls(contestant, expected)) / contestant.units

    def _median_of_calls(self, contestant: Contestant, expected: float) -> float:
        """As many calls as a turn takes, if each takes what is expected."""
        calls = max(1, ceil(self.turn_seconds / max(expected, 1e-7)))
        return median(self._timed(contestant) for _ in range(calls))

    def _timed(self, contestant: Contestant) -> float:
        begin = self.clock()
        contestant.call()
        return self.clock() - begin


def ratio(ours: Timing, theirs: Timing) -> float | None:
    """The peer's median over ours: above 1 we are faster."""
    if ours.median_seconds is None or theirs.median_seconds is None:
        return None
    return theirs.median_seconds / ours.median_seconds


def pairwise_ratio(ours: Timing, theirs: Timing) -> float | None:
    """The median of the ratios turn by turn: unaffected by a machine that becomes slower or faster during the race."""
    pairs = list(zip(ours.turns, theirs.turns, strict=False))
    return median(b / a for a, b in pairs) if pairs else None
