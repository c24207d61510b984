"""Benchmarks as tables: the machine, one table per suite, what the columns mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

from rich.console import Console, RenderableType
from rich.status import Status
from rich.table import Table
from rich.text import Text

from minicnn.bench import Curve, Machine, Memory, Note, Record, Row, Start
from minicnn.cli.render import bench_processes as processes
from minicnn.cli.render.bench_curve import MEANINGS as OF_CURVES
from minicnn.cli.render.bench_curve import print_curve, verdict
from minicnn.cli.render.bench_tables import TABLES, rate_text, seconds
from minicnn.cli.render.console import print_whole

FOOTER_WIDTH = 96
DRAWINGS: dict[str, Callable[[Any, Machine], list[RenderableType]]] = {
    **TABLES,
    "memory": processes.memory_tables,
    "starts": processes.start_tables,
}


class Progress:
    """Progress on stderr: one moving line on a terminal, a line for each row in a pipe."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = console.status("measuring") if console.is_terminal else None

    def __enter__(self) -> Progress:
        if self._status:
            self._status.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._status:
            self._status.stop()

    def show(self, row: Record) -> None:
        """A row is done."""
        line = f"{row.name}: {row.text}" if isinstance(row, Note) else f"{title(row)}: {outcome(row)}"
        if self._status:
            self._status.update(f"measuring; last was {line}")
        else:
            self._console.print(line, soft_wrap=True)


def outcome(row: Row | Curve | Memory | Start) -> str:
    """A row in a few words."""
    if isinstance(row, Memory):
        return processes.outcome_of_memory(row)
    if isinstance(row, Curve):
        return verdict(row)
    doubt = f" (only {100 * row.rest:.0f} % of the machine was free)" if row.disturbed else ""
    if isinstance(row, Start):
        return processes.outcome_of_start(row) + doubt
    if row.wrong:
        return f"wrong by {row.agreement.error:.1e}" if row.agreement else "wrong"
    best = min((each for each in row.ours or row.peers if each.turns), key=lambda each: each.median_seconds or 0.0, default=None)
    words = f"{rate_text(row, best)} GFLOP/s" if row.suite == "ladder" else seconds(best.median_seconds if best else None)
    times = row.ratio(best) if row.ours else None
    return words + doubt if times is None else f"{words}, {times:.2f} times as fast{doubt}"


def title(row: Row | Curve | Memory | Start) -> str:
    """What a row is about."""
    if isinstance(row, Start):
        return processes.title_of_start(row)
    if isinstance(row, Curve):
        return f"{row.name} {row.work}"
    return f"{row.name} {row.work}, batch {row.batch}"


def print_bench(console: Console, machine: Machine, found: Sequence[Record]) -> None:
    """Everything that was measured, suite by suite."""
    for line in machine_lines(machine):
        console.print(line, soft_wrap=True)
    for suite in dict.fromkeys(each.suite for each in found):
        own = [each for each in found if each.suite == suite and not isinstance(each, Note | Curve)]
        for each in found:
            if isinstance(each, Curve) and each.suite == suite:
                console.print()
                print_curve(console, each)
        if own:
            console.print()
        for drawing in DRAWINGS[suite](own, machine) if own else []:
            print_whole(console, drawing)
        for note in found:
            if isinstance(note, Note) and note.suite == suite:
                console.print(Text(f"left out: {note.name}: {note.text}", "yellow"), soft_wrap=True)
    disturbed = [row.rest for row in found if isinstance(row, Row | Curve | Start) and row.disturbed]
    if disturbed:
        console.print(
            Text(
                f"? In {len(disturbed)} of {len(found)} rows something else used this machine, up to"
                f" {100 * (1 - min(disturbed)):.0f} % of it.\n  Threads that wait for each other, as PyTorch's do, suffer most:"
                f" such figures mean little.",
                "yellow",
            )
        )
    console.print()
    print_footer(console, {"curve" if isinstance(each, Curve) else each.suite for each in found})


def machine_lines(machine: Machine) -> list[Text]:
    """What it was measured on."""
    load = "" if machine.load is None else f", load {machine.load:.1f}"
    processors = f"{machine.threads} of {machine.processors} processors, {machine.lanes} lanes{load}"
    where = f" on {machine.threads} threads ({machine.peak_flops_one_thread / 1e9:.0f} on one)"
    first, where = (
        (Text(machine.device, "bold"), "") if machine.device else (Text.assemble((machine.cpu, "bold"), f"  {processors}"), where)
    )
    return [
        first,
        *([Text(f"{machine.cpu}  {processors}", "dim")] if machine.device else []),
        Text(f"peak {machine.peak_flops / 1e9:.0f} GFLOP/s{where}, copy {machine.peak_bytes / 1e9:.0f} GB/s"),
        Text(", ".join(f"{name} {version}" for name, version in machine.versions.items()), "dim"),
    ]


MEANINGS = {
    "step": (("train",), "one update from one batch by Trainer.step; epoch: the same in the loop of Trainer.fit, per step."),
    "call": (
        ("kernels",),
        "the function of minicnn.kernels, NCHW arrays in and out; step: what the engine does of it inside a"
        " network, where images lie side by side in lanes and need not be carried there and back.",
    ),
    "Median": (("train", "infer"), "of all turns, each counted by the median of its calls; turns alternate, with equal threads."),
    "spread": (("kernels",), "half the range of the middle half of the turns: ours or the peer's, whichever is larger."),
    "GFLOP/s": (("train", "infer", "kernels", "ladder"), "2 operations for each multiplication of a weight, taps on padding included."),
    "GB/s": (("kernels",), "the least a pass reads and writes; what fits into a cache can exceed the peak of copying."),
    "of peak": (("train", "infer", "kernels", "ladder"), "of multiply-adds in registers (GB/s: of copying) in the same run."),
    "Ratio": (("train", "infer", "kernels"), "the peer's time over ours: above 1 we are faster.  The fastest peer, in bold, counts."),
    "Factor": (("ladder",), "over the rung before; plain Python did one filter on one image, and the rest is assumed as fast."),
    "Error": (("train", "infer", "kernels", "ladder"), "largest difference over the largest result, checked before anything is timed."),
    "First": (("train", "infer", "kernels", "ladder"), "call: compiling, or reading machine code from the cache; in no other column."),
}


def print_footer(console: Console, suites: set[str]) -> None:
    """What the columns of these suites mean."""
    lines = Table.grid(padding=(0, 2))
    lines.add_column(overflow="fold", no_wrap=True)
    lines.add_column(overflow="fold")
    for name, (where, meaning) in (*MEANINGS.items(), *OF_CURVES.items(), *processes.MEANINGS.items()):
        if not suites.isdisjoint(where):
            lines.add_row(Text(name, "dim"), Text(meaning, "dim"))
    console.print(lines, width=min(console.width, FOOTER_WIDTH))
