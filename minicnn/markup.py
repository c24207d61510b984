"""Text and tables as HTML: everything that comes from a file, a name or a user is escaped here."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape


def shown(words: object) -> str:
    """Text as it stands in HTML, SVG and their attributes: escaped, and without characters that these have no place for."""
    return escape("".join(letter if _has_place(letter) else "\ufffd" for letter in str(words)))


def _has_place(letter: str) -> bool:
    """XML 1.0, section 2.2; control characters from 0x7f on are discouraged there."""
    code = ord(letter)
    return letter in "\t\n\r" or 0x20 <= code < 0x7F or 0xA0 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or code >= 0x10000


def table(
    head: Sequence[object],
    rows: Sequence[Sequence[object]],
    right: Sequence[bool] = (),
    caption: str = "",
    foot: Sequence[object] = (),
) -> str:
    """A table whose rows begin with what they are about; those columns marked in `right` hold numbers.

    >>> table(("layer", "parameters"), [("conv1", "156")], (False, True))
    '<table><thead><tr><th scope="col">layer</th><th scope="col" style="text-align:right">parameters</th></tr></thead><tbody><tr>\
<th scope="row" style="text-align:left">conv1</th><td style="text-align:right">156</td></tr></tbody></table>'
    """
    sides = [*right, *[False] * (max(len(head), *map(len, rows), 1) - len(right))] if rows else [*right, *[False] * len(head)]

    def line(cells: Sequence[object]) -> str:
        first, *others = cells or ("",)
        own = f'<th scope="row" style="text-align:{"right" if sides[0] else "left"}">{shown(first)}</th>'
        return own + "".join(f"<td{_aligned(side)}>{shown(cell)}</td>" for cell, side in zip(others, sides[1:], strict=False))

    heads = "".join(f'<th scope="col"{_aligned(side)}>{shown(cell)}</th>' for cell, side in zip(head, sides, strict=False))
    return (
        "<table>"
        + (f"<caption>{shown(caption)}</caption>" if caption else "")
        + (f"<thead><tr>{heads}</tr></thead>" if head else "")
        + f"<tbody>{''.join(f'<tr>{line(row)}</tr>' for row in rows)}</tbody>"
        + (f"<tfoot><tr>{line(foot)}</tr></tfoot>" if foot else "")
        + "</table>"
    )


def _aligned(right: bool) -> str:
    return ' style="text-align:right"' if right else ""
