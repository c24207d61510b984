"""The tables of a benchmark, one layout per suite, each within 100 columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from minicnn.bench import OURS, STEP, Machine, Row, Timing, means

TIED = 0.95  # below this the ratio is red


def contest_tables(rows: Sequence[Row], machine: Machine) -> list[RenderableType]:
    """One block of lines per row, one line per contestant."""
    table = new_table("", "Median>", "Least>", "Most>", "GFLOP/s>", "of peak>", "Ratio>", "Error>", "First>")
    for row in rows:
        table.add_row(Text(f"{row.name} {row.work}, batch {row.batch}", "bold"), *[""] * 6, error_text(row), "")
        ours = row.ours[0].median_seconds
        for each in row.timings:
            own = each in row.ours
            against = None if own or not ours or not each.median_seconds else each.median_seconds / ours
            style = "cyan" if own else "bold" if each is row.best_peer else ""
            measured = map(seconds, (each.median_seconds, each.least_seconds, each.most_seconds))
            table.add_row(
                Text(f"  {each.name}", style),
                *measured,
                rate_text(row, each),
                share_text(row, each, machine),
                Text(times(against) + "?" * (row.disturbed and against is not None), style),
                "",
                seconds(each.first_seconds),
            )
        table.add_section()
    return [table, *best_peers(rows)]


def best_peers(rows: Sequence[Row]) -> list[RenderableType]:
    """All rows at a glance: ours, and the fastest of the peers."""
    compared = [row for row in rows if row.best_peer is not None]
    if not compared:
        return []
    table = new_table("At a glance", "N>", "ours>", "best peer", ">", "Ratio>")
    for row in compared:
        ours, peer = row.ours[0], row.best_peer
        name, median = ("", None) if peer is None else (peer.name, peer.median_seconds)
        table.add_row(
            Text(f"{row.name} {row.work}", "bold"),
            str(row.batch),
            Text(seconds(ours.median_seconds), "cyan"),
            name,
            seconds(median),
            ratio_text(row.ratio(ours), row.disturbed),
        )
    return [Text(), table]


def kernel_tables(rows: Sequence[Row], machine: Machine) -> list[RenderableType]:
    """A table for each pass in GFLOP/s, one in GB/s, and the means."""
    tables: list[RenderableType] = []
    counted = [row for row in rows if row.flops is not None]
    for work in dict.fromkeys(row.work for row in counted):
        tables += [_kernel_table(work, [row for row in counted if row.work == work], machine), Text()]
    moved = [row for row in rows if row.flops is None]
    if moved:
        tables += [_kernel_table("in GB/s", moved, machine), Text()]
    if means(rows):
        tables += [mean_table(rows), Text()]
    return tables[:-1]


def _kernel_table(title: str, rows: Sequence[Row], machine: Machine) -> Table:
    """One line per layer: the function, the engine's step, the best peer."""
    unit = "GFLOP/s" if rows[0].flops is not None else "GB/s"
    several = len({row.work for row in rows}) > 1
    table = new_table(
        title,
        "N>",
        *(["Pass"] if several else []),
        f"call\n{unit}>",
        "of\npeak>",
        f"step\n{unit}>",
        "of\npeak>",
        "call\nratio>",
        "step\nratio>",
        f"peer\n{unit}>",
        "spread>",
        "error>",
        "first\ns>",
    )
    for row in rows:
        call, step = row.timing(OURS), row.timing(STEP)
        spread = max(each.spread or 0.0 for each in (call or step or row.timings[0], row.best_peer or row.timings[0]))
        rates = [text for each in (call, step) for text in (rate_text(row, each), share_text(row, each, machine))]
        ratios = [ratio_text(row.ratio(each), row.disturbed) for each in (call, step)]
        first = (call or step or row.timings[0]).first_seconds
        table.add_row(
            row.name,
            str(row.batch),
            *([row.work.partition(" ")[0]] if several else []),
            *rates,
            *ratios,
            rate_text(row, row.best_peer),
            spread_text(spread),
            error_text(row),
            f"{first:.2f}",
        )
    return table


