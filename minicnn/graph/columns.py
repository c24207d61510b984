"""The columns that a table of a summary can have, each with its heading, its cell for a row, and its total."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import TYPE_CHECKING, NamedTuple

from minicnn.errors import SettingError, suggestion
from minicnn.graph.formats import count, field, memory, sizes

if TYPE_CHECKING:
    from minicnn.graph.summary import Summary, SummaryRow


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
    ("Field", "pixels of the input that one output sees, along each axis, borders ignored; none after flattening."),
    ("Activations", "4 bytes for every number that a layer outputs, for one image; in training all are kept for the backward pass."),
)


class Column(NamedTuple):
    """A column; `total` is None if a sum is meaningless, `right` aligns numbers."""

    heading: str
    cell: Callable[[SummaryRow], str]
    total: Callable[[Summary], str] | None = None
    right: bool = True


def formula(row: SummaryRow) -> str:
    """The formula of the parameters, "(5*5*1 + 1) * 6", or where they are counted, "shared with conv1"."""
    return row.params_formula or (f"shared with {row.shared_with}" if row.shared_with else "")


COLUMNS = {
    "operation": Column("operation", lambda row: row.type, right=False),  # the text: see `cells`
    "input": Column("input", lambda row: " ".join(sizes(shape) for shape in row.input_shapes), right=False),
    "output": Column("output", lambda row: sizes(row.output_shape), right=False),
    "params": Column("parameters", lambda row: count(row.params), lambda summary: count(summary.totals.params)),
    "formula": Column("formula", formula, right=False),
    "buffers": Column("buffers", lambda row: count(row.buffers), lambda summary: count(summary.totals.buffers)),
    "macs": Column("MACs", lambda row: count(row.macs), lambda summary: count(summary.totals.macs)),
    "useful": Column("useful MACs", lambda row: count(row.useful_macs), lambda summary: count(summary.totals.useful_macs)),
    "backward": Column("backward MACs", lambda row: count(row.backward_macs), lambda summary: count(summary.totals.backward_macs)),
    "connections": Column("connections", lambda row: count(row.connections), lambda summary: count(summary.totals.connections)),
    "activations": Column("activations", lambda row: memory(row.activation_bytes), lambda summary: memory(summary.totals.activation_bytes)),
    "training": Column(
        "training memory", lambda row: memory(row.training_bytes), lambda summary: memory(summary.training.activation_bytes)
    ),
    "field": Column("field", lambda row: field(row.receptive_field)),
    "jump": Column("jump", lambda row: field(row.jump)),
}
DEFAULT = ("operation", "output", "params", "formula", "macs", "field")


class Cells(NamedTuple):
    """A table as text: headings, which columns hold numbers, a line for every row, and the totals."""

    headings: tuple[str, ...]
    right: tuple[bool, ...]
    lines: tuple[tuple[str, ...], ...]
    totals: tuple[str, ...]


def chosen(text: str) -> tuple[str, ...]:
    """The columns that "operation,macs" or "all" names; a SettingError that lists them if one is unknown."""
    names = tuple(COLUMNS) if text.strip() == "all" else tuple(part.strip() for part in text.split(","))
    for name in names:
        if name not in COLUMNS:
            raise SettingError(f"there is no column called {name!r}{suggestion(name, COLUMNS)}\n  use all, or some of {', '.join(COLUMNS)}")
    return names


def cells(summary: Summary, columns: Sequence[str] = DEFAULT) -> Cells:
    """The table of these columns, the layers' names first."""
    picked = [COLUMNS[name] for name in columns]
    lines = []
    for row, words in zip(summary.layers, operations(summary), strict=True):
        lines.append((row.name, *(", ".join(words) if name == "operation" else COLUMNS[name].cell(row) for name in columns)))
    totals = ("total", *("" if column.total is None else column.total(summary) for column in picked))
    return Cells(("layer", *(column.heading for column in picked)), (False, *(column.right for column in picked)), tuple(lines), totals)


def operations(summary: Summary) -> list[tuple[str, ...]]:
    """What each layer does, in words: ("Conv2D 11x11", "stride 4").

    Left out: padding 0, the input if it is the line above, and the block if it is the line's own.
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
    """A layer's name without the blocks it shares with `name`: "block1.relu2"; in full if that would name another layer."""
    scope, parts = name.split(".")[:-1], source.split(".")
    shared = 0
    while shared < min(len(scope), len(parts) - 1) and scope[shared] == parts[shared]:
        shared += 1
    short = ".".join(parts[shared:])
    return source if short in names else short
