"""A summary as plain text: what `repr` shows, and the words that every other table of a summary uses too."""

from __future__ import annotations

from collections.abc import Container, Sequence

from minicnn.graph.summary import Summary, SummaryRow

NOT_COUNTED = "-"

WHAT_IS_COUNTED = (
    (
        "Parameters",
        "weights and biases: (window * input channels + 1 for the bias) * filters.  Running statistics of batch"
        " normalization and other constants are buffers, not parameters.",
    ),
    (
        "MACs",
        "multiplications of a weight by an activation in convolution and fully connected layers, for one image;"
        " taps on padding included, biases not.  FLOPs are twice that.  '-' is not counted, which is not 0.",
    ),
    ("Useful", "MACs without the taps that fall on padding: what a loop that skips them multiplies."),
    ("Backward", "MACs of the gradients of weight and input, counted as above; the first layer needs no gradient of its input."),
    ("Field", "pixels of the input that one output sees, along each axis, borders ignored; none once the map is flat, or upsampled."),
    ("Activations", "4 bytes for every number that a layer puts out, for one image; in training all are kept for the way back."),
)


def operations(summary: Summary) -> list[tuple[str, ...]]:
    """What each layer does, in words: ("Conv2D 11x11", "stride 4").

    Padding 0 goes without saying; so does where the input comes from, if it is the line above, and the block if it is the line's own.
    """
    lines = []
    above = ("input",)
    names = {row.name for row in summary.layers}
    for row in summary.layers:
        words = [word for word in row.settings if word != "padding 0"]
        first = f"{row.type} {words.pop(0)}" if row.kernel else row.type
        origin = [] if row.inputs == above else [f"from {' and '.join(_seen_from(row.name, each, names) for each in row.inputs)}"]
        lines.append((first, *words, *origin))
        above = (row.name,)
    return lines


def _seen_from(name: str, source: str, names: Container[str]) -> str:
    """A layer's name without the blocks that it shares with `name`: "block1.relu2"; whole where that would name another layer."""
    scope, parts = name.split(".")[:-1], source.split(".")
    shared = 0
    while shared < min(len(scope), len(parts) - 1) and scope[shared] == parts[shared]:
        shared += 1
    short = ".".join(parts[shared:])
    return source if short in names else short


def sizes(values: Sequence[int] | None) -> str:
    """A shape in a table: "96x55x55"."""
    return NOT_COUNTED if values is None else "x".join(str(value) for value in values)


def count(value: int | None) -> str:
    """A count in a table: "34,944"."""
    return NOT_COUNTED if value is None else f"{value:,}"


def formula(row: SummaryRow) -> str:
    """How the parameters come about: "(5*5*1 + 1) * 6", or where they are counted: "shared with conv1"."""
    return row.params_formula or (f"shared with {row.shared_with}" if row.shared_with else "")


def field(values: Sequence[int] | None) -> str:
    """A receptive field: one number where all axes agree."""
    return str(values[0]) if values and len(set(values)) == 1 else sizes(values)


def memory(size_bytes: int) -> str:
    """A size for people: "237.9 MiB"."""
    amount, unit = float(size_bytes), "bytes"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if amount < 1024:
            break
        amount, unit = amount / 1024, larger
    return f"{amount:,.0f} bytes" if unit == "bytes" else f"{amount:,.1f} {unit}"


def percent(part: int | None, whole: int) -> str:
    """A share: "94.0 %"."""
    return f"{100 * part / whole:.1f} %" if whole and part is not None else NOT_COUNTED


def plain_table(summary: Summary) -> str:
    """The whole summary in monospaced text."""
    totals = summary.totals
    lines = [f"{summary.model}, input {sizes(summary.input_shape)}"]
    rows = [("layer", "operation", "output", "parameters", "formula", "MACs", "field")]
    rows += [
        (row.name, ", ".join(words), sizes(row.output_shape), count(row.params), formula(row), count(row.macs), field(row.receptive_field))
        for row, words in zip(summary.layers, operations(summary), strict=True)
    ]
    rows.append(("total", "", "", count(totals.params), "", count(totals.macs), ""))
    lines += aligned(rows, right=(3, 5, 6))
    lines += [
        f"{share.kind}: {count(share.params)} parameters ({percent(share.params, totals.params)}),"
        f" {count(share.macs)} MACs ({percent(share.macs, totals.macs)})"
        for share in summary.by_kind
    ]
    lines += [not_counted(summary)] if summary.uncounted else []
    return "\n".join(lines)


def not_counted(summary: Summary) -> str:
    """The operations that are in no sum: "not counted: 7 ReLU, 3 MaxPool2D"."""
    return f"not counted: {', '.join(f'{each.layers} {each.type}' for each in summary.uncounted)}"


def aligned(rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> list[str]:
    """Cells in columns, the numbers of the columns in `right` to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
