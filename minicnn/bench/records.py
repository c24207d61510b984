"""What a benchmark returns: rows, notes about what was left out, and the machine they were measured on."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from minicnn.bench.protocol import Agreement, Timing, pairwise_ratio, ratio

OURS = "minicnn"
AT_REST = 0.8  # of the machine free: below this a row is doubtful


@dataclass(frozen=True)
class Note:
    """Something that was not measured, and why."""

    suite: str
    name: str
    text: str

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {"kind": "note", **asdict(self)}


@dataclass(frozen=True)
class Row:
    """One piece of work, done by us and by peers.

    suite, name, work : "kernels", "alexnet-conv3", "forward"
    family : rows that may be averaged: "conv", "unshared", ...
    flops : floating-point operations of one piece (2 per multiply-add, taps on padding included); None if memory limits its speed
    moved_bytes : the least that is read and written; None if arithmetic limits its speed
    timings : ours first; their names begin with "minicnn"
    rest : how much of the machine was free right after, from 0 to 1: if less than all of it, times mean little
    agreement : how far results differed and how far they might; None if nothing was compared
    """

    suite: str
    name: str
    work: str
    batch: int
    timings: tuple[Timing, ...]
    flops: int | None = None
    moved_bytes: int | None = None
    agreement: Agreement | None = None
    remark: str = ""
    family: str = ""
    rest: float = 1.0

    @property
    def wrong(self) -> bool:
        """Whether results differ by more than rounding."""
        return self.agreement is not None and not self.agreement.holds

    @property
    def disturbed(self) -> bool:
        """Whether something else used the machine meanwhile."""
        return self.rest < AT_REST

    @property
    def ours(self) -> tuple[Timing, ...]:
        return tuple(each for each in self.timings if each.name.startswith(OURS))

    @property
    def peers(self) -> tuple[Timing, ...]:
        return tuple(each for each in self.timings if not each.name.startswith(OURS))

    @property
    def best_peer(self) -> Timing | None:
        """The fastest of the peers: the one to compare with."""
        timed = [each for each in self.peers if each.turns]
        return min(timed, key=lambda each: each.median_seconds or 0.0) if timed else None

    def timing(self, name: str) -> Timing | None:
        """One contestant's timing by its name."""
        return next((each for each in self.timings if each.name == name), None)

    def rate(self, timing: Timing | None) -> float | None:
        """Operations per second, or bytes per second if memory limits its speed."""
        work = self.flops if self.flops is not None else self.moved_bytes
        if timing is None or work is None or not timing.median_seconds:
            return None
        return work / timing.median_seconds

    def ratio(self, timing: Timing | None) -> float | None:
        """The best peer's time over this one's."""
        return None if timing is None or self.best_peer is None else ratio(timing, self.best_peer)


@dataclass(frozen=True)
class Machine:
    """The machine of the measurement, and its peak in the same run.

    peak_flops, peak_flops_one_thread : multiply-adds on registers alone, 2 operations each, per second
    peak_bytes : bytes read plus bytes written per second while copying an array larger than any cache
    load : processes that wanted a processor over the last minute, including ours; None if unknown
    device : what it was measured on instead of the processors, in words; "" for these
    """

    cpu: str
    processors: int
    threads: int
    lanes: int
    peak_flops: float
    peak_flops_one_thread: float
    peak_bytes: float
    load: float | None
    versions: dict[str, str] = field(default_factory=dict)
    device: str = ""

    def share(self, row: Row, timing: Timing | None) -> float | None:
        """The share of the machine's peak that a contestant reaches: of arithmetic, or of copying."""
        rate = row.rate(timing)
        return None if rate is None else rate / (self.peak_flops if row.flops is not None else self.peak_bytes)


def row_record(row: Row, machine: Machine) -> dict[str, Any]:
    """A row as JSON values, with everything that follows from it."""
    return {
        "kind": "row",
        "suite": row.suite,
        "family": row.family,
        "name": row.name,
        "work": row.work,
        "batch": row.batch,
        "flops": row.flops,
        "moved_bytes": row.moved_bytes,
        "error": _finite(row.agreement.error) if row.agreement else None,
        "tolerance": row.agreement.tolerance if row.agreement else None,
        "wrong": row.wrong,
        "rest": row.rest,
        "disturbed": row.disturbed,
        "remark": row.remark,
        "best_peer": row.best_peer.name if row.best_peer else None,
        "timings": [_timing_record(row, each, machine) for each in row.timings],
    }


def _timing_record(row: Row, timing: Timing, machine: Machine) -> dict[str, Any]:
    ours = timing.name.startswith(OURS)
    return {
        "name": timing.name,
        "first_seconds": timing.first_seconds,
        "median_seconds": timing.median_seconds,
        "least_seconds": timing.least_seconds,
        "most_seconds": timing.most_seconds,
        "spread": timing.spread,
        "turns": len(timing.turns),
        "rate": row.rate(timing),
        "share_of_peak": machine.share(row, timing),
        "ratio": row.ratio(timing) if ours else None,
        "least_ratio": least_ratio(row, timing) if ours else None,
        "pairwise_ratio": pairwise_ratio(timing, row.best_peer) if ours and row.best_peer else None,
    }


def least_ratio(row: Row, timing: Timing) -> float | None:
    """The ratio of the shortest turns: that of the medians on an idle machine."""
    if row.best_peer is None or not row.best_peer.least_seconds or not timing.least_seconds:
        return None
    return min(each.least_seconds or 0.0 for each in row.peers if each.turns) / timing.least_seconds


def _finite(number: float) -> float | str:
    """JSON has no NaN and no infinity: they become strings."""
    return number if abs(number) < float("inf") else str(number)
