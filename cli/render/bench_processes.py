"""The tables of whole processes: their memory, and their time from start to end."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from minicnn.bench import CACHED_SECONDS, COLD_SECONDS, OURS, Launch, Machine, Memory, Start
from minicnn.cli.render.bench_tables import new_table, seconds, three_digits, times

MEGABYTE = 1 << 20

MEANINGS = {
    "Peak": (
        ("memory",),
        "most memory resident at once in a process that trains on the 1,438 embedded digits, or does two steps or answers of a larger"
        " network; the median of processes, every one fresh.",
    ),
    "Imports": (("memory",), "of it, after the imports; Run: what came after, machine code, images, network."),
    "First run": (("memory",), "the first process, which compiles if the cache of machine code is empty."),
    "Accuracy": (("memory",), "on the test images after training, to show that the work was done."),
    "Predicted": (("memory",), "what 'minicnn summary --batch' says of it."),
    "Over ours": (("memory",), "the peer's peak over ours, red where it is less than we want."),
    "Cold": (("starts",), f"from start to end of a process, the cache of machine code empty: we want at most {COLD_SECONDS:g} s."),
    "Cached": (("starts",), f"the same again, the median, with the least and the most: we want at most {CACHED_SECONDS:g} s."),
    "Cache": (("starts",), "machine code on the disk afterwards; PyTorch comes compiled and keeps none."),
}


def memory_tables(rows: Sequence[Memory], machine: Machine) -> list[RenderableType]:
    """One block of lines per row, one line per program."""
    table = new_table("MiB", "Peak>", "Predicted>", "Imports>", "Run>", "First run>", "Accuracy>", "Over ours>")
    for row in rows:
        table.add_row(Text(f"{row.name} {row.work}, batch {row.batch}", "bold"), *[""] * 7)
        for each in row.footprints:
            ratio = row.ratio(each)
            style = "cyan" if each.name == OURS else ""
            imports, peak = each.median_imports_bytes, each.median_peak_bytes
            table.add_row(
                Text(f"  {each.name}", style),
                megabytes(peak),
                "" if each.predicted_bytes is None else megabytes(each.predicted_bytes),
                *map(megabytes, (imports, peak - imports, each.first_bytes)),
                "" if each.accuracy is None else f"{100 * each.accuracy:.1f} %",
                Text(times(ratio), "" if ratio is None else "green" if ratio >= row.least_ratio else "red"),
            )
        table.add_section()
    return [table]


def start_tables(rows: Sequence[Start], machine: Machine) -> list[RenderableType]:
    """One line a program."""
    table = new_table("", "Cold>", "Cached>", "Least>", "Most>", "Cache>")
    for row in rows:
        for each in row.launches:
            cold, cached = ("red" if late else "" for late in row.late(each))
            doubt = "?" * row.disturbed
            table.add_row(
                Text(program_name(row, each), "bold" if each.name == OURS else ""),
                Text(seconds(each.cold_seconds) + doubt * (each.cold_seconds is not None), cold),
                Text(seconds(each.median_seconds) + doubt, cached),
                seconds(min(each.cached_seconds)),
                seconds(max(each.cached_seconds)),
                f"{megabytes(each.cache_bytes)} MiB" if each.cache_bytes else "-",
            )
    return [table]


def outcome_of_memory(row: Memory) -> str:
    """A row in a few words."""
    ours, *peers = row.footprints
    return ", ".join([f"{megabytes(ours.median_peak_bytes)} MiB", *(f"{each.name} {times(row.ratio(each))} as much" for each in peers)])


def title_of_start(row: Start) -> str:
    """What a row is about."""
    return row.name if row.batch is None else f"{row.name}, batch {row.batch}"


def outcome_of_start(row: Start) -> str:
    """A row in a few words."""
    ours, *peers = row.launches
    told = [f"cold {seconds(ours.cold_seconds)}", f"cached {seconds(ours.median_seconds)}"]
    return ", ".join([*told, *(f"{each.name} {seconds(each.median_seconds)}" for each in peers)])


def program_name(row: Start, launch: Launch) -> str:
    """A line's name; a peer's includes the peer."""
    return title_of_start(row) if launch.name == OURS else f"  {launch.name}"


def megabytes(value: float) -> str:
    """MiB without the unit."""
    return three_digits(value / MEGABYTE)
