"""`minicnn draw NETWORK --out net.svg`: a network as a picture."""

from __future__ import annotations

from pathlib import Path

import click

from minicnn.cli import network_choice
from minicnn.cli.commands.summary import ImageShape
from minicnn.cli.mistakes import Choice
from minicnn.errors import SettingError

ENDINGS = ("", ".svg", ".png")


@click.command()
@click.argument("name", metavar="NETWORK|RUN|FILE")
@click.option("--out", metavar="FILE.svg|png", show_default="NAME.svg", help="Where to write the picture.")
@click.option("--input", "input_shape", type=ImageShape(), metavar="CxHxW", help="Input shape, as in 1x28x28.")
@click.option("--classes", type=click.IntRange(min=1), metavar="K", help="Number of classes.")
@click.option("--width", type=click.FloatRange(min=0, min_open=True), metavar="X", help="Multiply the number of filters, as in 0.25.")
@click.option(
    "--depth",
    type=click.IntRange(min=0),
    metavar="N",
    help="Fold blocks nested deeper than N; 0 gives one box; 1 in a U a box for each half of a level.",
)
@click.option("--direction", type=Choice(("down", "right")), show_default="down", help="Which way a plain picture runs.")
@click.option("--shape", type=Choice(("auto", "plain", "u")), default="auto", show_default=True, help="A U, as for a U-Net, or none.")
@click.option("--scale", is_flag=True, help="Boxes to scale, as in papers' figures: height by rows, width by channels.")
def draw(
    name: str,
    out: str | None,
    input_shape: tuple[int, ...] | None,
    classes: int | None,
    width: float | None,
    depth: int | None,
    direction: str | None,
    shape: str,
    scale: bool,
) -> None:
    """Draw a network: layers as boxes, connections as lines labelled with shapes, blocks as frames.

    NETWORK is one of 'minicnn zoo', a run folder, a .safetensors file of a network, or a Python file that defines `network`.
    """
    from minicnn.charts.files import write_svg
    from minicnn.cli.render.draw import Look, svg
    from minicnn.storage import atomic_write

    if shape == "u" and direction is not None:
        raise click.UsageError("--direction is for a plain picture: leave out --shape u")
    if scale and direction == "down":
        raise click.UsageError("--scale runs to the right: leave out --direction down")
    entry = network_choice.find(name)
    path = Path(out or f"{entry.name}.svg")
    if path.suffix.lower() not in ENDINGS:
        raise SettingError(f"draw: {path} does not end in .svg or .png\n  use {path.with_suffix('.svg')}")
    net = entry.build(classes, input_shape, width=width)
    text = svg(net.topology, net.name, entry.source, depth, Look(direction, shape, scale))
    if path.suffix:
        write_svg(path, text)
    else:
        with atomic_write(path, "w") as file:
            file.write(text)
    click.echo(f"{path}: {len(net.nodes)} layers")
