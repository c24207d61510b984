"""What a stress run found, as a table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from .campaign import KINDS
from .driver import Found, Stress, Tally

HEADINGS = ("campaign", "processes", "trials", "crashes", "hangs", "wrong", "tracebacks", "seconds")


def row(tally: Tally) -> tuple[str | int | float, ...]:
    """A campaign in the order of HEADINGS."""
    return tally.campaign.name, tally.processes, tally.trials, *(tally.faults[kind] for kind in KINDS), round(tally.seconds, 1)


def format_table(stress: Stress) -> str:
    """One line a campaign, the sum, and how long it took."""
    rows = [row(tally) for tally in stress.tallies]
    sums = ("in all", *(sum(column) for column in list(zip(*rows, strict=True))[1:]))
    return "\n".join([*lines([HEADINGS, *rows, sums]), f"{stress.seconds / 60:.1f} minutes"])


def lines(rows: Sequence[Sequence[str | int | float]]) -> Iterator[str]:
    """Rows as text: words to the left, numbers to the right."""
    cells = [[f"{cell:,.0f}" if isinstance(cell, (int, float)) else cell for cell in each] for each in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for first, *others in cells:
        yield "  ".join([first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))])


def format_progress(stress: Stress) -> str:
    """How far the run is, in a line."""
    trials, faults = sum(tally.trials for tally in stress.tallies), sum(tally.faults.total() for tally in stress.tallies)
    share = min(tally.share for tally in stress.tallies)
    return f"{stress.seconds / 60:.0f} minutes: {100 * share:.0f} % of a full run, {trials:,} trials, {faults:,} faults"


def format_json(stress: Stress) -> str:
    """All there is, faults with their details included."""
    found = [
        {"campaign": each.campaign, "kind": each.fault.kind, "times": each.times, "detail": each.fault.detail, "repeat": each.command}
        for each in stress.found
    ]
    return json.dumps(
        {
            "campaigns": [dict(zip(HEADINGS, row(tally), strict=True)) for tally in stress.tallies],
            "seconds": round(stress.seconds, 1),
            "faults": found,
        }
    )


def format_found(found: Found) -> str:
    """A fault as it is found: its kind, what was seen, the command that repeats it."""
    detail = "\n".join(f"  {line}" for line in found.fault.detail.splitlines())
    more = f", the first of {found.times:,}" if found.times > 1 else ""
    return f"{found.campaign}: {found.fault.kind}{more}\n{detail}\n  repeat: {found.command}"
