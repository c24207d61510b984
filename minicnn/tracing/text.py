"""A trace as text: for a prompt, Markdown for notes, LaTeX for papers, HTML for notebooks."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from minicnn.tables import aligned, latex_table, markdown_table
from minicnn.tracing.record import Row, TraceTable, Walk
from minicnn.tracing.sheet import Sheet, number, sheet, stands_alone, statement

MADE_BY = "made by minicnn trace"


def title(table: TraceTable) -> str:
    """As in "lenet, conv2 (Conv2D, 5x5, padding 0): y[k=3, p=4, q=5] = -4.63492"."""
    settings = ", ".join((table.kind, *table.settings))
    return f"{table.network}, {table.layer} ({settings}): {table.name} = {number(table.value)}"


def map_lines(walk: Walk) -> list[str]:
    """The index map with the numbers of this place put in, then those of the first tap that reads."""
    first: Row | None = next((row for part in walk.parts for row in part.rows if row.worked and row.kind != "skip"), None)
    lines = [",   ".join(walk.worked)] if walk.worked else []
    if first is not None and first.tap:
        lines.append(f"tap {', '.join(f'{letter}={n}' for letter, n in first.tap.items())}:   {',   '.join(first.worked)}")
    return lines


def verdict(table: TraceTable) -> list[tuple[str, str]]:
    """The textbook's number, the engine's, and how far apart they may be."""
    digits = 17 if table.dtype == "float64" else 9
    what = "moved from where it was" if not table.walks else f"the last partial sum, in {table.dtype}" if table.walks[-1].parts else ""
    difference = f"{table.difference:.2g}, at most {table.bound:.2g} by rounding = {table.rule}" if table.bound else f"{table.difference:.2g}"
    return [
        ("textbook loop", f"{table.value:.{digits}g}   {what}"),
        ("fast engine", f"{table.engine:.{digits}g}"),
        ("difference", difference if table.holds else f"{difference}: MORE THAN ROUNDING EXPLAINS"),
    ]


def blocks(table: TraceTable, whole: bool = True) -> Iterator[tuple[Walk, list[str | Sheet]]]:
    """Of every loop, its statements and sums in order."""
    for walk in table.walks:
        own: list[str | Sheet] = []
        for part in walk.parts:
            if part.is_sum:
                own.append(sheet(part, walk, whole))
            elif stands_alone(part):
                own.append(statement(part.rows[0]))
        yield walk, own


def as_text(table: TraceTable) -> str:
    """Plain text, long sums without their middle."""
    lines = [title(table), *table.notes, ""]
    for walk, own in blocks(table, whole=False):
        lines += [*walk.formula.splitlines(), *map_lines(walk), ""]
        for each in own:
            if isinstance(each, str):
                lines += [each, ""]
                continue
            shown = [("...", *[""] * (len(each.header) - 2), f"{each.hidden} more") if line is None else line for line in each.lines]
            lines += [*(f"all rows: {word}" for word in each.constants), *aligned(each.header, each.sides, shown), ""]
    width = max(len(name) for name, _ in verdict(table))
    return "\n".join([*lines, *(f"{name:{width}}  {words}" for name, words in verdict(table))])


def as_markdown(table: TraceTable) -> str:
    """A heading, and a table for every sum, with every step."""
    lines = [f"## {_escaped(title(table))}", "", *(f"{note}." for note in table.notes)]
    for walk, own in blocks(table):
        lines += ["", "```", *walk.formula.splitlines(), *map_lines(walk), "```"]
        for each in own:
            if isinstance(each, str):
                lines += ["", f"`{each}`"]
                continue
            lines += ["", *(f"All rows: {_escaped(word)}" for word in each.constants)]
            lines += [*([""] if each.constants else []), *markdown_table(tuple(map(_escaped, each.header)), each.sides, _lines(each))]
    lines += ["", *(f"- {name}: {_escaped(words)}" for name, words in verdict(table))]
    return "\n".join(lines)


def _escaped(text: str) -> str:
    return text.replace("*", r"\*")


def as_latex(table: TraceTable) -> str:
    """A tabular for every sum, and one for the result; headings are comments."""
    lines = [f"% {title(table)}; {MADE_BY}", *(f"% {note}" for note in table.notes)]
    for walk, own in blocks(table):
        lines += ["", *(f"% {line}" for line in (*walk.formula.splitlines(), *map_lines(walk)))]
        for each in own:
            if isinstance(each, str):
                lines.append(f"% {each}")
            else:
                notes = "".join(f"; {word}" for word in each.constants)
                lines += ["", latex_table(f"{each.header[-1]}{notes}; {MADE_BY}", each.header, each.sides, _lines(each))]
    lines += ["", latex_table(f"result; {MADE_BY}", ("", table.name), "ll", verdict(table))]
    return "\n".join(lines)


def as_html(table: TraceTable) -> str:
    """Tables in a plain style that a notebook adapts, long sums without their middle."""
    parts = [f"<p><b>{escape(title(table))}</b></p>", *(f"<p>{escape(note)}</p>" for note in table.notes)]
    for walk, own in blocks(table, whole=False):
        parts.append(f"<pre>{escape(chr(10).join((walk.formula, *map_lines(walk))))}</pre>")
        for each in own:
            if isinstance(each, str):
                parts.append(f"<pre>{escape(each)}</pre>")
                continue
            parts += [f"<p>all rows: {escape(word)}</p>" for word in each.constants]
            head = "".join(f"<th>{escape(word)}</th>" for word in each.header)
            rows = [
                f'<tr><td colspan="{len(each.header)}">... {each.hidden} more</td></tr>'
                if line is None
                else f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in line)}</tr>"
                for line in each.lines
            ]
            parts.append(f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>")
    result = "".join(f"<tr><th>{escape(name)}</th><td>{escape(words)}</td></tr>" for name, words in verdict(table))
    return "".join([*parts, f"<table>{result}</table>"])


def _lines(each: Sheet) -> list[tuple[str, ...]]:
    return [line for line in each.lines if line is not None]
