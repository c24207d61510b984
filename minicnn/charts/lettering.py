"""Text of an SVG: how wide it becomes, where it breaks, the element.  No font is at hand, so widths are those of common sans-serif ones."""

from __future__ import annotations

import unicodedata

from minicnn.markup import shown

NARROW, WIDE = frozenset("iljtfrI.,:;'|!()[] "), frozenset("mwMWQOGD@%&")
SHARE = {"narrow": 0.32, "usual": 0.57, "wide": 0.86, "full": 1.0}  # of the size
ELLIPSIS = "\u2026"


def width(text: str, size: float) -> float:
    """About as wide as text of a size becomes, in pixels."""
    return size * sum(SHARE[_kind(letter)] for letter in text)


def _kind(letter: str) -> str:
    if unicodedata.east_asian_width(letter) in "WF":
        return "full"
    return "narrow" if letter in NARROW else "wide" if letter in WIDE else "usual"


def cut(text: str, room: float, size: float) -> str:
    """Text that fits, its end left out if it does not."""
    if width(text, size) <= room:
        return text
    while text and width(text + ELLIPSIS, size) > room:
        text = text[:-1]
    return text.rstrip() + ELLIPSIS


def wrapped(text: str, room: float, size: float, most: int) -> list[str]:
    """Text in at most `most` lines that fit, broken between words; what is too long for the last is cut."""
    lines: list[str] = []
    words = text.split()
    while words and len(lines) < most:
        if len(lines) == most - 1:
            return [*lines, cut(" ".join(words), room, size)]
        line = [words.pop(0)]
        while words and width(" ".join([*line, words[0]]), size) <= room:
            line.append(words.pop(0))
        lines.append(cut(" ".join(line), room, size))
    return lines


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "start", turn: float = 0) -> str:
    """A line of text whose base line starts, has its middle or ends at x, y."""
    placed = f'x="{x:.1f}" y="{y:.1f}"' if not turn else f'transform="translate({x:.1f} {y:.1f}) rotate({turn:g})"'
    return f'<text class="mc-text{f" mc-{kind}" if kind else ""}" {placed} text-anchor="{anchor}">{shown(words)}</text>'
