"""Records of whole processes: their memory, and their time from start to end."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from minicnn.bench.records import AT_REST, OURS

LEAST_RATIO = 2.0  # of the peer's memory over ours: "at most half of PyTorch's process"
COLD_SECONDS = 15.0  # until a first step, everything compiled
CACHED_SECONDS = 1.5  # the same again, and any command that computes nothing


@dataclass(frozen=True)
class Footprint:
    """One program's peaks of resident memory, a process each.

    first_bytes : of the first process, which may have compiled; in no other figure
    imports_bytes : when everything was imported and nothing done
    peak_bytes : in the end
    accuracy : share of correct answers after training, to show that the work was done; None if nothing was answered
    predicted_bytes : what the plan says that the process takes; None if it was not asked
    """

    name: str
    first_bytes: int
    imports_bytes: tuple[int, ...]
    peak_bytes: tuple[int, ...]
    accuracy: float | None = None
    predicted_bytes: int | None = None

    @property
    def median_imports_bytes(self) -> float:
        return median(self.imports_bytes)

    @property
    def median_peak_bytes(self) -> float:
        return median(self.peak_bytes)


def footprint(name: str, ask: Any, count: int) -> Footprint:
    """Run a program once to compile, and so many times to be counted."""
    first, *told = (ask().value for _ in range(1 + count))
    return Footprint(
        name, first["peak"], tuple(each["imports"] for each in told), tuple(each["peak"] for each in told), told[-1].get("accuracy")
    )


@dataclass(frozen=True)
class Memory:
    """The same work as separate programs: ours first, then the peer's.

    least_ratio : of the peer's memory over ours, as wanted
    """

    suite: str
    name: str
    work: str
    batch: int
    footprints: tuple[Footprint, ...]
    least_ratio: float = LEAST_RATIO

    def ratio(self, footprint: Footprint) -> float | None:
        """A peer's peak over ours: 2 where we take half."""
        ours = self.footprints[0]
        return None if footprint is ours else footprint.median_peak_bytes / ours.median_peak_bytes

    def to_dict(self) -> dict[str, Any]:
        """As JSON values, with what follows from them."""
        return {
            "kind": "memory",
            "suite": self.suite,
            "name": self.name,
            "work": self.work,
            "batch": self.batch,
            "least_ratio_wanted": self.least_ratio,
            "footprints": [
                asdict(each)
                | {
                    "median_imports_bytes": each.median_imports_bytes,
                    "median_peak_bytes": each.median_peak_bytes,
                    "ratio": self.ratio(each),
                }
                for each in self.footprints
            ],
        }


@dataclass(frozen=True)
class Launch:
    """One program, started and run to its end.

    cold_seconds : with an empty cache of machine code; None if the program keeps none
    cached_seconds : the same again, a process each
    cache_bytes : what lies in the cache then
    """

    name: str
    cold_seconds: float | None
    cached_seconds: tuple[float, ...]
    cache_bytes: int

    @property
    def median_seconds(self) -> float:
        return median(self.cached_seconds)


@dataclass(frozen=True)
class Start:
    """The same work as separate programs: ours first, then the peer's.

    batch : images; None if there are none
    rest : how much of the machine was free right after, from 0 to 1
    """

    suite: str
    name: str
    launches: tuple[Launch, ...]
    batch: int | None = None
    rest: float = 1.0

    @property
    def disturbed(self) -> bool:
        """Whether something else used the machine meanwhile."""
        return self.rest < AT_REST

    def late(self, launch: Launch) -> tuple[bool, bool]:
        """Whether one of ours exceeds its target, cold and cached."""
        ours = launch.name == OURS
        return (ours and (launch.cold_seconds or 0.0) > COLD_SECONDS, ours and launch.median_seconds > CACHED_SECONDS)

    def to_dict(self) -> dict[str, Any]:
        """As JSON values, with what follows from them."""
        return {
            "kind": "start",
            "suite": self.suite,
            "name": self.name,
            "batch": self.batch,
            "rest": self.rest,
            "disturbed": self.disturbed,
            "cold_seconds_wanted": COLD_SECONDS,
            "cached_seconds_wanted": CACHED_SECONDS,
            "launches": [asdict(each) | {"median_seconds": each.median_seconds} for each in self.launches],
        }