def mean_table(rows: Sequence[Row]) -> Table:
    """Geometric means of the ratios, and the smallest."""
    table = new_table("Mean ratio", "Pass", "N>", "Rows>", "call>", "least", "step>", "least")
    for mean in means(rows):
        table.add_row(
            Text(mean.family, "bold"),
            mean.work,
            str(mean.batch),
            str(mean.rows),
            ratio_text(mean.call, mean.disturbed > 0),
            least_text(mean.least_call),
            ratio_text(mean.step, mean.disturbed > 0),
            least_text(mean.least_step),
        )
    return table


def ladder_tables(rows: Sequence[Row], machine: Machine) -> list[RenderableType]:
    """One line per rung: what it reaches, and its gain over the one before."""
    tables: list[RenderableType] = []
    for name, batch in dict.fromkeys((row.name, row.batch) for row in rows):
        own = [row for row in rows if (row.name, row.batch) == (name, batch)]
        table = new_table(f"{name}, batch {batch}", "GFLOP/s>", "of peak>", "Factor>", "Error>", "First>")
        before: float | None = None
        for row in own:
            (timing,) = row.timings
            rate, peer = row.rate(timing), not row.ours
            factor = "" if peer or rate is None or before is None else times(rate / before) + "?" * row.disturbed
            before = before if peer else rate
            table.add_row(
                Text(row.work, "dim" if peer else ""),
                rate_text(row, timing),
                share_text(row, timing, machine, digits=1),
                factor,
                error_text(row),
                seconds(timing.first_seconds),
            )
        tables += [table, Text()]
    ideas = new_table("What is new", "")
    for work, remark in dict.fromkeys((row.work, row.remark) for row in rows if row.remark):
        ideas.add_row(work, Text(remark, "dim"))
    return [*tables, ideas]


Tables = Callable[[Sequence[Row], Machine], list[RenderableType]]
TABLES: dict[str, Tables] = {"kernels": kernel_tables, "train": contest_tables, "infer": contest_tables, "ladder": ladder_tables}


def new_table(*columns: str) -> Table:
    """A table without vertical lines; a column whose title ends with > holds numbers."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column.rstrip(">"), justify="right" if column.endswith(">") else "left", no_wrap=True, vertical="bottom")
    return table


def seconds(value: float | None) -> str:
    """A time with three digits: "1.47 ms"."""
    if value is None:
        return "-"
    for unit, factor in (("s", 1.0), ("ms", 1e3)):
        if value * factor >= 1:
            return f"{three_digits(value * factor)} {unit}"
    return f"{three_digits(value * 1e6)} us"


def three_digits(value: float) -> str:
    """A number from 0.001 on, in as few digits as possible."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.4f}"


def rate_text(row: Row, timing: Timing | None) -> str:
    """GFLOP/s or GB/s, without the unit."""
    rate = row.rate(timing)
    return "-" if rate is None else three_digits(rate / 1e9)


def share_text(row: Row, timing: Timing | None, machine: Machine, digits: int = 0) -> str:
    """A share of the machine's peak."""
    share = machine.share(row, timing)
    return "-" if share is None else f"{100 * share:.{digits}f} %"


def spread_text(spread: float) -> str:
    """How far turns spread."""
    return f"{100 * spread:.0f} %" if spread < 1 else "> 99 %"


def times(value: float | None) -> str:
    """A factor."""
    return "" if value is None else f"{three_digits(value)}x" if value >= 10 else f"{value:.2f}x"


def ratio_text(value: float | None, doubtful: bool = False) -> Text:
    """The peer's time over ours: green if we are ahead, red if we are behind, with a question mark if it is doubtful."""
    if value is None:
        return Text("-", "dim")
    return Text(times(value) + "?" * doubtful, "yellow" if doubtful else "green" if value >= 1 else "red" if value < TIED else "")


def least_text(least: tuple[str, float] | None) -> Text:
    return Text("" if least is None else f"{least[1]:.2f} {least[0]}", "dim")


def error_text(row: Row) -> Text:
    """The relative error, red if it is more than rounding."""
    if row.agreement is None:
        return Text("-", "dim")
    error = f"{row.agreement.error:.0e}" if row.agreement.error else "0"
    return Text(error + (" !" if row.wrong else ""), "bold red" if row.wrong else "")
