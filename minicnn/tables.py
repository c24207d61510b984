"""Tables as text: aligned columns, Markdown for notes, LaTeX for papers."""

from __future__ import annotations

from collections.abc import Sequence

Line = Sequence[str]


def aligned(header: Line, sides: str, rows: Sequence[Line]) -> list[str]:
    """Columns two blanks apart, the header above."""
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    return ["  ".join(_padded(row, sides, widths)).rstrip() for row in [header, *rows]]


def markdown_table(header: Line, sides: str, rows: Sequence[Line]) -> list[str]:
    """Columns padded to one width, readable as plain text too."""
    widths = [max(3, *(len(row[column]) for row in [header, *rows])) for column in range(len(header))]
    rule = [":" + "-" * (width - 1) if side == "l" else "-" * (width - 1) + ":" for side, width in zip(sides, widths, strict=True)]
    return [f"| {' | '.join(each)} |" for each in (_padded(header, sides, widths), rule, *(_padded(row, sides, widths) for row in rows))]


def _padded(cells: Line, sides: str, widths: Sequence[int]) -> list[str]:
    return [cell.ljust(width) if side == "l" else cell.rjust(width) for cell, side, width in zip(cells, sides, widths, strict=True)]


def latex_table(title: str, header: Line, sides: str, rows: Sequence[Line], totals: Line = ()) -> str:
    """A tabular with lines around its header and its totals; the title is a comment."""

    def line(parts: Line) -> str:
        return f"  {' & '.join(map(latex_text, parts))} \\\\"

    return "\n".join(
        [
            f"% {title}",
            rf"\begin{{tabular}}{{{sides}}}",
            r"  \hline",
            line(header),
            r"  \hline",
            *map(line, rows),
            *([r"  \hline", line(totals)] if totals else []),
            r"  \hline",
            r"\end{tabular}",
        ]
    )


def latex_text(text: str) -> str:
    """A cell with LaTeX's special characters escaped; formulas keep their stars."""
    return "".join("\\" + letter if letter in "%&_#${}" else letter for letter in text)
