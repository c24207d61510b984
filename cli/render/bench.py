"""Benchmarks drawn: the machine, one table a suite, what the columns mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType

from rich import box
from rich.console import Console
from rich.status import Status
from rich.table import Table
from rich.text import Text

from minicnn.bench import Machine, Note, Row, Timing
from minicnn.cli.render.console import print_whole

BUSY = 0.8   # of the peak that the threads should reach together
FOOTER_WIDTH = 96
WIDE_SPREAD = 0.25   # turns that lie further apart than this tell of something else on the machine


class Progress:
    """What is being done, on stderr: one moving line on a terminal, a line for each row in a pipe."""

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

    def show(self, row: Row | Note) -> None:
        """A row is done."""
        line = f"{row.name}: {row.text}" if isinstance(row, Note) else f"{title(row)}: {outcome(row)}"
        if self._status:
            self._status.update(f"measuring; last was {line}")
        else:
            self._console.print(line)


def outcome(row: Row) -> str:
    """A row in a few words."""
    if row.wrong:
        return f"wrong by {row.agreement.error:.1e}" if row.agreement else "wrong"
    best = min((each for each in row.ours if each.turns), key=lambda each: each.median_seconds or 0.0, default=None)
    words = seconds(best.median_seconds if best else None)
    times = row.ratio(best)
    return words if times is None else f"{words}, {times:.2f} times as fast"


def title(row: Row) -> str:
    """What a row is about."""
    return f"{row.name} {row.work}, batch {row.batch}"


def print_bench(console: Console, machine: Machine, found: Sequence[Row | Note]) -> None:
    """Everything that was measured, suite by suite."""
    for line in machine_lines(machine):
        console.print(line, soft_wrap=True)
    for suite in dict.fromkeys(each.suite for each in found):
        own = [each for each in found if each.suite == suite and isinstance(each, Row)]
        console.print()
        for drawing in TABLES.get(suite, contest_tables)(own, machine):
            print_whole(console, drawing)
        for note in found:
            if isinstance(note, Note) and note.suite == suite:
                console.print(Text(f"left out: {note.name}: {note.text}", "yellow"), soft_wrap=True)
    unsteady = sum(any((each.spread or 0) > WIDE_SPREAD for each in row.timings) for row in found if isinstance(row, Row))
    if unsteady:
        console.print(Text(f"{unsteady} rows have turns that lie more than {100 * WIDE_SPREAD:.0f} % from their median: look at the least,"
                           f" or measure again when the machine is at rest.", "yellow"), soft_wrap=True)
    console.print()
    print_footer(console)


def machine_lines(machine: Machine) -> list[Text]:
    """What it was measured on, and a warning if others were working there."""
    load = "" if machine.load is None else f", load {machine.load:.1f}"
    lines = [Text.assemble((machine.cpu, "bold"), f"  {machine.threads} of {machine.processors} processors, {machine.lanes} lanes{load}"),
             Text(f"peak {machine.peak_flops / 1e9:.0f} GFLOP/s on {machine.threads} threads"
                  f" ({machine.peak_flops_one_thread / 1e9:.0f} on one), copy {machine.peak_bytes / 1e9:.0f} GB/s"),
             Text(", ".join(f"{name} {version}" for name, version in machine.versions.items()), "dim")]
    together = machine.peak_flops / machine.threads / machine.peak_flops_one_thread
    if together < BUSY:
        lines.append(Text(f"This machine was busy: its threads together reached {100 * together:.0f} % of what each reaches alone."
                          f"\nThreads that wait for each other, as PyTorch's do, suffer most from that: measure again when it is at rest.",
                          "bold yellow"))
    return lines


def contest_tables(rows: Sequence[Row], machine: Machine) -> list[Table]:
    """One block of lines a row, one line a contestant."""
    table = new_table("", "Median>", "Least>", "Most>", "GFLOP/s>", "of peak>", "Ratio>", "Error>", "First>")
    for row in rows:
        table.add_row(Text(title(row), "bold"), *[""] * 6, error_text(row), "")
        for each in row.timings:
            own = each in row.ours
            against = None if own or not row.ours[0].median_seconds else (each.median_seconds or 0.0) / row.ours[0].median_seconds
            style = "cyan" if own else "bold" if each is row.best_peer else ""
            table.add_row(Text(f"  {each.name}", style), *time_cells(each), rate_text(row, each), share_text(row, each, machine),
                          Text(times(against), style), "", seconds(each.first_seconds))
        if row.remark:
            table.add_row(Text(f"  {row.remark}", "dim"))
        table.add_section()
    return [table]


TABLES: dict[str, Callable[[Sequence[Row], Machine], list[Table]]] = {}


def new_table(*columns: str) -> Table:
    """A table without vertical lines; a column whose title ends with > holds numbers."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column.rstrip(">"), justify="right" if column.endswith(">") else "left", no_wrap=True)
    return table


def time_cells(timing: Timing) -> tuple[str, str, str]:
    return seconds(timing.median_seconds), seconds(timing.least_seconds), seconds(timing.most_seconds)


def seconds(value: float | None) -> str:
    """A time with three digits that mean something: "1.47 ms"."""
    if value is None:
        return "-"
    for unit, factor in (("s", 1.0), ("ms", 1e3)):
        if value * factor >= 1:
            return f"{three_digits(value * factor)} {unit}"
    return f"{three_digits(value * 1e6)} us"


def three_digits(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def rate_text(row: Row, timing: Timing | None) -> str:
    """GFLOP/s or GB/s, without the unit."""
    rate = row.rate(timing)
    return "-" if rate is None else three_digits(rate / 1e9)


def share_text(row: Row, timing: Timing | None, machine: Machine) -> str:
    share = machine.share(row, timing)
    return "-" if share is None else f"{100 * share:.0f} %"


def times(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}x"


def error_text(row: Row) -> Text:
    """The relative error, red where it is more than rounding."""
    if row.agreement is None:
        return Text("-", "dim")
    return Text(f"{row.agreement.error:.0e}" + (" !" if row.wrong else ""), "bold red" if row.wrong else "")


MEANINGS = (
    ("step", "one update from one batch by Trainer.step; epoch: the same in the loop of Trainer.fit, told for one step."),
    ("Median", "of all turns, a turn being told by the median of its calls; turns alternate, threads are the same."),
    ("GFLOP/s", "2 operations for each multiplication of a weight, taps on padding included."),
    ("of peak", "of the multiply-adds on registers this machine did in the same run."),
    ("Ratio", "its time over ours: above 1 we are faster.  The fastest peer, in bold, is the one that counts."),
    ("Error", "largest difference of the results over the largest result, looked at before anything is timed."),
    ("First", "call: compiling, or reading machine code from the cache; in no other figure."),
)


def print_footer(console: Console) -> None:
    """What the columns mean."""
    lines = Table.grid(padding=(0, 2))
    lines.add_column(overflow="fold", no_wrap=True)
    lines.add_column(overflow="fold")
    for name, meaning in MEANINGS:
        lines.add_row(Text(name, "dim"), Text(meaning, "dim"))
    console.print(lines, width=min(console.width, FOOTER_WIDTH))
