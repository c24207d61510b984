"""A trace as text: for a prompt, Markdown for notes, LaTeX for papers, HTML for notebooks."""

from __future__ import annotations

from collections.abc import Iterator

from minicnn.markup import shown, table
from minicnn.tables import aligned, latex_table, markdown_table
from minicnn.tracing.record import Row, Traced, Walk
from minicnn.tracing.sheet import Sheet, number, sheet, stands_alone, statement

MADE_BY = "made by minicnn trace"


def title(trace: Traced) -> str:
    """As in "lenet, conv2 (Conv2D, 5x5, padding 0): y[k=3, p=4, q=5] = -4.63492"."""
    settings = ", ".join((trace.kind, *trace.settings))
    where = trace.layer if trace.layer == trace.network else f"{trace.network}, {trace.layer}"
    return f"{where} ({settings}): {trace.name} = {number(trace.value)}"


def map_lines(walk: Walk) -> list[str]:
    """The index map with the numbers of this place put in, then those of the first tap that reads."""
    first: Row | None = next((row for part in walk.parts for row in part.rows if row.worked and row.kind != "skip"), None)
    lines = [",   ".join(walk.worked)] if walk.worked else []
    if first is not None and first.tap:
        lines.append(f"tap {', '.join(f'{letter}={n}' for letter, n in first.tap.items())}:   {',   '.join(first.worked)}")
    return lines


def verdict(trace: Traced) -> list[tuple[str, str]]:
    """The textbook's number, the engine's, and how far apart they may be."""
    digits = 17 if trace.dtype == "float64" else 9
    what = "moved from where it was" if not trace.walks else f"the last step, stored in {trace.dtype}"
    difference = (
        f"{trace.difference:.2g}, at most {trace.bound:.2g} by rounding = {trace.rule}" if trace.bound else f"{trace.difference:.2g}"
    )
    return [
        ("textbook loop", f"{trace.value:.{digits}g}   {what}"),
        ("fast engine", f"{trace.engine:.{digits}g}"),
        ("difference", difference if trace.holds else f"{difference}: MORE THAN ROUNDING EXPLAINS"),
    ]


def blocks(trace: Traced, whole: bool = True) -> Iterator[tuple[Walk, list[str | Sheet]]]:
    """Of every loop, its statements and sums in order."""
    for walk in trace.walks:
        own: list[str | Sheet] = []
        for part in walk.parts:
            if part.is_sum:
                own.append(sheet(part, walk, whole))
            elif stands_alone(part):
                own.append(statement(part.rows[0]))
        yield walk, own


def as_text(trace: Traced) -> str:
    """Plain text, long sums without their middle."""
    lines = [title(trace), *trace.notes, ""]
    for walk, own in blocks(trace, whole=False):
        lines += [*walk.formula.splitlines(), *map_lines(walk), ""]
        for each in own:
            if isinstance(each, str):
                lines += [each, ""]
                continue
            shown = [("...", *[""] * (len(each.header) - 2), f"{each.hidden} more") if line is None else line for line in each.lines]
            lines += [*(f"all rows: {word}" for word in each.constants), *aligned(each.header, each.sides, shown), ""]
    width = max(len(name) for name, _ in verdict(trace))
    return "\n".join([*lines, *(f"{name:{width}}  {words}" for name, words in verdict(trace))])


def as_markdown(trace: Traced) -> str:
    """A heading, and a table for every sum, with every step."""
    lines = [f"## {_escaped(title(trace))}", "", *(f"{note}." for note in trace.notes)]
    for walk, own in blocks(trace):
        lines += ["", "```", *walk.formula.splitlines(), *map_lines(walk), "```"]
        for each in own:
            if isinstance(each, str):
                lines += ["", f"`{each}`"]
                continue
            lines += ["", *(f"All rows: {_escaped(word)}" for word in each.constants)]
            lines += [*([""] if each.constants else []), *markdown_table(tuple(map(_escaped, each.header)), each.sides, _lines(each))]
    lines += ["", *(f"- {name}: {_escaped(words)}" for name, words in verdict(trace))]
    return "\n".join(lines)


def _escaped(text: str) -> str:
    return text.replace("*", r"\*")


def as_latex(trace: Traced) -> str:
    """A tabular for every sum, and one for the result; headings are comments."""
    lines = [f"% {title(trace)}; {MADE_BY}", *(f"% {note}" for note in trace.notes)]
    for walk, own in blocks(trace):
        lines += ["", *(f"% {line}" for line in (*walk.formula.splitlines(), *map_lines(walk)))]
        for each in own:
            if isinstance(each, str):
                lines.append(f"% {each}")
            else:
                notes = "".join(f"; {word}" for word in each.constants)
                lines += ["", latex_table(f"{each.header[-1]}{notes}; {MADE_BY}", each.header, each.sides, _lines(each))]
    lines += ["", latex_table(f"result; {MADE_BY}", ("", trace.name), "ll", verdict(trace))]
    return "\n".join(lines)


def as_html(trace: Traced) -> str:
    """Tables in a plain style that a notebook adapts, long sums without their middle."""
    parts = [f"<p><b>{shown(title(trace))}</b></p>", *(f"<p>{shown(note)}</p>" for note in trace.notes)]
    for walk, own in blocks(trace, whole=False):
        parts.append(f"<pre>{shown(chr(10).join((walk.formula, *map_lines(walk))))}</pre>")
        for each in own:
            if isinstance(each, str):
                parts.append(f"<pre>{shown(each)}</pre>")
                continue
            rows = [("...", *[""] * (len(each.header) - 2), f"{each.hidden} more") if line is None else line for line in each.lines]
            parts += [*(f"<p>all rows: {shown(word)}</p>" for word in each.constants), table(each.header, rows, [True] * len(each.header))]
    return "".join([*parts, table((), verdict(trace))])


def _lines(each: Sheet) -> list[tuple[str, ...]]:
    return [line for line in each.lines if line is not None]
