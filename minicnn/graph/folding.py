"""A summary with its inner blocks folded: one row for a block, with the sums over its layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from minicnn.graph.summary import Summary, SummaryRow

SUMMED = ("params", "buffers", "activation_bytes", "training_bytes", "layer_count")
COUNTED = ("macs", "useful_macs", "backward_macs", "connections")  # None if nothing inside is counted


def fold(summary: Summary, depth: int) -> Summary:
    """The same network with at most `depth` names in a row's name: "stage2.block1.conv1" has three.

    depth 1 leaves the outermost blocks, each in one row; depth 0 the whole network in one.  Sums and kinds stay as they are.
    """

    def shown(name: str) -> str:
        return ".".join(name.split(".")[:depth]) or summary.model

    groups = [(name, list(rows)) for name, rows in groupby(summary.layers, lambda row: shown(row.name))]
    return replace(
        summary,
        layers=tuple(
            _open(rows[0], shown) if [row.name for row in rows] == [name] else _closed(name, rows, shown) for name, rows in groups
        ),
    )


def _open(row: SummaryRow, shown: Callable[[str], str]) -> SummaryRow:
    """A layer that stays as it is, except that it may be fed by a block."""
    return replace(
        row,
        inputs=tuple(_shown_source(each, shown) for each in row.inputs),
        shared_with=shown(row.shared_with) if row.shared_with else None,
    )


def _shown_source(source: str, shown: Callable[[str], str]) -> str:
    return source if source == "input" else shown(source)


def _closed(name: str, rows: Sequence[SummaryRow], shown: Callable[[str], str]) -> SummaryRow:
    """One row for a block: what comes in from outside, what its last layer gives, and sums."""
    outside = {
        _shown_source(source, shown): shape
        for row in rows
        for source, shape in zip(row.inputs, row.input_shapes, strict=True)
        if _shown_source(source, shown) != name
    }
    sums: dict[str, Any] = {}
    for each in SUMMED:
        own = [getattr(row, each) for row in rows]
        sums[each] = None if None in own else sum(own)  # None where the input's size is free
    for each in COUNTED:
        counts = [getattr(row, each) for row in rows if getattr(row, each) is not None]
        sums[each] = sum(counts) if counts else None
    homes = {shown(row.shared_with) for row in rows if row.shared_with} if not sums["params"] else set()
    return replace(
        rows[-1],
        name=name,
        type="Block",
        inputs=tuple(outside),
        input_shapes=tuple(outside.values()),
        kernel=None,
        stride=None,
        padding=None,
        dilation=None,
        groups=None,
        settings=(f"{sums['layer_count']} layers",),
        params_formula=None,
        shared_with=" and ".join(sorted(homes)) or None,
        **sums,
    )
