"""`minicnn draw NAME --out net.svg`: a network as a picture."""

from __future__ import annotations

from pathlib import Path

import click

from minicnn.cli import network_choice
from minicnn.cli.commands.summary import ImageShape
from minicnn.errors import SettingError


@click.command()
@click.argument("name")
@click.option("--out", metavar="FILE.svg", show_default="NAME.svg", help="Where to write the picture.")
@click.option("--input", "input_shape", type=ImageShape(), metavar="CxHxW", help="Input shape, as in 1x28x28.")
@click.option("--classes", type=click.IntRange(min=1), metavar="K", help="Number of classes.")
@click.option("--width", type=click.FloatRange(min=0, min_open=True), metavar="X", help="Multiply the number of filters, as in 0.25.")
@click.option("--depth", type=click.IntRange(min=0), metavar="N", help="Fold blocks nested deeper than N; 0 gives one box.")
def draw(
    name: str, out: str | None, input_shape: tuple[int, ...] | None, classes: int | None, width: float | None, depth: int | None
) -> None:
    """Draw a network as SVG: layers as boxes, connections as lines labelled with shapes, blocks as frames."""
    from minicnn.cli.render.draw import svg
    from minicnn.storage import atomic_write

    entry = network_choice.find(name)
    path = Path(out or f"{entry.name}.svg")
    if path.suffix.lower() not in ("", ".svg"):
        raise SettingError(f"draw: {path} does not end in .svg, but pictures are written as SVG\n  use {path.with_suffix('.svg')}")
    net = entry.build(classes, input_shape, width=width)
    with atomic_write(path, "w") as file:
        file.write(svg(net.topology, net.name, entry.source, depth))
    click.echo(f"{path}: {len(net.nodes)} layers")
