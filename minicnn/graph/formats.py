"""Numbers as every table writes them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

NOT_COUNTED = "-"


def sizes(values: Sequence[int | Fraction | None] | None) -> str:
    """A shape in a table: "96x55x55", a free axis as "?"."""
    return NOT_COUNTED if values is None else "x".join("?" if value is None else str(value) for value in values)


def count(value: int | None) -> str:
    """A count in a table: "34,944"."""
    return NOT_COUNTED if value is None else f"{value:,}"


def field(values: Sequence[int | Fraction] | None) -> str:
    """A receptive field or a jump: one number where all axes agree, "1/2" for a fraction."""
    return str(values[0]) if values and len(set(values)) == 1 else sizes(values)


def memory(size_bytes: int | None) -> str:
    """A size for people: "237.9 MiB"."""
    if size_bytes is None:
        return NOT_COUNTED
    amount, unit = float(size_bytes), "bytes"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if amount < 1024:
            break
        amount, unit = amount / 1024, larger
    return f"{amount:,.0f} bytes" if unit == "bytes" else f"{amount:,.1f} {unit}"


def percent(part: int | None, whole: int | None) -> str:
    """A share: "94.0 %"."""
    return f"{100 * part / whole:.1f} %" if whole and part is not None else NOT_COUNTED
