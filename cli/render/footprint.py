"""The memory of a process that trains a network or uses it, part by part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from minicnn.cli.render.console import print_whole
from minicnn.cli.render.summary import table_of
from minicnn.graph.formats import count, memory

PARTS = (
    ("parameter_bytes", "parameters", ""),
    ("gradient_bytes", "their gradients", "one set for each group of images"),
    ("state_bytes", "the optimizer's", ""),
    ("common_bytes", "transformed filters", "and statistics of batches"),
    ("activation_bytes", "activations", "and their gradients, most at once"),
    ("image_bytes", "images", "one batch; data sets are extra"),
    ("process_bytes", "the process", "200 MiB more while it compiles"),
    ("total_bytes", "together", ""),
)


def print_footprints(console: Console, names: Sequence[str], found: Sequence[Mapping[str, Any]]) -> None:
    """A table for each network."""
    for name, own in zip(names, found, strict=True):
        console.print()
        if "unknown" in own:
            console.print(Text(f"Memory of a process for {name}: {own['unknown']}", "yellow"), soft_wrap=True)
            continue
        training, inference = own["training"], own["inference"]
        images = f"{count(training['batch'])} image{'s' * (training['batch'] > 1)}"
        table = table_of(f"{name}, {images}", "Training>", "Inference>", "")
        for part, words, note in PARTS:
            numbers = [memory(each[part]) if each[part] else "" for each in (training, inference)]
            style = "bold" if part == "total_bytes" else ""
            note = training["optimizer"] if part == "state_bytes" else note
            table.add_row(Text(words, style), *(Text(each, style) for each in numbers), Text(note, "dim"))
        print_whole(console, table)
        console.print(Text(f"Memory of a process with {training['threads']} threads, as its plan has it.", "dim"), soft_wrap=True)
